//! Outcomes of comparisons as numbers: BPF has no instruction that compares into a register, so code generation branches and sets 0 or 1.
//! The verifier follows both paths through all that comes later, since the number is known on each.
//!
//! Of two numbers of at most 32 bits the sign of their difference in 64 bits is the outcome, by as many instructions, without a branch. Whether
//! a bit is set is that bit.

use super::super::builder::{Build, Extend};
use super::super::module::ModuleGen;
use super::operands::number;
use super::{Rewrite, Run};
use crate::session::Mcpu;
use crate::tables::workarounds;
use inkwell::IntPredicate;
use inkwell::values::{InstructionOpcode, InstructionValue, IntValue};

pub(super) static REWRITE: Rewrite =
    Rewrite { workaround: workarounds::COMPUTED_BOOLS, after: &[], run: Run::Always(compute) };

/// After the optimisation, which makes comparisons of such differences. Before v3 numbers of 32 bits are extended by two shifts.
fn compute(g: &ModuleGen) {
    if g.cx.options.mcpu < Mcpu::V3 {
        return;
    }
    let blocks = g.module.get_functions().flat_map(|function| function.get_basic_blocks());
    for instruction in blocks.flat_map(|block| block.get_instructions().collect::<Vec<_>>()) {
        let extended =
            (instruction.get_opcode() == InstructionOpcode::ZExt).then(|| number(instruction.get_operand(0)));
        let test = extended.flatten().and_then(|outcome| outcome.as_instruction());
        if let Some(test) = test.filter(|test| test.get_opcode() == InstructionOpcode::ICmp)
            && let Ok(value) = IntValue::try_from(instruction)
            && let Some(outcome) = outcome(&g.build, instruction, test)
        {
            let bits = value.get_type().get_bit_width();
            value.replace_all_uses_with(g.build.resize(outcome, bits, Extend::Zero));
            instruction.erase_from_basic_block();
        }
    }
}

/// The place of the only bit that a number may have which is compared with 0.
fn single_bit(test: InstructionValue) -> Option<u64> {
    let zero = number(test.get_operand(1))?.get_zero_extended_constant()?;
    let masked = number(test.get_operand(0))?.as_instruction()?;
    let mask = number(masked.get_operand(1))?.get_zero_extended_constant()?;
    let is_single = zero == 0 && masked.get_opcode() == InstructionOpcode::And && mask.is_power_of_two();
    is_single.then(|| u64::from(mask.trailing_zeros()))
}

/// The outcome of a test as a number of 64 bits, made before `at`; none for numbers that are too wide, or are signed.
fn outcome<'c>(build: &Build<'c>, at: InstructionValue<'c>, test: InstructionValue<'c>) -> Option<IntValue<'c>> {
    let (left, right) = (number(test.get_operand(0))?, number(test.get_operand(1))?);
    let pred = test.get_icmp_predicate()?;
    if left.get_type().get_bit_width() > 32 {
        return None;
    }
    build.before(&at);
    let [left, right] = [left, right].map(|value| build.resize(value, 64, Extend::Zero));
    let one = build.int(64, 1);
    let more = |value: IntValue<'c>| match value.get_zero_extended_constant() {
        Some(number) => build.int(64, number + 1),
        None => build.add(value, one),
    };
    // Negative where the outcome is 1.
    let difference = match pred {
        IntPredicate::ULT => build.sub(left, right),
        IntPredicate::UGT => build.sub(right, left),
        IntPredicate::ULE => build.sub(left, more(right)),
        IntPredicate::UGE => build.sub(right, more(left)),
        IntPredicate::EQ => build.sub(build.xor(left, right), one),
        IntPredicate::NE => match single_bit(test) {
            Some(bit) => return Some(build.shr(left, build.int(64, bit), false)),
            None => build.sub(build.int(64, 0), build.xor(left, right)),
        },
        IntPredicate::SLT | IntPredicate::SGT | IntPredicate::SLE | IntPredicate::SGE => return None,
    };
    Some(build.shr(difference, build.int(64, 63), false))
}
