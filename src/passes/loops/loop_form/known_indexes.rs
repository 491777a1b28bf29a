//! Numbers that the verifier knows without a bound: sums and products of constants and the index of a plain loop, which it walks
//! iteration by iteration.

use crate::ir::numbers::Numbers;
use crate::ir::ops::{BpfClamp, KsFor};
use crate::ir::{Function, OpId, Opcode, Value, ValueDef};
use crate::passes::Changed;
use crate::types::Types;
use std::collections::HashMap;

/// Removes the bounds of such numbers.
pub fn unbound(func: &mut Function, types: &Types) -> Changed {
    let ranges = Numbers::of(func, types);
    let is_known = |&op: &OpId| {
        let data = &func.ops[op];
        if data.opcode != Opcode::BpfClamp {
            return false;
        }
        let view = BpfClamp::of(data);
        let within = |largest: u64| i128::from(largest) <= view.limit();
        is_walked(func, types, op, view.value()) && ranges.largest(view.value()).is_some_and(within)
    };
    let clamps: Vec<OpId> = func.walk().into_iter().filter(is_known).collect();
    let mut values = HashMap::new();
    for &op in &clamps {
        values.insert(func.ops[op].results[0], BpfClamp::of(&func.ops[op]).value());
    }
    func.replace_values(&values);
    clamps.iter().for_each(|&op| func.erase(op));
    if clamps.is_empty() { Changed::No } else { Changed::Yes }
}

/// Whether a value is of such indexes where an op uses it: of no loop outside of one that is a callback, or walks an iterator, with the op in
/// it. There the verifier makes the index of the outer loop unknown when its states are to repeat.
fn is_walked(func: &Function, types: &Types, op: OpId, value: Value) -> bool {
    let repeats: Vec<OpId> = func.loops(op).filter(|&around| func.ops[around].opcode == Opcode::BpfRepeat).collect();
    of_indexes(func, types, value, &|holder| !repeats.iter().any(|&repeat| func.is_inside(repeat, holder)))
}

/// Whether a value is computed of constants and of indexes of loops with constant bounds.
pub fn is_of_index(func: &Function, types: &Types, value: Value) -> bool {
    of_indexes(func, types, value, &|_| true)
}

/// `fits`: whether the index of a loop counts.
fn of_indexes(func: &Function, types: &Types, value: Value, fits: &dyn Fn(OpId) -> bool) -> bool {
    let known = |value: Value| func.known(types, value).is_some();
    match func.values[value].def {
        ValueDef::Arg(block, _) => {
            let holder = func.regions[func.blocks[block].region].parent;
            holder.is_some_and(|holder| {
                let data = &func.ops[holder];
                fits(holder)
                    && data.opcode == Opcode::KsFor
                    && known(KsFor::of(data).low())
                    && known(KsFor::of(data).high())
            })
        }
        ValueDef::Result(op, _) => {
            let data = &func.ops[op];
            let computes = [Opcode::ArithCast, Opcode::ArithAdd, Opcode::ArithSub, Opcode::ArithMul, Opcode::ArithShl];
            let mut variable = data.operands.iter().filter(|&&operand| !known(operand));
            computes.contains(&data.opcode) && variable.all(|&operand| of_indexes(func, types, operand, fits))
        }
    }
}
