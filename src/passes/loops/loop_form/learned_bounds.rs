//! What the verifier learns in each iteration of a plain loop, and keeps.
//!
//! A comparison of the index with the end of the packet, or with a variable, narrows the range of the latter. The range
//! differs in each iteration, so there are as many states as iterations, and their product where the body compares with
//! two of them. If the loop ends on one of the outcomes, only the other goes on.

use super::known_ends;
use crate::ir::ops::{KsIf, KsLoad};
use crate::ir::{Exit, Function, OpId, Opcode, RegionId, Value};
use crate::passes::analysis::root;
use crate::tables::OpTrait;
use crate::types::{Space, TyKind, Types};
use std::collections::HashSet;

/// The subject of a comparison.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Subject {
    Packet,
    Variable(OpId),
    Value(Value),
}

/// The number of loop-invariant subjects about which the verifier learns something else in each iteration. `ops` are
/// those of the body, in source order.
pub fn subjects(func: &Function, types: &Types, body: RegionId, ops: &[OpId]) -> u32 {
    let outcomes = compared(func, types, body, ops);
    outcomes.iter().filter(|(_, results)| goes_on(func, body, ops, results)).count() as u32
}

/// An upper bound of `subjects`: counts also subjects for which a branch on the outcome leaves the loop, though perhaps not on each path.
pub fn all_subjects(func: &Function, types: &Types, body: RegionId, ops: &[OpId]) -> u32 {
    compared(func, types, body, ops).len() as u32
}

/// The subjects that are compared with something that the index gives, and the results, where an iteration goes on after either.
fn compared(func: &Function, types: &Types, body: RegionId, ops: &[OpId]) -> Vec<(Subject, Vec<Value>)> {
    let indexes = derived(func, ops, &func.blocks[func.only_block(body)].args);
    let mut outcomes: Vec<(Subject, Vec<Value>)> = Vec::new();
    let ends = |op: OpId| [true, false].iter().any(|&outcome| known_ends::leaves(func, types, body, (op, outcome)));
    for &op in ops.iter().filter(|&&op| func.ops[op].opcode == Opcode::ArithCmp) {
        let data = &func.ops[op];
        let of_index: Vec<bool> = data.operands.iter().map(|value| indexes.contains(value)).collect();
        let other = match of_index[..] {
            [true, false] => data.operands[1],
            [false, true] => data.operands[0],
            _ => continue,
        };
        let Some(subject) = subject(func, types, ops, other).filter(|_| !ends(op)) else { continue };
        match outcomes.iter_mut().find(|(known, _)| *known == subject) {
            Some((_, results)) => results.push(data.results[0]),
            None => outcomes.push((subject, data.results.clone())),
        }
    }
    outcomes
}

/// None where the verifier knows the value, or where it learns about the value of one iteration only.
fn subject(func: &Function, types: &Types, inside: &[OpId], value: Value) -> Option<Subject> {
    if matches!(types.kind(func.ty(value)), TyKind::Ptr { space: Space::Packet, .. }) {
        return Some(Subject::Packet);
    }
    if func.known(types, value).is_some() {
        return None;
    }
    let Some(op) = func.def(value) else {
        return func.blocks[func.entry()].args.contains(&value).then_some(Subject::Value(value));
    };
    let data = &func.ops[op];
    if data.opcode == Opcode::KsLoad {
        let from = root(func, KsLoad::of(data).place())?;
        let on_stack = func.ops[from].opcode == Opcode::KsVar && !inside.contains(&from);
        return on_stack.then_some(Subject::Variable(from));
    }
    if data.opcode == Opcode::ArithCast {
        return subject(func, types, inside, data.operands[0]);
    }
    (!inside.contains(&op)).then_some(Subject::Value(value))
}

/// The values that are computed from some, and what branches on them yield.
fn derived(func: &Function, ops: &[OpId], from: &[Value]) -> HashSet<Value> {
    let mut all: HashSet<Value> = from.iter().copied().collect();
    for &op in ops {
        let data = &func.ops[op];
        let passes_on = data.opcode.has(OpTrait::Pure) || data.opcode == Opcode::KsIf;
        if passes_on && data.operands.iter().any(|operand| all.contains(operand)) {
            all.extend(&data.results);
        }
    }
    all
}

/// Whether a branch depends on these values, and none leaves the loop.
fn goes_on(func: &Function, body: RegionId, ops: &[OpId], values: &[Value]) -> bool {
    let conditions = derived(func, ops, values);
    let exits = func.exits(body);
    let mut branches = ops
        .iter()
        .map(|&op| &func.ops[op])
        .filter(|data| data.opcode == Opcode::KsIf && conditions.contains(&KsIf::of(data).condition()));
    let leaves = |region: &RegionId| {
        let end = func.blocks[func.only_block(*region)].ops.last();
        end.is_some_and(|end| {
            func.ops[*end].opcode == Opcode::KsBreak
                || exits.iter().any(|(op, exit)| op == end && *exit != Exit::Continue)
        })
    };
    let mut any = false;
    let stays = branches.all(|data| {
        any = true;
        !data.regions.iter().any(leaves)
    });
    any && stays
}
