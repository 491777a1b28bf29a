//! Dialect `arith`.

use super::super::builder::{Build, Extend};
use super::super::function::FnGen;
use crate::ir::OpData;
use crate::ir::ops::{ArithBits, ArithBswap, ArithCast, ArithCmp, ArithLog2, ArithSelect};
use crate::session::Mcpu;
use crate::target::Division;
use inkwell::IntPredicate;
use inkwell::values::{BasicValueEnum, IntValue};

fn binary<'c>(
    g: &mut FnGen<'_, '_, 'c>,
    op: &OpData,
    emit: impl Fn(&Build<'c>, IntValue<'c>, IntValue<'c>) -> IntValue<'c>,
) {
    let (left, right) = (g.int(op.operands[0]), g.int(op.operands[1]));
    let value = emit(&g.g.build, left, right);
    g.set(op, value);
}

pub fn add(g: &mut FnGen, op: &OpData) {
    binary(g, op, Build::add);
}

pub fn sub(g: &mut FnGen, op: &OpData) {
    binary(g, op, Build::sub);
}

pub fn mul(g: &mut FnGen, op: &OpData) {
    binary(g, op, Build::mul);
}

pub fn and(g: &mut FnGen, op: &OpData) {
    binary(g, op, Build::and);
}

pub fn or(g: &mut FnGen, op: &OpData) {
    binary(g, op, Build::or);
}

pub fn xor(g: &mut FnGen, op: &OpData) {
    binary(g, op, Build::xor);
}

pub fn sdiv(g: &mut FnGen, op: &OpData) {
    binary(g, op, Build::sdiv);
}

pub fn srem(g: &mut FnGen, op: &OpData) {
    binary(g, op, Build::srem);
}

pub fn shl(g: &mut FnGen, op: &OpData) {
    binary(g, op, Build::shl);
}

pub fn shr(g: &mut FnGen, op: &OpData) {
    let signed = g.g.is_signed(g.result_ty(op));
    binary(g, op, |build, left, right| build.shr(left, right, signed));
}

pub fn udiv(g: &mut FnGen, op: &OpData) {
    divide(g, op, "/", |left| left.get_type().const_zero(), Build::udiv);
}

pub fn urem(g: &mut FnGen, op: &OpData) {
    divide(g, op, "%", |left| left, Build::urem);
}

/// Division by a variable is the BPF instruction itself, whose result is defined for a divisor of 0; LLVM's is not, so
/// that it could make anything of it.
fn divide<'c>(
    g: &mut FnGen<'_, '_, 'c>,
    op: &OpData,
    sign: &str,
    by_zero: impl Fn(IntValue<'c>) -> IntValue<'c>,
    plain: impl Fn(&Build<'c>, IntValue<'c>, IntValue<'c>) -> IntValue<'c>,
) {
    let (left, right) = (g.int(op.operands[0]), g.int(op.operands[1]));
    let build = &g.g.build;
    let value = match right.get_zero_extended_constant() {
        Some(0) => by_zero(left),
        Some(_) => plain(build, left, right),
        None if g.g.facts.division == Division::Guarded => plain(build, left, right),
        None => {
            let bits = left.get_type().get_bit_width();
            // Instructions on 32-bit registers came with v3.
            let (wide, class) = if bits <= 32 && g.g.cx.options.mcpu >= Mcpu::V3 { (32, "w") } else { (64, "r") };
            let (left, right) = (build.resize(left, wide, Extend::Zero), build.resize(right, wide, Extend::Zero));
            let constraints = format!("={class},0,{class}");
            let result = build.asm_binary(&format!("$0 {sign}= $2"), &constraints, left, right);
            build.resize(result, bits, Extend::Zero)
        }
    };
    g.set(op, value);
}

pub fn cmp(g: &mut FnGen, op: &OpData) {
    let view = ArithCmp::of(op);
    let signed = g.g.is_signed(g.func.ty(view.left()));
    let pred = match (view.pred(), signed) {
        ("eq", _) => IntPredicate::EQ,
        ("ne", _) => IntPredicate::NE,
        ("lt", false) => IntPredicate::ULT,
        ("le", false) => IntPredicate::ULE,
        ("gt", false) => IntPredicate::UGT,
        ("ge", false) => IntPredicate::UGE,
        ("lt", true) => IntPredicate::SLT,
        ("le", true) => IntPredicate::SLE,
        ("gt", true) => IntPredicate::SGT,
        ("ge", true) => IntPredicate::SGE,
        (other, _) => crate::bug!("arith.cmp has no predicate `{other}`"),
    };
    let value = g.g.build.compare(pred, g.value(view.left()), g.value(view.right()));
    g.set(op, value);
}

pub fn cast(g: &mut FnGen, op: &OpData) {
    let from = ArithCast::of(op).value();
    let value = g.value(from);
    let to = g.g.value_type(g.result_ty(op));
    let extend = if g.g.is_signed(g.func.ty(from)) { Extend::Sign } else { Extend::Zero };
    let build = &g.g.build;
    let value: BasicValueEnum = match (value.is_pointer_value(), to.is_pointer_type()) {
        (true, true) => value,
        (false, true) => build.int_to_ptr(build.resize(value.into_int_value(), 64, extend)).into(),
        (true, false) => build
            .resize(build.ptr_to_int(value.into_pointer_value()), to.into_int_type().get_bit_width(), extend)
            .into(),
        (false, false) => build.resize(value.into_int_value(), to.into_int_type().get_bit_width(), extend).into(),
    };
    g.set(op, value);
}

pub fn bswap(g: &mut FnGen, op: &OpData) {
    let value = g.int(ArithBswap::of(op).value());
    let value = g.bswap(value);
    g.set(op, value);
}

pub fn log2(g: &mut FnGen, op: &OpData) {
    let value = g.int(ArithLog2::of(op).value());
    let number = if g.g.facts.verified { g.by_steps(value, &HIGHEST_BIT, 3) } else { g.highest_bit(value) };
    set_number(g, op, number);
}

/// Halvings and a table, since BPF has no instruction that counts the zeros in front.
pub fn bits(g: &mut FnGen, op: &OpData) {
    let value = g.int(ArithBits::of(op).value());
    let number = g.by_steps(value, &BITS, 7);
    set_number(g, op, number);
}

fn set_number<'c>(g: &mut FnGen<'_, '_, 'c>, op: &OpData, number: IntValue<'c>) {
    let to = g.g.value_type(g.result_ty(op)).into_int_type().get_bit_width();
    let number = g.g.build.resize(number, to, Extend::Zero);
    g.set(op, number);
}

