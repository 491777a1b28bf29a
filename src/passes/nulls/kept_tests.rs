//! Bools that keep the outcome of a test for null: `var found = p != null`, and later `if (found)`.
//!
//! If such a bool is a condition, the test is repeated beside it. That does not change the outcome, as long as neither
//! variable was assigned since: so the kernel's verifier, which does not know what the bool means, knows the pointer
//! behind the condition.

use super::NAME;
use crate::fold::CompareOp;
use crate::ir::{Builder, Function, OpId, Opcode, Uses, Value};
use crate::passes::Changed;
use crate::types::{Ty, TyKind, Types};
use std::collections::BTreeMap;

/// `kept`: reads of such bools, with the pointers, and the outcome for which each is not null.
pub fn repeat(func: &mut Function, types: &mut Types, kept: &BTreeMap<OpId, Vec<(Value, bool)>>) -> Changed {
    if kept.is_empty() {
        return Changed::No;
    }
    let mut changed = Changed::No;
    let uses = func.uses();
    for (&read, tests) in kept {
        let value = func.ops[read].results[0];
        // The facts for true, or for false; a test has one of them.
        let Some(&(_, outcome)) = tests.first().filter(|_| is_condition(func, &uses, value)) else { continue };
        let pointers: Vec<Value> = tests.iter().filter(|test| test.1 == outcome).map(|test| test.0).collect();
        let mut condition = value;
        let mut last = read;
        for pointer in pointers {
            last = beside(func, types, (last, condition), (pointer, outcome));
            condition = func.ops[last].results[0];
        }
        for &user in uses.users(value) {
            let operands = func.ops[user].operands.iter_mut();
            operands.filter(|operand| **operand == value).for_each(|operand| *operand = condition);
        }
        changed = Changed::Yes;
    }
    changed
}

/// Whether the value is a condition, or a part of one.
fn is_condition(func: &Function, uses: &Uses, value: Value) -> bool {
    let is_test = |&op: &OpId| matches!(func.ops[op].opcode, Opcode::KsIf | Opcode::KsYield | Opcode::ArithXor);
    uses.users(value).iter().all(is_test)
}

/// The branch that yields a condition and a test of a pointer: both hold, or if `outcome` is false one of them.
fn beside(
    func: &mut Function,
    types: &mut Types,
    (after, condition): (OpId, Value),
    (pointer, outcome): (Value, bool),
) -> OpId {
    let is_variable = func.def(pointer).is_some_and(|def| func.ops[def].opcode == Opcode::KsVar);
    let held = func.ty(pointer);
    let ty = if let TyKind::Place { of, .. } = types.kind(held) { of } else { held };
    let nullable = if let TyKind::Ptr { to, space, .. } = types.kind(ty) { types.ptr(to, space, true) } else { ty };
    let mut b = Builder::after(func, after, NAME);
    let decided = |b: &mut Builder<'_>| {
        let value = b.ks_const(i128::from(!outcome), Ty::BOOL);
        b.ks_yield(&[value]);
    };
    let test = |b: &mut Builder<'_>| {
        let pointer = if is_variable { b.ks_load(pointer, ty) } else { pointer };
        let null = b.ks_null(nullable);
        let word = if outcome { CompareOp::Ne } else { CompareOp::Eq };
        let value = b.arith_cmp(pointer, null, word.word(), Ty::BOOL);
        b.ks_yield(&[value]);
    };
    if outcome {
        b.either(condition, &[Ty::BOOL], test, decided)
    } else {
        b.either(condition, &[Ty::BOOL], decided, test)
    }
}
