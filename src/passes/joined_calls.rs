//! `joined-calls`: calls of one function at the ends of branches become one call, where the branches join.
//!
//! LLVM inlines each call that it finds, and joins equal code only after that, when the copies differ. So
//! `if (v4) { return allowed(a) }  return allowed(b)` would have the body of `allowed` twice. This pass looks for blocks that
//! are equal from their last call of a function to their end, and moves that part to a block behind them. If the parts take
//! different values, the new block takes an argument. Pointers and places must be the same: the verifier refuses an access
//! of one kind of memory on one path and of another kind on another.
//!
//! Takes the control-flow graph of `to-cf`.

use super::{Because, Changed, Declarations, Pass, Run};
use crate::ir::{BlockId, Builder, Function, Loc, OpId, Opcode, Uses, Value};
use crate::session::Session;
use crate::types::{Ty, TyKind, Types};
use std::collections::{BTreeSet, HashMap};

const NAME: &str = "joined-calls";
pub static PASS: Pass = Pass {
    name: NAME,
    summary: "Join calls at the ends of branches",
    after: &[("to-cf", "makes blocks of branches")],
    before: &[("results", "makes ops before returns"), ("stack-writes", "looks at the stores of each block")],
    because: Because::Speed,
    run: Run::Function(run),
};

fn run(func: &mut Function, _: &Declarations, cx: &mut Session) -> Changed {
    let mut ends = ends(func);
    let mut changed = Changed::No;
    while !ends.is_empty() {
        let first = ends.remove(0);
        let mut differing = BTreeSet::new();
        let mut equal = vec![];
        ends.retain(|end| {
            let found = difference(func, &cx.types, &first, end);
            let is_equal = found.is_some();
            differing.extend(found.into_iter().flatten());
            if is_equal {
                equal.push(end.clone());
            }
            !is_equal
        });
        if !equal.is_empty() {
            equal.insert(0, first);
            join(func, &equal, &differing);
            changed = Changed::Yes;
        }
    }
    if changed == Changed::Yes {
        func.regions[func.body].blocks = func.reverse_postorder();
    }
    changed
}

/// A block from its last call of a function on.
#[derive(Clone)]
struct End {
    block: BlockId,
    ops: Vec<OpId>,
    /// Where it branches to, beyond blocks that only branch.
    to: Option<BlockId>,
}

/// An operand: the index of its op in the end of a block, and its own.
type Operand = (usize, usize);

fn ends(func: &Function) -> Vec<End> {
    let blocks = &func.regions[func.body].blocks;
    let order: HashMap<BlockId, usize> = blocks.iter().enumerate().map(|(at, &block)| (block, at)).collect();
    let uses = func.uses();
    let end_of = |(at, &block): (usize, &BlockId)| {
        let ops: Vec<OpId> = func.blocks[block].ops.iter().copied().collect();
        let call = ops.iter().rposition(|&op| func.ops[op].opcode == Opcode::KsCall)?;
        let ops = ops[call..].to_vec();
        let last = &func.ops[*ops.last()?];
        let to = last.successors.first().map(|&to| beyond(func, to));
        // A loop is entered from before it and from its own end, which stay two blocks.
        let leaves =
            last.opcode == Opcode::CfRet || last.opcode == Opcode::CfBr && to.is_some_and(|to| order[&to] > at);
        (leaves && is_closed(func, &uses, &ops)).then_some(End { block, ops, to })
    };
    blocks.iter().enumerate().filter_map(end_of).collect()
}

/// The block that control reaches from a block through blocks that only branch.
fn beyond(func: &Function, from: BlockId) -> BlockId {
    let next = |block: BlockId| {
        let &[op] = func.blocks[block].ops.iter().take(2).collect::<Vec<_>>().as_slice() else { return None };
        let data = &func.ops[*op];
        let only = data.opcode == Opcode::CfBr && data.operands.is_empty() && func.blocks[block].args.is_empty();
        if only { data.successors.first().copied() } else { None }
    };
    let mut block = from;
    // An endless loop may have no other ops.
    for _ in 0..func.blocks.len() {
        let Some(to) = next(block) else { break };
        block = to;
    }
    block
}

/// Whether only these ops use their results.
fn is_closed(func: &Function, uses: &Uses, ops: &[OpId]) -> bool {
    let results = ops.iter().flat_map(|&op| &func.ops[op].results);
    results.into_iter().all(|&value| uses.users(value).iter().all(|user| ops.contains(user)))
}

/// The operands in which the ends of two blocks differ; none if the ends are not the same code.
fn difference(func: &Function, types: &Types, one: &End, other: &End) -> Option<Vec<Operand>> {
    if one.ops.len() != other.ops.len() || one.to != other.to {
        return None;
    }
    let mut differing = vec![];
    let mut same: HashMap<Value, Value> = HashMap::new();
    for (at, (a, b)) in std::iter::zip(&one.ops, &other.ops).map(|(&a, &b)| (&func.ops[a], &func.ops[b])).enumerate() {
        let (count, results) = (a.operands.len(), a.results.len());
        if a.opcode != b.opcode || a.attrs != b.attrs || count != b.operands.len() || results != b.results.len() {
            return None;
        }
        for (index, (&x, &y)) in std::iter::zip(&a.operands, &b.operands).enumerate() {
            match same.get(&x) {
                Some(&value) if value == y => {}
                None if x == y => {}
                None if func.ty(x) == func.ty(y) && may_vary(types, a.opcode, func.ty(x)) => {
                    differing.push((at, index))
                }
                _ => return None,
            }
        }
        for (&x, &y) in std::iter::zip(&a.results, &b.results) {
            if func.ty(x) != func.ty(y) {
                return None;
            }
            same.insert(x, y);
        }
    }
    Some(differing)
}

/// Whether an op may take a value of this type from a block's argument where it took another one.
fn may_vary(types: &Types, opcode: Opcode, ty: Ty) -> bool {
    let takes = matches!(opcode, Opcode::KsCall | Opcode::KsStore | Opcode::CfBr | Opcode::CfRet);
    takes && (matches!(types.kind(ty), TyKind::Bool | TyKind::Be { .. }) || types.as_int(ty).is_some())
}

/// Moves the ends of blocks, which are the same code, to one block.
fn join(func: &mut Function, ends: &[End], differing: &BTreeSet<Operand>) {
    let operand = |func: &Function, end: &End, &(at, index): &Operand| func.ops[end.ops[at]].operands[index];
    let types: Vec<Ty> = differing.iter().map(|of| func.ty(operand(func, &ends[0], of))).collect();
    let body = func.body;
    let joined = func.add_block(body, &types);
    for end in ends {
        let given: Vec<Value> = differing.iter().map(|of| operand(func, end, of)).collect();
        let at = func.position(end.ops[0]);
        func.blocks[end.block].ops.split_off(at);
        let loc = Loc { made_by: Some(NAME), ..func.ops[end.ops[0]].loc };
        Builder::at_end(func, end.block, loc).cf_br(&given, vec![joined]);
    }
    for &op in &ends[0].ops {
        func.ops[op].block = joined;
        func.blocks[joined].ops.push(op);
    }
    for (number, &(at, index)) in differing.iter().enumerate() {
        let value = func.blocks[joined].args[number];
        func.ops[ends[0].ops[at]].operands[index] = value;
    }
}