/// What is asked of a number, for each of 4 bits.
const HIGHEST_BIT: [u64; 16] = [0, 0, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3];
const BITS: [u64; 16] = [0, 1, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 4, 4, 4, 4];

impl<'c> FnGen<'_, '_, 'c> {
    /// The number of the highest bit that is set, by an instruction of the processor.
    fn highest_bit(&self, value: IntValue<'c>) -> IntValue<'c> {
        let (build, ty) = (&self.g.build, value.get_type());
        let some = build.or(value, build.int(ty.get_bit_width(), 1));
        let args = [some.into(), build.int(1, 1).into()];
        let call = build.intrinsic(&self.g.module, "llvm.ctlz", &[ty.into()], &args);
        let zeros = call.try_as_basic_value().expect_basic("llvm.ctlz yields a value").into_int_value();
        build.xor(zeros, build.int(ty.get_bit_width(), u64::from(ty.get_bit_width()) - 1))
    }

    /// The same in BPF code, which has no such instruction: by steps that halve the bits, without a branch, and a table for the last 4 bits
    /// in a constant. The verifier would follow each path through branches with another number, and processors guess them wrong.
    fn by_steps(&self, value: IntValue<'c>, table: &[u64; 16], mask: u64) -> IntValue<'c> {
        let build = &self.g.build;
        let bits = value.get_type().get_bit_width();
        if let Some(known) = value.get_zero_extended_constant() {
            let above = (0..64 / 4).rev().find(|place| known >> (place * 4) != 0).unwrap_or(0);
            return build.int(64, above * 4 + table[(known >> (above * 4)) as usize]);
        }
        let mut rest = build.resize(value, 64, Extend::Zero);
        let mut number = build.int(64, 0);
        for step in [32, 16, 8, 4].into_iter().filter(|&step| step < bits) {
            // All of what is above fits 63 bits, so that its negative has the sign of whether it is 0. The assembly keeps LLVM from
            // making a comparison of that, and a branch.
            let above = build.shr(rest, build.int(64, u64::from(step)), false);
            let is_any = build.asm_unary("$0 = -$0\n$0 >>= 63", "=r,0", above);
            let moved = build.shl(is_any, build.int(64, u64::from(step.trailing_zeros())));
            rest = build.shr(rest, moved, false);
            number = build.or(number, moved);
        }
        let table = table.iter().rev().fold(0, |all, one| all << 4 | one);
        let place = build.shl(rest, build.int(64, 2));
        let last = build.shr(build.int(64, table), place, false);
        // The verifier does not follow shifts by a variable.
        let last = build.and(last, build.int(64, mask));
        build.add(number, last)
    }

    /// The bytes reversed.
    pub fn bswap(&self, value: IntValue<'c>) -> IntValue<'c> {
        let ty = value.get_type().into();
        let call = self.g.build.intrinsic(&self.g.module, "llvm.bswap", &[ty], &[value.into()]);
        call.try_as_basic_value().expect_basic("llvm.bswap yields a value").into_int_value()
    }
}

pub fn select(g: &mut FnGen, op: &OpData) {
    let view = ArithSelect::of(op);
    let value = g.g.build.select(g.int(view.condition()), g.value(view.then()), g.value(view.otherwise()));
    g.set(op, value);
}
