//! `numeric`: lowers the language's division and shifts to operations of the machine.
//!
//! The language defines every case (`x / 0 == 0`, `x % 0 == x`, `MIN / -1 == MIN`, shift counts modulo the width); LLVM
//! leaves them undefined. Takes `ks.div`, `ks.rem`, `ks.shl`, `ks.shr`, and in BPF code `arith.sdiv` and `arith.srem`; leaves
//! `arith` operations that are defined for the operands that reach them:
//! - unsigned division on BPF is the machine's, which has the language's rule; on the host the divisor is guarded;
//! - signed division on BPF divides magnitudes, since the instruction set below v4 has no signed division;
//! - shift counts are masked.
//!
//! After all passes that make these operations: it leaves only `arith`.

use super::{Because, Changed, Declarations, Pass, Run};
use crate::fold;
use crate::ir::{Builder, Function, OpId, Opcode, Value};
use crate::session::Session;
use crate::target::{self, Target};
use crate::types::{Ty, Types};
use std::collections::HashMap;

const NAME: &str = "numeric";
pub static PASS: Pass = Pass {
    name: NAME,
    summary: "Give division and shifts the language's meaning",
    after: &[],
    before: &[],
    because: Because::Target,
    run: Run::Function(run),
};

fn run(func: &mut Function, module: &Declarations, cx: &mut Session) -> Changed {
    let Some(target) = module.target else { return Changed::No };
    let mut changed = Changed::No;
    let mut results = HashMap::new();
    for op in func.walk() {
        let opcode = func.ops[op].opcode;
        if matches!(opcode, Opcode::KsShl | Opcode::KsShr) {
            shift(func, &cx.types, op);
        } else if matches!(opcode, Opcode::KsDiv | Opcode::KsRem)
            || (target.facts().division == target::Division::UnsignedOnly
                && matches!(opcode, Opcode::ArithSdiv | Opcode::ArithSrem))
        {
            let result = division(func, &cx.types, op, target);
            results.insert(func.ops[op].results[0], result);
            func.erase(op);
        } else {
            continue;
        }
        changed = Changed::Yes;
    }
    func.replace_values(&results);
    changed
}

fn integer(types: &Types, ty: Ty) -> (u8, bool) {
    types.as_int(ty).unwrap_or_else(|| crate::bug!("arithmetic on {}", types.ir_text(ty)))
}

fn shift(func: &mut Function, types: &Types, op: OpId) {
    let [left, count] = func.ops[op].operands[..] else { crate::bug!("a shift has two operands") };
    let ty = func.ty(left);
    let (bits, _) = integer(types, ty);
    let opcode = if func.ops[op].opcode == Opcode::KsShl { Opcode::ArithShl } else { Opcode::ArithShr };
    let known = func.known(types, count);
    let mut b = Builder::before(func, op, NAME);
    let mask = i128::from(bits) - 1;
    let count = match known {
        Some(count) => b.ks_const(count & mask, ty),
        None => {
            let count = if b.func.ty(count) == ty { count } else { b.arith_cast(count, ty) };
            let mask = b.ks_const(mask, ty);
            b.arith_and(count, mask, ty)
        }
    };
    func.become_op(op, opcode, vec![left, count], Vec::new());
}

/// One division that is being expanded.
struct Division<'a, 'f> {
    b: Builder<'f>,
    types: &'a Types,
    /// A remainder is wanted, not a quotient.
    remainder: bool,
    left: Value,
    right: Value,
    /// The divisor, if the compiler knows it: not 0.
    divisor: Option<i128>,
    /// The type of operands and result: 32 or 64 bits.
    ty: Ty,
    signed: bool,
    bits: u8,
}

/// The value that takes the place of the op's result.
fn division(func: &mut Function, types: &Types, op: OpId, target: Target) -> Value {
    let [left, right] = func.ops[op].operands[..] else { crate::bug!("a division has two operands") };
    let narrow = func.ty(left);
    let (bits, signed) = integer(types, narrow);
    let remainder = matches!(func.ops[op].opcode, Opcode::KsRem | Opcode::ArithSrem);
    let divisor = func.known(types, right);
    if divisor == Some(0) {
        return if remainder { left } else { Builder::before(func, op, NAME).ks_const(0, narrow) };
    }
    let ty = types.int(bits.max(32), signed);
    let mut b = Builder::before(func, op, NAME);
    let (mut left, mut right) = (left, right);
    if ty != narrow {
        left = b.arith_cast(left, ty);
        right = match divisor {
            Some(value) => b.ks_const(value, ty),
            None => b.arith_cast(right, ty),
        };
    }
    let mut division = Division { b, types, remainder, left, right, divisor, ty, signed, bits: bits.max(32) };
    let result = match (target.facts().division, signed) {
        (target::Division::UnsignedOnly, false) => division.unsigned(division.left, division.right),
        (target::Division::UnsignedOnly, true) => division.by_magnitudes(),
        (target::Division::Guarded, _) => division.guarded(),
    };
    if ty == narrow { result } else { division.b.arith_cast(result, narrow) }
}

