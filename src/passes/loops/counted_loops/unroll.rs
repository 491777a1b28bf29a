//! Short loops as their iterations one after the other, where an access needs an index that is constant.
//!
//! The verifier follows accesses to packets, and to arrays of pointers, at constant offsets alone. By the index of a loop they would have a
//! branch for each element in each iteration.

use super::NAME;
use crate::ir::ops::{KsFor, KsIf};
use crate::ir::{Attr, Builder, Exit, Function, Loc, OpId, Opcode, RegionId, clone};
use crate::passes::analysis::pointees::Pointees;
use crate::passes::constants;
use crate::passes::loops::loop_form::is_of_index;
use crate::passes::verifier::elements;
use crate::types::Types;
use std::collections::HashMap;

/// The most iterations of such a loop, and the most operations in all of them.
const ITERATIONS: i128 = 16;
const OPS: usize = 1024;

/// Unrolls the loops of a function that need it, inner ones first. True if there were any.
pub fn unroll(func: &mut Function, types: &Types, pointees: &Pointees) -> bool {
    let mut any = false;
    while let Some((op, indexes)) = find(func, types, pointees) {
        expand(func, types, op, &indexes);
        any = true;
    }
    any
}

/// The last loop in the text, so one with no such loop inside, and the numbers of its range.
fn find(func: &Function, types: &Types, pointees: &Pointees) -> Option<(OpId, Vec<i128>)> {
    let loops = func.walk().into_iter().rev().filter(|&op| func.ops[op].opcode == Opcode::KsFor);
    loops.filter_map(|op| Some((op, numbers(func, types, op)?))).find(|(op, _)| {
        let mut ops = Vec::new();
        func.walk_region(KsFor::of(&func.ops[*op]).body_region(), &mut ops);
        let repeated = |&op: &OpId| elements::repeated_index(func, types, pointees, op);
        ops.iter().filter_map(repeated).any(|index| is_of_index(func, types, index))
    })
}

fn numbers(func: &Function, types: &Types, op: OpId) -> Option<Vec<i128>> {
    let view = KsFor::of(&func.ops[op]);
    let (low, high) = (func.known(types, view.low())?, func.known(types, view.high())?);
    let count = high - low + i128::from(view.inclusive());
    let mut ops = Vec::new();
    func.walk_region(view.body_region(), &mut ops);
    let all = ops.len().saturating_mul(usize::try_from(count).ok()?);
    (count <= ITERATIONS && all <= OPS).then(|| (low..low + count).collect())
}

/// Puts a copy of the body for each number in the place of the loop. Where the body has exits of its own, each copy is a block, and all
/// are in one: `ks.continue` leaves the inner one, `ks.break` the outer one.
fn expand(func: &mut Function, types: &Types, op: OpId, indexes: &[i128]) {
    let view = KsFor::of(&func.ops[op]);
    let (body, ty) = (view.body_region(), func.ty(view.low()));
    let loc = func.ops[op].loc;
    let blocks = leave_blocks(func, op, body);
    let mut b = Builder::before(func, op, NAME);
    let (all, all_block) = b.region(&[]);
    let whole = b.ks_block(vec![all]);
    for &index in indexes {
        let copy = clone::region_of(func, body);
        let mut b = Builder::at_end(func, all_block, Loc { made_by: Some(NAME), ..loc });
        let number = b.ks_const(index, ty);
        let args = b.func.blocks[b.func.only_block(copy)].args.clone();
        let single = b.ks_block(vec![copy]);
        func.replace_values(&args.into_iter().map(|arg| (arg, number)).collect());
        func.drop_args(copy);
        constants::fold(func, types);
        decide(func, types, copy);
        if !blocks {
            func.dissolve(single, copy, &[]);
        }
    }
    Builder::at_end(func, all_block, loc).done();
    if !blocks {
        func.dissolve(whole, all, &[]);
    }
    func.erase(op);
}

/// Makes the exits of a body those of two blocks in the place of the loop. False if there are none, so that it needs no blocks.
fn leave_blocks(func: &mut Function, op: OpId, body: RegionId) -> bool {
    let exits = func.exits(body);
    for &(end, exit) in &exits {
        let mut around = std::iter::successors(func.around(end), |&op| func.around(op)).take_while(|&at| at != op);
        let inner = around.by_ref().filter(|&at| func.ops[at].opcode == Opcode::KsBlock).count() as i128;
        let depth = match exit {
            Exit::Continue => inner,
            Exit::Break => inner + 1,
            Exit::Leave(outer) => inner + 2 + outer as i128,
            Exit::Return => continue,
        };
        func.become_op(end, Opcode::KsLeave, Vec::new(), vec![Attr::Int(depth)]);
    }
    !exits.is_empty() || !func.ends_in_yield(body)
}

/// Decides the branches of a region that constants decide: one that is not taken may have an index that no element has.
fn decide(func: &mut Function, types: &Types, region: RegionId) {
    let mut decided = HashMap::new();
    let mut ops = Vec::new();
    func.walk_region(region, &mut ops);
    ops.retain(|&op| func.ops[op].opcode == Opcode::KsIf);
    for op in ops.into_iter().rev() {
        let data = &func.ops[op];
        let Some(outcome) = func.known(types, KsIf::of(data).condition()) else { continue };
        let taken = data.regions[usize::from(outcome == 0)];
        if func.ends_in_yield(taken) {
            decided.extend(func.dissolve(op, taken, &[]));
        }
    }
    func.replace_values(&decided);
}
