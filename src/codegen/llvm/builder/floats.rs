//! Floating point.

use super::{Build, made};
use inkwell::FloatPredicate;
use inkwell::values::{FloatValue, IntValue};

impl<'c> Build<'c> {
    pub fn fadd(&self, left: FloatValue<'c>, right: FloatValue<'c>) -> FloatValue<'c> {
        made(self.builder.build_float_add(left, right, ""))
    }

    pub fn fsub(&self, left: FloatValue<'c>, right: FloatValue<'c>) -> FloatValue<'c> {
        made(self.builder.build_float_sub(left, right, ""))
    }

    pub fn fmul(&self, left: FloatValue<'c>, right: FloatValue<'c>) -> FloatValue<'c> {
        made(self.builder.build_float_mul(left, right, ""))
    }

    pub fn fdiv(&self, left: FloatValue<'c>, right: FloatValue<'c>) -> FloatValue<'c> {
        made(self.builder.build_float_div(left, right, ""))
    }

    pub fn frem(&self, left: FloatValue<'c>, right: FloatValue<'c>) -> FloatValue<'c> {
        made(self.builder.build_float_rem(left, right, ""))
    }

    pub fn fneg(&self, value: FloatValue<'c>) -> FloatValue<'c> {
        made(self.builder.build_float_neg(value, ""))
    }

    pub fn fcompare(&self, pred: FloatPredicate, left: FloatValue<'c>, right: FloatValue<'c>) -> IntValue<'c> {
        made(self.builder.build_float_compare(pred, left, right, ""))
    }

    pub fn int_to_float(&self, value: IntValue<'c>, signed: bool) -> FloatValue<'c> {
        let ty = self.context.f64_type();
        if signed {
            made(self.builder.build_signed_int_to_float(value, ty, ""))
        } else {
            made(self.builder.build_unsigned_int_to_float(value, ty, ""))
        }
    }
}