impl Division<'_, '_> {
    fn number(&mut self, value: i128) -> Value {
        self.b.ks_const(value, self.ty)
    }

    fn is(&mut self, value: Value, number: i128) -> Value {
        let number = self.number(number);
        self.b.arith_cmp(value, number, "eq", Ty::BOOL)
    }

    fn negated(&mut self, value: Value) -> Value {
        let zero = self.number(0);
        self.b.arith_sub(zero, value, self.ty)
    }

    fn unsigned(&mut self, left: Value, right: Value) -> Value {
        let ty = self.b.func.ty(left);
        if self.remainder { self.b.arith_urem(left, right, ty) } else { self.b.arith_udiv(left, right, ty) }
    }

    /// Signed division from the unsigned one: the quotient is negative if the signs differ, the remainder has the sign of
    /// the dividend. The unsigned rule for 0 carries over, and so does wrapping: the magnitude of MIN is MIN's bits.
    fn by_magnitudes(&mut self) -> Value {
        let unsigned = self.types.int(self.bits, false);
        let zero = self.number(0);
        let left_negative = self.b.arith_cmp(self.left, zero, "lt", Ty::BOOL);
        let dividend = self.magnitude(self.left, left_negative);
        let (divisor, result_negative) = match self.divisor {
            Some(value) => {
                let magnitude = self.b.ks_const(value.abs(), unsigned);
                let sign = self.b.ks_const(i128::from(value < 0), Ty::BOOL);
                (magnitude, self.differ(left_negative, sign))
            }
            None => {
                let right_negative = self.b.arith_cmp(self.right, zero, "lt", Ty::BOOL);
                let magnitude = self.magnitude(self.right, right_negative);
                (magnitude, self.differ(left_negative, right_negative))
            }
        };
        let result = self.unsigned(dividend, divisor);
        let result = self.b.arith_cast(result, self.ty);
        let negated = self.negated(result);
        let negative = if self.remainder { left_negative } else { result_negative };
        self.b.arith_select(negative, negated, result, self.ty)
    }

    fn magnitude(&mut self, value: Value, negative: Value) -> Value {
        let negated = self.negated(value);
        let magnitude = self.b.arith_select(negative, negated, value, self.ty);
        self.b.arith_cast(magnitude, self.types.int(self.bits, false))
    }

    fn differ(&mut self, left: Value, right: Value) -> Value {
        self.b.arith_cmp(left, right, "ne", Ty::BOOL)
    }

    fn guarded(&mut self) -> Value {
        match self.divisor {
            Some(-1) if self.signed => return self.by_minus_one(),
            Some(_) => return self.plain(self.right),
            None => {}
        }
        let by_zero = self.is(self.right, 0);
        let mut bad = by_zero;
        if self.signed {
            // MIN / -1 == MIN / 1 and MIN % -1 == MIN % 1.
            let (min, _) = fold::range(self.bits, true);
            let is_min = self.is(self.left, min);
            let by_minus_one = self.is(self.right, -1);
            let overflows = self.b.arith_and(is_min, by_minus_one, Ty::BOOL);
            bad = self.b.arith_or(by_zero, overflows, Ty::BOOL);
        }
        let one = self.number(1);
        let divisor = self.b.arith_select(bad, one, self.right, self.ty);
        let result = self.plain(divisor);
        let by_zero_result = if self.remainder { self.left } else { self.number(0) };
        self.b.arith_select(by_zero, by_zero_result, result, self.ty)
    }

    fn by_minus_one(&mut self) -> Value {
        if self.remainder { self.number(0) } else { self.negated(self.left) }
    }

    fn plain(&mut self, divisor: Value) -> Value {
        match (self.signed, self.remainder) {
            (false, _) => self.unsigned(self.left, divisor),
            (true, false) => self.b.arith_sdiv(self.left, divisor, self.ty),
            (true, true) => self.b.arith_srem(self.left, divisor, self.ty),
        }
    }
}
