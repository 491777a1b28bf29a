//! Removes limits from numbers that the optimisation has found to be constant. In an unrolled loop the index is a
//! constant in each copy; the assembly that bounds it for the verifier would keep the address from being constant.

use super::super::module::ModuleGen;
use super::Rewrite;
use super::operands::number;
use crate::kernels::Kernels;
use inkwell::attributes::AttributeLoc;
use inkwell::values::{CallSiteValue, InstructionOpcode, InstructionValue, IntValue};

pub static REWRITE: Rewrite = Rewrite {
    name: "known-limits",
    after: &[],
    kernels: Kernels::ALL,
    why: "the assembly that bounds an index for the verifier hides from code generation that the index is a constant",
    run: drop_known,
};

/// The attribute of a call of assembly that yields its operand where that is at most a limit, which is the attribute's value.
const LIMIT: &str = "ksc-limit";

pub fn mark<'c>(g: &ModuleGen<'_, 'c>, bounded: IntValue<'c>, limit: u64) {
    let call = bounded.as_instruction().and_then(|made_by| CallSiteValue::try_from(made_by).ok());
    if let Some(call) = call {
        call.add_attribute(AttributeLoc::Function, g.context.create_string_attribute(LIMIT, &limit.to_string()));
    }
}

/// The limit, if an instruction is such a call.
pub fn limit(instruction: InstructionValue) -> Option<u64> {
    let is_call = instruction.get_opcode() == InstructionOpcode::Call;
    let call = is_call.then(|| CallSiteValue::try_from(instruction).ok()).flatten()?;
    call.get_string_attribute(AttributeLoc::Function, LIMIT)?.get_string_value().to_str().ok()?.parse().ok()
}

/// After the optimisation.
fn drop_known(g: &ModuleGen) {
    let blocks = g.module.get_functions().flat_map(|function| function.get_basic_blocks());
    for instruction in blocks.flat_map(|block| block.get_instructions().collect::<Vec<_>>()) {
        if let Some(value) = known(instruction)
            && let Ok(call) = CallSiteValue::try_from(instruction)
        {
            call.try_as_basic_value().expect_basic("it yields a number").into_int_value().replace_all_uses_with(value);
            instruction.erase_from_basic_block();
        }
    }
}

/// The constant that such assembly only hands on.
fn known(call: InstructionValue) -> Option<IntValue> {
    let limit = limit(call)?;
    number(call.get_operand(0)).filter(|v| v.get_zero_extended_constant().is_some_and(|known| known <= limit))
}
