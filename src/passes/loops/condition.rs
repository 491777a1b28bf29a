//! The condition of a loop as a part of its iterations.

use crate::ir::ops::KsWhile;
use crate::ir::{BlockId, Builder, Function, OpId, Opcode};

/// Makes the condition of a `ks.while` the start of each iteration; it is the whole iteration if no path reaches the condition's end. Yields
/// the block of the body, for the loop that takes its place.
pub fn into_body(func: &mut Function, op: OpId, pass: &'static str) -> BlockId {
    let view = KsWhile::of(&func.ops[op]);
    let (condition, body) = (view.condition_region(), view.body_region());
    let (condition, block) = (func.only_block(condition), func.only_block(body));
    let iteration = func.blocks[block].ops.take();
    func.move_tail(condition, 0, block);
    let Some(&end) = func.blocks[block].ops.last() else { crate::bug!("a region without an end") };
    if func.ops[end].opcode == Opcode::KsYield {
        let holds = func.ops[end].operands[0];
        let mut b = Builder::before(func, end, pass);
        let stop = |b: &mut Builder<'_>| {
            b.ks_break();
        };
        b.either(holds, &[], |b| b.done(), stop);
        func.blocks[block].ops.pop();
        func.blocks[block].ops.extend(&iteration);
    }
    block
}
