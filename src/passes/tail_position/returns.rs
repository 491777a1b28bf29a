//! Returned values, and the branches that choose them.

use super::NAME;
use crate::ir::ops::{ArithCast, ArithCmp, KsCall, KsConst};
use crate::ir::{Builder, Function, OpId, Opcode, Symbol, Value};
use crate::types::Ty;
use std::collections::BTreeSet;

/// Moves a `ks.return` into the branches whose value it returns, if one of them yields the result of such a call.
pub fn sink(func: &mut Function, callees: &BTreeSet<Symbol>) -> bool {
    for end in func.walk().into_iter().filter(|&op| func.ops[op].opcode == Opcode::KsReturn) {
        let Some((branch, casts)) = returned_branch(func, end) else { continue };
        let yields: Vec<OpId> = yields(func, branch);
        if !yields.iter().any(|&op| yields_call(func, op, callees)) {
            continue;
        }
        for op in yields {
            return_instead(func, op, &casts);
        }
        func.ops[branch].results.clear();
        casts_of(func, end).into_iter().for_each(|cast| func.erase(cast));
        let result = func.result;
        let zero = Builder::before(func, end, NAME).ks_const(0, result);
        func.ops[end].operands = vec![zero];
        return true;
    }
    false
}

/// The conversions between a value and its return, the last one first.
pub fn casts_of(func: &Function, end: OpId) -> Vec<OpId> {
    let mut casts = Vec::new();
    let mut value = func.ops[end].operands.first().copied();
    while let Some(def) = value.and_then(|value| func.def(value))
        && let Some(converted) = converted(func, def)
    {
        casts.push(def);
        value = Some(converted);
    }
    casts
}

/// Whether nothing is between an op and the end of its block but conversions of its result.
pub fn only_converted(func: &Function, from: OpId, end: OpId, casts: &[OpId]) -> bool {
    let ops = &func.blocks[func.ops[end].block].ops;
    let is_conversion = |op: &OpId| casts.contains(op) || func.ops[*op].opcode == Opcode::KsConst;
    func.ops[from].block == func.ops[end].block
        && ops.backwards(func.position(end)).take_while(|&op| op != from).all(|op| is_conversion(&op))
}

/// The value that an op converts: to another integer type, or to a bool by a comparison with 0.
pub fn converted(func: &Function, op: OpId) -> Option<Value> {
    let data = &func.ops[op];
    if data.opcode == Opcode::ArithCast {
        return Some(ArithCast::of(data).value());
    }
    let test = Some(data).filter(|data| data.opcode == Opcode::ArithCmp).map(ArithCmp::of)?;
    let zero = &func.ops[func.def(test.right())?];
    let is_zero = zero.opcode == Opcode::KsConst && KsConst::of(zero).value() == 0;
    (test.pred() == "ne" && is_zero).then(|| test.left())
}

/// The op whose regions choose the value that an op returns and nothing else uses, and the types that it is converted to.
fn returned_branch(func: &Function, end: OpId) -> Option<(OpId, Vec<Ty>)> {
    let casts = casts_of(func, end);
    let last = casts.last().copied().unwrap_or(end);
    let value = *func.ops[last].operands.first()?;
    let branch = func.def(value)?;
    let uses = func.uses();
    let chooses = matches!(func.ops[branch].opcode, Opcode::KsIf | Opcode::KsIfSome | Opcode::KsMatch);
    let single = |value: Value| uses.users(value).len() == 1;
    let alone = single(value) && casts.iter().all(|&cast| single(func.ops[cast].results[0]));
    let adjacent = only_converted(func, branch, end, &casts);
    let types = types_of(func, &casts);
    (chooses && alone && adjacent && func.ops[branch].results.len() == 1).then_some((branch, types))
}

fn yields(func: &Function, branch: OpId) -> Vec<OpId> {
    let ends = func.ops[branch].regions.iter().filter_map(|&region| func.blocks[func.only_block(region)].ops.last());
    ends.copied().filter(|&end| func.ops[end].opcode == Opcode::KsYield).collect()
}

fn yields_call(func: &Function, end: OpId, callees: &BTreeSet<Symbol>) -> bool {
    func.ops[end].operands.first().is_some_and(|&value| is_call(func, value, callees))
}

/// Whether a value is the result of such a call, or in one of its branches, apart from conversions.
pub fn is_call(func: &Function, value: Value, callees: &BTreeSet<Symbol>) -> bool {
    let Some(def) = func.def(value) else { return false };
    let data = &func.ops[def];
    if data.opcode == Opcode::KsCall {
        return callees.contains(KsCall::of(data).callee());
    }
    if let Some(converted) = converted(func, def) {
        return is_call(func, converted, callees);
    }
    yields(func, def).into_iter().any(|inner| yields_call(func, inner, callees))
}

/// The types to which these conversions convert, the first one first.
pub fn types_of(func: &Function, casts: &[OpId]) -> Vec<Ty> {
    casts.iter().rev().map(|&cast| func.ty(func.ops[cast].results[0])).collect()
}

/// Makes an end that yields a value return it.
pub fn return_instead(func: &mut Function, end: OpId, casts: &[Ty]) {
    let mut b = Builder::before(func, end, NAME);
    let mut value = b.func.ops[end].operands[0];
    for &ty in casts {
        value = if ty == Ty::BOOL && b.func.ty(value) != Ty::BOOL {
            let zero = b.ks_const(0, b.func.ty(value));
            b.arith_cmp(value, zero, "ne", ty)
        } else {
            b.arith_cast(value, ty)
        };
    }
    func.become_op(end, Opcode::KsReturn, vec![value], Vec::new());
}
