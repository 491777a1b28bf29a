//! `callback-writes`: makes unknown what callbacks change on the stack, for kernels that walk a callback once.
//!
//! Before 6.7 (commit ab5cfac139ab, "verify callbacks as if they are called unknown number of times") the verifier
//! walks a callback with the state before the first iteration, goes on after the loop with the state after that
//! iteration, and prunes what it takes for dead. So what iterations change must be unknown when the loop begins, and
//! again after it, since the loop may run no iteration, or others than the one that the verifier saw.
//!
//! - Variables that a body writes itself: around the loop. `outline` hides single integers before the loop for every kernel.
//! - Where a body writes through pointers, or calls functions that do, it may reach any variable whose address is taken, of
//!   its function or of those around. Its owner makes such a variable unknown around the loop, and around calls of functions
//!   that have such loops. What any function writes through a pointer is unknown at once.
//!
//! Runs over structured control flow, before `outline` takes the loops; makes `mem.unknown`.

mod reached;

use super::unknown_values::FOLLOWED;
use super::{Because, Changed, Pass, Run};
use crate::ir::ops::KsAddr;
use crate::ir::{Builder, Function, Module, OpId, Opcode, Path};
use crate::passes::analysis;
use crate::session::Session;
use crate::tables::workarounds;
use crate::types::{Ty, TyKind, Types};
use reached::Reached;
use std::collections::{BTreeSet, HashMap, HashSet};

const NAME: &str = "callback-writes";
pub static PASS: Pass = Pass {
    name: NAME,
    summary: "Make unknown what callbacks change, for old kernels",
    after: &[("iterators", "takes the loops that become no callbacks")],
    before: &[("outline", "takes the loops, and this pass looks at their structure")],
    because: Because::Verifier(&[workarounds::CALLBACK_WRITES]),
    run: Run::Module(run),
};

fn run(module: &mut Module, cx: &mut Session) -> Changed {
    let reached = Reached::of(module, &cx.types);
    let mut changed = Changed::No;
    for at in 0..module.funcs.len() {
        let plan = plan(module, &cx.types, at, &reached);
        for (before, path) in plan {
            let mut b = Builder::before(&mut module.funcs[at], before, NAME);
            let place = path.place(&mut b, &mut cx.types, path.variable);
            b.mem_unknown(place);
            changed = Changed::Yes;
        }
    }
    changed
}

/// An op before which a place is to become unknown.
type Plan = (OpId, Path);

fn plan(module: &Module, types: &Types, at: usize, reached: &Reached) -> Vec<Plan> {
    let func = &module.funcs[at];
    let (addressed, following) = (addressed(func, types), following(func));
    let ops = func.walk();
    // That of the text, so that nothing depends on which pass made a variable.
    let order: HashMap<OpId, usize> = ops.iter().enumerate().map(|(at, &op)| (op, at)).collect();
    let mut plan = Vec::new();
    for op in ops {
        // The end of a block is no loop, and writes nothing.
        let Some(&next) = following.get(&op) else { continue };
        let (mut before, mut after) = (BTreeSet::new(), BTreeSet::new());
        if is_callback(func, op) {
            after = own_written(func, types, op);
            before.extend(after.iter().filter(|path| !is_hidden(func, types, path)).cloned());
        }
        if reached.reaches(module, at, op) {
            before.extend(addressed.iter().cloned());
            after.extend(addressed.iter().cloned());
        }
        let mut add = |at: OpId, path: &Path| {
            if !analysis::may_be_on_stack(func, types, path.variable) {
                return;
            }
            plan.extend(path.plain_parts(func, types).into_iter().map(|part| (at, part)));
        };
        for (at, paths) in [(op, before), (next, after)] {
            let mut paths: Vec<Path> =
                paths.into_iter().filter(|path| path.is_written_before(func, types, op)).collect();
            paths.sort_by_key(|path| func.def(path.variable).and_then(|def| order.get(&def)));
            paths.iter().for_each(|path| add(at, path));
        }
        if reached.any
            && !reached::stores_unknown(func, op)
            && let Some(place) = reached::written_through(func, types, op)
        {
            add(next, &Path::whole(place));
        }
    }
    plan
}

/// For each op the one after it in its block.
fn following(func: &Function) -> HashMap<OpId, OpId> {
    func.blocks
        .iter()
        .flat_map(|(_, block)| block.ops.iter().zip(block.ops.iter().skip(1)).map(|(op, next)| (*op, *next)))
        .collect()
}

fn is_callback(func: &Function, op: OpId) -> bool {
    matches!(func.ops[op].opcode, Opcode::BpfRepeat | Opcode::BpfWalk)
}

/// Variables of the function whose addresses are taken, or their fields.
fn addressed(func: &Function, types: &Types) -> BTreeSet<Path> {
    let addresses = func.walk().into_iter().map(|op| &func.ops[op]).filter(|data| data.opcode == Opcode::KsAddr);
    let paths = addresses.map(|data| Path::outermost(func, types, KsAddr::of(data).place()));
    paths.filter(|path| is_variable(func, path)).collect()
}

/// Variables from around a loop, or their fields, that its body writes, or whose address it takes.
fn own_written(func: &Function, types: &Types, op: OpId) -> BTreeSet<Path> {
    let mut inside = Vec::new();
    func.walk_region(func.ops[op].regions[0], &mut inside);
    let made: HashSet<OpId> = inside.iter().copied().collect();
    let written = inside.iter().flat_map(|&op| {
        let data = &func.ops[op];
        let writes = move |index: usize| data.may_write(index) || data.opcode == Opcode::KsAddr;
        let places = data.operands.iter().enumerate().filter(move |&(index, _)| writes(index));
        places.map(|(_, &place)| Path::outermost(func, types, place))
    });
    let is_outside = |path: &Path| func.def(path.variable).is_some_and(|def| !made.contains(&def));
    written.filter(|path| is_variable(func, path) && is_outside(path)).collect()
}

fn is_variable(func: &Function, path: &Path) -> bool {
    func.def(path.variable).is_some_and(|def| func.ops[def].opcode == Opcode::KsVar)
}

/// Whether `outline` hides all of it, integer by integer. It leaves arrays alone, where the verifier knows zeros.
fn is_hidden(func: &Function, types: &Types, path: &Path) -> bool {
    let Some(ty) = path.ty(func, types) else { return false };
    path.integers(func, types, FOLLOWED).is_some() && is_of_integers(types, ty)
}

fn is_of_integers(types: &Types, ty: Ty) -> bool {
    if let TyKind::Struct(id) = types.kind(ty) {
        return types.struct_def(id).fields.iter().all(|field| field.bits.is_none() && is_of_integers(types, field.ty));
    }
    ty == Ty::BOOL || types.as_int(ty).is_some()
}
