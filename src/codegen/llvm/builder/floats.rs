//! Floating point.

use super::{Build, made};
use inkwell::FloatPredicate;
use inkwell::values::{FloatValue, IntValue};

impl<'c> Build<'c> {
    /// `fadd` on `double`.
    pub fn fadd(&self, left: FloatValue<'c>, right: FloatValue<'c>) -> FloatValue<'c> {
        made(self.builder.build_float_add(left, right, ""))
    }

    /// `fsub` on `double`.
    pub fn fsub(&self, left: FloatValue<'c>, right: FloatValue<'c>) -> FloatValue<'c> {
        made(self.builder.build_float_sub(left, right, ""))
    }

    /// `fmul` on `double`.
    pub fn fmul(&self, left: FloatValue<'c>, right: FloatValue<'c>) -> FloatValue<'c> {
        made(self.builder.build_float_mul(left, right, ""))
    }

    /// `fdiv` on `double`; by zero it yields an infinity or NaN.
    pub fn fdiv(&self, left: FloatValue<'c>, right: FloatValue<'c>) -> FloatValue<'c> {
        made(self.builder.build_float_div(left, right, ""))
    }

    /// `frem` on `double`, the remainder of C's `fmod`.
    pub fn frem(&self, left: FloatValue<'c>, right: FloatValue<'c>) -> FloatValue<'c> {
        made(self.builder.build_float_rem(left, right, ""))
    }

    /// `fneg`, which also flips the sign of NaN.
    pub fn fneg(&self, value: FloatValue<'c>) -> FloatValue<'c> {
        made(self.builder.build_float_neg(value, ""))
    }

    /// `fcmp`; ordered predicates are false for NaN.
    pub fn fcompare(&self, pred: FloatPredicate, left: FloatValue<'c>, right: FloatValue<'c>) -> IntValue<'c> {
        made(self.builder.build_float_compare(pred, left, right, ""))
    }

    /// The nearest `double` of an integer.
    pub fn int_to_float(&self, value: IntValue<'c>, signed: bool) -> FloatValue<'c> {
        let ty = self.context.f64_type();
        if signed {
            made(self.builder.build_signed_int_to_float(value, ty, ""))
        } else {
            made(self.builder.build_unsigned_int_to_float(value, ty, ""))
        }
    }
}
