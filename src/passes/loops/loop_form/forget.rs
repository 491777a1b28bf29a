//! Plain loops with many paths, for kernels without callbacks: the verifier forgets in each iteration what the loop
//! changes.
//!
//! Two paths through an iteration that leave different numbers are two states to the verifier, and each iteration
//! doubles them. With these numbers unknown at the start of an iteration there is one state per iteration.

use super::body::Body;
use super::{Changed, NAME};
use crate::ir::ops::KsStore;
use crate::ir::{Builder, Exit, Function, OpData, OpId, Opcode, Path, RegionId, Value};
use crate::passes::analysis;
use crate::passes::verifier::unknown_values::{FOLLOWED, forget_part, forgotten, written_places};
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

/// Forgets the numbers that an iteration may leave to the next one, before each; and those that are read later, after the last and where
/// control goes on after a block around the loop.
pub fn forget(func: &mut Function, types: &mut Types, op: OpId) {
    let mut parts = written_parts(func, types, op);
    let body = func.ops[op].regions[0];
    let block = func.only_block(body);
    let Some(&first) = func.blocks[block].ops.first() else { crate::bug!("a region without an end") };
    let written = written_by(func, types, body, &parts);
    parts.retain(|(path, _)| written.carried.contains(&path.variable) || written.differing.contains(&path.variable));
    let (later, ends) = behind(func, op, &parts);
    parts.retain(|(path, _)| written.carried.contains(&path.variable));
    forget_at(func, types, first, &parts);
    ends.into_iter().for_each(|at| forget_at(func, types, at, &later));
}

/// The variables that a body writes.
#[derive(Default)]
struct Written {
    /// By an iteration that another one may follow.
    carried: HashSet<Value>,
    /// A value that may be another one in each iteration, and that the verifier may know: neither a constant nor one from memory.
    differing: HashSet<Value>,
}

fn written_by(func: &Function, types: &Types, region: RegionId, parts: &[(Path, Ty)]) -> Written {
    let body = Body::of(func, types, region);
    let variables: HashSet<Value> = parts.iter().map(|(path, _)| path.variable).collect();
    let mut written = Written::default();
    for &op in &body.ops {
        let data = &func.ops[op];
        for (index, &place) in data.operands.iter().enumerate() {
            let variable = Path::of(func, types, place).variable;
            let writes = data.may_write(index) || data.opcode == Opcode::KsAddr;
            if !writes || !variables.contains(&variable) {
                continue;
            }
            if data.opcode == Opcode::KsAddr || body.goes_on_behind(op) {
                written.carried.insert(variable);
            }
            let stored = (data.opcode == Opcode::KsStore).then(|| KsStore::of(data).value());
            if !stored.is_some_and(|value| func.known(types, value).is_some() || is_from_memory(func, value)) {
                written.differing.insert(variable);
            }
        }
    }
    written
}

/// Forgets only behind the loop what is read there, so that the verifier walks the rest once, not once for each iteration in which the
/// loop may have been left.
pub fn forget_behind(func: &mut Function, types: &mut Types, op: OpId) {
    let (later, ends) = behind(func, op, &written_parts(func, types, op));
    ends.into_iter().for_each(|at| forget_at(func, types, at, &later));
}

/// The integers that a loop writes, of variables that can be forgotten and have a value before it.
fn written_parts(func: &Function, types: &Types, op: OpId) -> Vec<(Path, Ty)> {
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
    parts
}

/// The integers of all variables that can be forgotten and have a value before an op. What passes note in variables of their own decides
/// which paths there are, as whether a reference is held.
pub fn variables_of(func: &Function, types: &Types, op: OpId) -> Vec<(Path, Ty)> {
    let by_user = |data: &OpData| data.opcode == Opcode::KsVar && data.loc.made_by.is_none();
    let all = func.walk().into_iter().filter(|&op| by_user(&func.ops[op]));
    let mut parts = Vec::new();
    for variable in all.map(|op| func.ops[op].results[0]).filter(|&variable| forgettable(func, types, variable)) {
        let integers = Path::of(func, types, variable).integers(func, types, FOLLOWED).unwrap_or_default();
        parts.extend(
            integers.into_iter().filter(|(path, ty)| *ty != Ty::BOOL && path.is_written_before(func, types, op)),
        );
    }
    parts
}

/// The parts that are read behind a loop, and the ops before which they are forgotten: the next one, and the exits to behind a block around
/// the loop.
fn behind(func: &Function, op: OpId, parts: &[(Path, Ty)]) -> (Vec<(Path, Ty)>, Vec<OpId>) {
    let around = &func.blocks[func.ops[op].block].ops;
    let Some(&next) = around.iter().skip_while(|&&other| other != op).nth(1) else { crate::bug!("a loop at an end") };
    let exits = func.exits(func.ops[op].regions[0]).into_iter();
    let leaves = exits.filter(|(_, exit)| matches!(exit, Exit::Leave(_))).map(|(end, _)| end);
    let later = parts.iter().filter(|(path, _)| analysis::read_behind(func, op, path.variable)).cloned().collect();
    (later, [next].into_iter().chain(leaves).collect())
}

/// Makes these integers of variables unknown before an op.
pub fn forget_at(func: &mut Function, types: &mut Types, at: OpId, parts: &[(Path, Ty)]) {
    let mut b = Builder::before(func, at, NAME);
    for part in parts {
        forget_part(&mut b, types, part);
    }
}

/// Forgets the numbers that are returned from inside of plain loops: the verifier walks what follows the call for each of them otherwise.
pub fn forget_returned(func: &mut Function, types: &Types) -> Changed {
    let in_loop = |&op: &OpId| {
        let data = &func.ops[op];
        let of_loop = |value: &Value| {
            types.as_int(func.ty(*value)).is_some()
                && func.known(types, *value).is_none()
                && !is_from_memory(func, *value)
        };
        data.opcode == Opcode::KsReturn
            && data.operands.first().is_some_and(of_loop)
            && func.loops(op).any(|around| func.ops[around].opcode == Opcode::KsFor)
    };
    let returns: Vec<OpId> = func.walk().into_iter().filter(in_loop).collect();
    for &op in &returns {
        let returned = func.ops[op].operands[0];
        let value = forgotten(&mut Builder::before(func, op, NAME), returned);
        func.ops[op].operands[0] = value;
    }
    if returns.is_empty() { Changed::No } else { Changed::Yes }
}
