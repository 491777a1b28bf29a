//! Comparisons with the packet's length whose outcome an earlier test has shown, and the selections that they decide: the start of a view
//! behind headers that were found is a constant then.

use super::NAME;
use super::length_tests::Tested;
use crate::fold::{self, ArithOp, CompareOp};
use crate::ir::ops::{ArithCmp, ArithSelect};
use crate::ir::{Builder, Function, OpId, Opcode, Value};
use crate::types::{Ty, Types};
use std::collections::HashMap;

/// Replaces them by constants. Whether there were any.
pub fn fold(func: &mut Function, types: &Types, tested: &Tested) -> bool {
    if tested.decided.is_empty() {
        return false;
    }
    let mut values: HashMap<Value, Value> = HashMap::new();
    // Each op is behind those that yield its operands.
    for op in func.walk() {
        for operand in &mut func.ops[op].operands {
            *operand = values.get(operand).copied().unwrap_or(*operand);
        }
        let value = match tested.decided.get(&op) {
            Some(&outcome) => Some(Builder::before(func, op, NAME).ks_const(outcome.into(), Ty::BOOL)),
            None => folded(func, types, op),
        };
        if let Some(value) = value {
            values.insert(func.ops[op].results[0], value);
            func.erase(op);
        }
    }
    true
}

/// The value that an op yields, if that is a constant, or a choice that is made.
fn folded(func: &mut Function, types: &Types, op: OpId) -> Option<Value> {
    let data = &func.ops[op];
    if data.opcode == Opcode::ArithSelect {
        let view = ArithSelect::of(data);
        let chosen = func.known(types, view.condition())?;
        return Some(if chosen == 1 { view.then() } else { view.otherwise() });
    }
    if data.opcode == Opcode::ArithCmp {
        let view = ArithCmp::of(data);
        let (left, right) = (func.known(types, view.left())?, func.known(types, view.right())?);
        let outcome = fold::compare(CompareOp::from_word(view.pred())?, left, right);
        return Some(Builder::before(func, op, NAME).ks_const(outcome.into(), Ty::BOOL));
    }
    let arith = data.opcode.spec().computes.filter(|op| matches!(op, ArithOp::Add | ArithOp::Sub))?;
    let ty = func.ty(data.results[0]);
    let (bits, signed) = types.as_int(ty)?;
    let [left, right] = data.operands[..] else { return None };
    let value = fold::arith(arith, func.known(types, left)?, func.known(types, right)?, bits, signed);
    Some(Builder::before(func, op, NAME).ks_const(value, ty))
}
