//! Lengths of views around and in loops: the verifier forgets them before a loop and at the start of each iteration.
//!
//! In a packet that may lie in pages the length of a view is not what pointers show, so an access compares its offset with it. From
//! each outcome the verifier learns a range of the length, and it walks the loop, and the rest of an iteration, once for each range.

use super::NAME;
use crate::ir::{Builder, Function, OpId, Opcode, Value};
use crate::types::Ty;
use std::collections::{BTreeSet, HashSet};

/// Deeper than views of views are written.
const DEPTH: u32 = 32;

/// Outer loops first. Returns whether there was a length.
pub fn forget(func: &mut Function) -> bool {
    let is_loop = |&op: &OpId| matches!(func.ops[op].opcode, Opcode::KsFor | Opcode::KsWhile);
    let loops: Vec<OpId> = func.walk().into_iter().filter(is_loop).collect();
    let mut changed = false;
    for op in loops {
        let block = func.ops[op].block;
        let behind: Vec<OpId> = func.blocks[block].ops.iter().copied().skip_while(|&other| other != op).collect();
        changed |= forget_before(func, op, &with_inner(func, &behind));
        for region in func.ops[op].regions.clone() {
            let mut ops = Vec::new();
            func.walk_region(region, &mut ops);
            if let Some(&first) = func.blocks[func.only_block(region)].ops.first() {
                changed |= forget_before(func, first, &ops);
            }
        }
    }
    changed
}

/// The ops, and those in them.
fn with_inner(func: &Function, ops: &[OpId]) -> Vec<OpId> {
    let mut all = Vec::new();
    for &op in ops {
        all.push(op);
        func.ops[op].regions.iter().for_each(|&region| func.walk_region(region, &mut all));
    }
    all
}

/// Of what `ops` use, which begin at an op, the lengths that are made elsewhere.
fn forget_before(func: &mut Function, at: OpId, ops: &[OpId]) -> bool {
    let inside: HashSet<OpId> = ops.iter().copied().collect();
    let from_outside = |value: Value| func.def(value).is_some_and(|op| !inside.contains(&op));
    let operands = ops.iter().flat_map(|&op| &func.ops[op].operands).copied();
    let lengths: BTreeSet<Value> =
        operands.filter(|&value| from_outside(value) && is_length_of_view(func, value)).collect();
    for &length in &lengths {
        let ty = func.ty(length);
        let forgotten = Builder::before(func, at, NAME).bpf_forget(length, ty);
        for &op in ops {
            let operands = func.ops[op].operands.iter_mut().filter(|operand| **operand == length);
            operands.for_each(|operand| *operand = forgotten);
        }
    }
    !lengths.is_empty()
}

/// The length of a packet itself is compared with constants only, from which accesses learn what is there.
fn is_length_of_view(func: &Function, value: Value) -> bool {
    let is_number = func.ty(value) == Ty::U64 || func.ty(value) == Ty::U32;
    let is_size = func.def(value).is_some_and(|op| func.ops[op].opcode == Opcode::PacketSize);
    is_number && !is_size && is_of_size(func, value, DEPTH)
}

fn is_of_size(func: &Function, value: Value, depth: u32) -> bool {
    let Some(op) = func.def(value).filter(|_| depth > 0) else { return false };
    let data = &func.ops[op];
    let computes =
        matches!(data.opcode, Opcode::ArithSelect | Opcode::ArithSub | Opcode::ArithCast | Opcode::BpfForget);
    let is_size = data.opcode == Opcode::PacketSize;
    is_size || computes && data.operands.iter().any(|&operand| is_of_size(func, operand, depth - 1))
}
