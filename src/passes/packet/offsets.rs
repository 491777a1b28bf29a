//! Offsets into packets as a number and a constant: accesses whose offsets differ by constants share the sum of the packet's start and
//! the number, which the verifier follows as one pointer.

use crate::ir::numbers::Numbers;
use crate::ir::ops::{ArithAdd, ArithCast};
use crate::ir::{Function, Opcode, Value};
use crate::types::Types;

/// The number and the constant whose sum an offset is. No addition on the path there has a carry.
pub fn split(func: &Function, types: &Types, ranges: &Numbers<'_>, offset: Value) -> (Value, u64) {
    let (mut number, mut constant) = (offset, 0);
    while let Some(data) = func.def(number).map(|op| &func.ops[op]) {
        let Some((bits, false)) = types.as_int(func.ty(number)) else { break };
        if data.opcode == Opcode::ArithCast {
            let from = ArithCast::of(data).value();
            if types.as_int(func.ty(from)).is_none_or(|(narrower, signed)| signed || narrower > bits) {
                break;
            }
            number = from;
        } else if data.opcode == Opcode::ArithAdd {
            let view = ArithAdd::of(data);
            let known = |value: Value| func.known(types, value).and_then(|known| u64::try_from(known).ok());
            let (base, added) = match (known(view.left()), known(view.right())) {
                (None, Some(added)) => (view.left(), added),
                (Some(added), None) => (view.right(), added),
                (Some(_), Some(_)) | (None, None) => break,
            };
            let largest = ranges.largest(base).and_then(|largest| largest.checked_add(added)?.checked_add(constant));
            if largest.is_none_or(|largest| largest > u64::MAX >> (64 - u32::from(bits))) {
                break;
            }
            number = base;
            constant += added;
        } else {
            break;
        }
    }
    (number, constant)
}
