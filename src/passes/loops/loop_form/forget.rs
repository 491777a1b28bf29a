//! Plain loops with many paths, for kernels without callbacks: the verifier forgets in each iteration what the loop
//! changes.
//!
//! Two paths through an iteration that leave different numbers are two states to the verifier, and each iteration
//! doubles them. With these numbers unknown at the start of an iteration there is one state per iteration.

use super::NAME;
use crate::ir::ops::KsStore;
use crate::ir::{Builder, Exit, Function, OpId, Opcode, Path, RegionId, Value};
use crate::passes::analysis;
use crate::passes::verifier::unknown_values::{FOLLOWED, forget_part, written_places};
use crate::types::{Ty, TyKind, Types};
use std::collections::HashSet;

/// The variables that a body writes and that can be forgotten: of nothing but integers and text.
pub fn variables(func: &Function, types: &Types, body: RegionId) -> HashSet<OpId> {
    let written = written_places(func, types, body).into_iter().map(|path| path.variable);
    written.filter(|&variable| forgettable(func, types, variable)).filter_map(|variable| func.def(variable)).collect()
}

fn forgettable(func: &Function, types: &Types, variable: Value) -> bool {
    let is_variable = func.def(variable).is_some_and(|op| func.ops[op].opcode == Opcode::KsVar);
    let TyKind::Place { of, .. } = types.kind(func.ty(variable)) else { return false };
    is_variable && types.is_plain(of) && Path::of(func, types, variable).integers(func, types, FOLLOWED).is_some()
}

/// Whether each iteration that another one follows ends with a write to the variable that stores a value from memory outside of the stack,
/// which the verifier does not know.
fn ends_unknown(func: &Function, body: RegionId, variable: Value) -> bool {
    let goes_on = |(_, exit): &(OpId, Exit)| *exit == Exit::Continue;
    !func.exits(body).iter().any(goes_on) && stores_unknown(func, body, variable)
}

fn stores_unknown(func: &Function, region: RegionId, variable: Value) -> bool {
    let ops = &func.blocks[func.only_block(region)].ops;
    let Some(last) = ops.backwards(ops.len()).find(|&op| may_write(func, op, variable)) else { return false };
    let data = &func.ops[last];
    if data.opcode == Opcode::KsStore {
        let view = KsStore::of(data);
        return view.place() == variable && is_from_memory(func, view.value());
    }
    // The other regions of a branch leave the loop.
    let mut on = data.regions.iter().filter(|&&inner| func.ends_in_yield(inner));
    matches!(data.opcode, Opcode::KsIf | Opcode::KsMatch) && on.all(|&inner| stores_unknown(func, inner, variable))
}

/// Whether an op, or one inside it, writes a variable or takes its address.
fn may_write(func: &Function, op: OpId, variable: Value) -> bool {
    let mut ops = vec![op];
    func.ops[op].regions.iter().for_each(|&region| func.walk_region(region, &mut ops));
    ops.into_iter().map(|op| &func.ops[op]).any(|data| {
        let writes = |index: usize| data.may_write(index) || data.opcode == Opcode::KsAddr;
        data.operands.iter().enumerate().any(|(index, &place)| {
            writes(index) && analysis::root(func, place).is_some_and(|root| Some(root) == func.def(variable))
        })
    })
}

fn is_from_memory(func: &Function, value: Value) -> bool {
    let Some(data) = func.def(value).map(|op| &func.ops[op]) else { return false };
    if data.opcode == Opcode::ArithCast {
        return is_from_memory(func, data.operands[0]);
    }
    let root = (data.opcode == Opcode::KsLoad).then(|| analysis::root(func, data.operands[0])).flatten();
    root.is_some_and(|root| func.ops[root].opcode == Opcode::KsDeref)
}

/// Forgets before each iteration, and what is read later also after the last, and where control goes on after a block around the
/// loop.
pub fn forget(func: &mut Function, types: &mut Types, op: OpId) {
    let body = func.ops[op].regions[0];
    let variables = variables(func, types, body);
    let mut parts: Vec<(Path, Ty)> = Vec::new();
    for whole in written_places(func, types, body) {
        let forgotten = func.def(whole.variable).is_some_and(|def| variables.contains(&def));
        if !forgotten || ends_unknown(func, body, whole.variable) {
            continue;
        }
        for part in whole.integers(func, types, FOLLOWED).unwrap_or_default() {
            if part.1 != Ty::BOOL && !parts.contains(&part) && part.0.is_written_before(func, types, op) {
                parts.push(part);
            }
        }
    }
    let block = func.only_block(body);
    let Some(&first) = func.blocks[block].ops.first() else { crate::bug!("a region without an end") };
    let around = &func.blocks[func.ops[op].block].ops;
    let Some(&next) = around.iter().skip_while(|&&other| other != op).nth(1) else { crate::bug!("a loop at an end") };
    let leaves = func.exits(body).into_iter().filter(|(_, exit)| matches!(exit, Exit::Leave(_))).map(|(end, _)| end);
    let later: Vec<(Path, Ty)> =
        parts.iter().filter(|(path, _)| analysis::read_behind(func, op, path.variable)).cloned().collect();
    let ends: Vec<(OpId, &[(Path, Ty)])> =
        [(first, &parts[..])].into_iter().chain([next].into_iter().chain(leaves).map(|at| (at, &later[..]))).collect();
    for (at, parts) in ends {
        let mut b = Builder::before(func, at, NAME);
        for part in parts {
            forget_part(&mut b, types, part);
        }
    }
}
