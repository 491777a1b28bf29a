//! Splits products of 128 bits, for which BPF has no instruction and no function.
//!
//! From `-O2` on LLVM recognises partial products of 32 bits that add up to the upper half of a product (its pass
//! `AggressiveInstCombine`), and makes one of 128 bits. This makes partial products of it again.

use super::super::builder::{Build, Extend};
use super::super::module::ModuleGen;
use super::operands::number;
use super::{Rewrite, Run};
use crate::tables::workarounds;
use inkwell::values::{InstructionOpcode, InstructionValue, IntValue};

pub(super) static REWRITE: Rewrite =
    Rewrite { workaround: workarounds::WIDE_PRODUCTS, after: &[], run: Run::Always(split_wide) };

/// After the optimisation.
fn split_wide(g: &ModuleGen) {
    let blocks = g.module.get_functions().flat_map(|function| function.get_basic_blocks());
    for instruction in blocks.flat_map(|block| block.get_instructions().collect::<Vec<_>>()) {
        if instruction.get_opcode() == InstructionOpcode::Mul
            && let (Some(left), Some(right)) = (number(instruction.get_operand(0)), number(instruction.get_operand(1)))
            && left.get_type().get_bit_width() == 128
            && let Ok(whole) = IntValue::try_from(instruction)
        {
            whole.replace_all_uses_with(product(&g.build, instruction, left, right));
            instruction.erase_from_basic_block();
        }
    }
}

/// The lower 128 bits of a product.
fn product<'c>(build: &Build<'c>, at: InstructionValue<'c>, left: IntValue<'c>, right: IntValue<'c>) -> IntValue<'c> {
    build.before(&at);
    let (left, right) = (halves(build, left, 128), halves(build, right, 128));
    let crossed = build.add(build.mul(left.low, right.high), build.mul(left.high, right.low));
    let high = build.add(upper_half(build, left.low, right.low), crossed);
    let low = build.resize(build.mul(left.low, right.low), 128, Extend::Zero);
    let high = build.shl(build.resize(high, 128, Extend::Zero), build.int(128, 64));
    build.or(low, high)
}

/// The upper half of the product of two numbers of 64 bits.
fn upper_half<'c>(build: &Build<'c>, left: IntValue<'c>, right: IntValue<'c>) -> IntValue<'c> {
    let wide = |half| build.resize(half, 64, Extend::Zero);
    let (left, right) = (halves(build, left, 64), halves(build, right, 64));
    let [a, b, c, d] = [left.low, left.high, right.low, right.high].map(wide);
    let shift = build.int(64, 32);
    let carried = build.shr(build.mul(a, c), shift, false);
    let middle = build.add(build.mul(b, c), carried);
    let lower = build.and(middle, build.int(64, u64::from(u32::MAX)));
    let lower = build.add(build.mul(a, d), lower);
    let carries = build.add(build.shr(middle, shift, false), build.shr(lower, shift, false));
    build.add(build.mul(b, d), carries)
}

struct Halves<'c> {
    low: IntValue<'c>,
    high: IntValue<'c>,
}

fn halves<'c>(build: &Build<'c>, whole: IntValue<'c>, bits: u32) -> Halves<'c> {
    let high = build.shr(whole, build.int(bits, u64::from(bits / 2)), false);
    Halves { low: build.resize(whole, bits / 2, Extend::Zero), high: build.resize(high, bits / 2, Extend::Zero) }
}
