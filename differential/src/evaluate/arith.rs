//! Arithmetic as the language defines it, on mathematical integers.

use ksc::sema::tree::{ArithOp, CompareOp};
use ksc::types::{Ty, TyKind, Types};

/// What an integer type holds.
#[derive(Clone, Copy)]
pub struct Int {
    pub bits: u32,
    pub signed: bool,
}

impl Int {
    /// Of integers, chars and enums; of `be` types that of the number.
    pub fn of(types: &Types, ty: Ty) -> Option<Int> {
        match types.kind(ty) {
            TyKind::Int { bits, signed } => Some(Int { bits: bits.into(), signed }),
            TyKind::Be { bits } => Some(Int { bits: bits.into(), signed: false }),
            TyKind::Char => Some(Int { bits: 8, signed: false }),
            TyKind::Enum(id) => Int::of(types, types.enum_def(id).repr),
            TyKind::Void
            | TyKind::Bool
            | TyKind::F64
            | TyKind::Str(_)
            | TyKind::Array(..)
            | TyKind::Struct(_)
            | TyKind::Fn(_)
            | TyKind::Ptr { .. }
            | TyKind::Opt(_)
            | TyKind::Place { .. }
            | TyKind::Handle(_)
            | TyKind::Bytes
            | TyKind::Link
            | TyKind::Null
            | TyKind::Error => None,
        }
    }

    /// The value of the type that is equal to `number` modulo two to the number of bits.
    pub fn wrap(self, number: i128) -> i128 {
        let size = 1i128 << self.bits;
        let rest = number.rem_euclid(size);
        if self.signed && rest >= size / 2 { rest - size } else { rest }
    }

    /// An operation whose operands are of this type; of a shift only the left one.
    pub fn arith(self, op: ArithOp, left: i128, right: i128) -> i128 {
        let count = right.rem_euclid(self.bits.into());
        let exact = match op {
            ArithOp::Add => left + right,
            ArithOp::Sub => left - right,
            // The product of two u64 is beyond an i128; its low bits are not.
            ArithOp::Mul => left.wrapping_mul(right),
            ArithOp::Div if right == 0 => 0,
            ArithOp::Div => {
                let magnitude = left.abs() / right.abs();
                if (left < 0) == (right < 0) { magnitude } else { -magnitude }
            }
            ArithOp::Rem if right == 0 => left,
            ArithOp::Rem => {
                let magnitude = left.abs() % right.abs();
                if left < 0 { -magnitude } else { magnitude }
            }
            ArithOp::And => left & right,
            ArithOp::Or => left | right,
            ArithOp::Xor => left ^ right,
            ArithOp::Shl => left.wrapping_mul(1 << count),
            // Towards minus infinity, as an arithmetic shift does.
            ArithOp::Shr => left.div_euclid(1 << count),
        };
        self.wrap(exact)
    }

    /// The bytes in reverse.
    pub fn swap(self, number: i128) -> i128 {
        let bytes = (0..self.bits / 8).map(|at| (number >> (8 * at)) & 0xff);
        bytes.fold(0, |sum, byte| (sum << 8) | byte)
    }
}

pub fn bools(op: ArithOp, left: bool, right: bool) -> bool {
    match op {
        ArithOp::And => left && right,
        ArithOp::Or => left || right,
        ArithOp::Xor => left != right,
        ArithOp::Add | ArithOp::Sub | ArithOp::Mul | ArithOp::Div | ArithOp::Rem | ArithOp::Shl | ArithOp::Shr => {
            panic!("{op:?} of two bools")
        }
    }
}

pub fn ordered(op: CompareOp, left: i128, right: i128) -> bool {
    match op {
        CompareOp::Eq => left == right,
        CompareOp::Ne => left != right,
        CompareOp::Lt => left < right,
        CompareOp::Le => left <= right,
        CompareOp::Gt => left > right,
        CompareOp::Ge => left >= right,
    }
}
