//! Differences that are at least zero, which LLVM's passes make one intrinsic of. BPF's instruction selection takes three branches and
//! a register for that; a comparison and a choice are one branch.

use super::super::module::ModuleGen;
use super::operands::number;
use super::{Rewrite, Run};
use crate::tables::workarounds;
use inkwell::IntPredicate;
use inkwell::values::{BasicValueEnum, InstructionOpcode, InstructionValue, IntValue, Operand};

pub(super) static REWRITE: Rewrite =
    Rewrite { workaround: workarounds::SATURATED_DIFFERENCES, after: &[], run: Run::Always(split) };

/// After the optimisation.
fn split(g: &ModuleGen) {
    let blocks = g.module.get_functions().flat_map(|function| function.get_basic_blocks());
    for instruction in blocks.flat_map(|block| block.get_instructions().collect::<Vec<_>>()) {
        if is_difference(instruction)
            && let (Some(left), Some(right)) = (number(instruction.get_operand(0)), number(instruction.get_operand(1)))
            && let Ok(call) = IntValue::try_from(instruction)
        {
            g.build.before(&instruction);
            let is_more = g.build.compare(IntPredicate::UGT, left.into(), right.into());
            let difference = g.build.sub(left, right);
            let none = left.get_type().const_zero();
            let chosen = g.build.select(is_more, difference.into(), none.into()).into_int_value();
            call.replace_all_uses_with(chosen);
            instruction.erase_from_basic_block();
        }
    }
}

fn is_difference(instruction: InstructionValue) -> bool {
    let last = instruction.get_num_operands().checked_sub(1).and_then(|last| instruction.get_operand(last));
    let Some(BasicValueEnum::PointerValue(callee)) = last.and_then(Operand::value) else { return false };
    instruction.get_opcode() == InstructionOpcode::Call && callee.get_name().to_bytes().starts_with(b"llvm.usub.sat.")
}
