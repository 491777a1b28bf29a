//! Removes limits from numbers that the optimisation has found to be constant. In an unrolled loop the index is a
//! constant in each copy; the assembly that bounds it for the verifier would keep the address from being constant. So would the
//! assembly that adds it to a pointer into a packet.

use super::super::module::ModuleGen;
use super::operands::number;
use super::{Rewrite, Run};
use crate::tables::workarounds;
use inkwell::attributes::AttributeLoc;
use inkwell::values::{
    BasicValue, BasicValueEnum, CallSiteValue, InstructionOpcode, InstructionValue, IntValue, Operand, PointerValue,
};

pub(super) static REWRITE: Rewrite =
    Rewrite { workaround: workarounds::KNOWN_LIMITS, after: &[], run: Run::Always(drop_known) };

/// The attribute of a call of assembly that yields its operand where that is at most a limit, which is the attribute's value.
const LIMIT: &str = "ksc-limit";
/// The attribute of a call of assembly that yields the sum of a pointer and a number. Its value is the largest value of the number, or
/// empty if
/// that is unknown.
const SUM: &str = "ksc-sum";

/// Marks a call of assembly that yields a number of at most `limit`.
pub fn mark<'c>(g: &ModuleGen<'_, 'c>, bounded: IntValue<'c>, limit: u64) {
    mark_call(g, bounded.as_instruction(), (LIMIT, &limit.to_string()));
}

/// Marks a call of assembly that yields the sum of a pointer and a number, with the largest value of the number if it is known.
pub fn mark_sum<'c>(g: &ModuleGen<'_, 'c>, sum: PointerValue<'c>, largest: Option<u64>) {
    let largest = largest.map(|largest| largest.to_string()).unwrap_or_default();
    mark_call(g, sum.as_instruction(), (SUM, &largest));
}

/// Gives a call an attribute of this name and value.
pub fn mark_call(g: &ModuleGen, made_by: Option<InstructionValue>, (name, value): (&str, &str)) {
    if let Some(call) = made_by.and_then(|made_by| CallSiteValue::try_from(made_by).ok()) {
        call.add_attribute(AttributeLoc::Function, g.context.create_string_attribute(name, value));
    }
}

/// Whether an instruction is a call with an attribute of this name.
pub fn is_marked(instruction: InstructionValue, name: &str) -> bool {
    marked(instruction, name).is_some()
}

fn marked(instruction: InstructionValue, name: &str) -> Option<String> {
    let is_call = instruction.get_opcode() == InstructionOpcode::Call;
    let call = is_call.then(|| CallSiteValue::try_from(instruction).ok()).flatten()?;
    let value = call.get_string_attribute(AttributeLoc::Function, name)?;
    value.get_string_value().to_str().ok().map(str::to_owned)
}

/// The limit, if an instruction is such a call.
pub fn limit(instruction: InstructionValue) -> Option<u64> {
    marked(instruction, LIMIT)?.parse().ok()
}

/// Whether an instruction is such a sum.
pub fn is_sum(instruction: InstructionValue) -> bool {
    is_marked(instruction, SUM)
}

/// The largest number that is added, if an instruction is such a sum.
pub fn largest_added(instruction: InstructionValue) -> Option<u64> {
    marked(instruction, SUM)?.parse().ok()
}

/// After the optimisation.
fn drop_known(g: &ModuleGen) {
    let blocks = g.module.get_functions().flat_map(|function| function.get_basic_blocks());
    let instructions: Vec<InstructionValue> =
        blocks.flat_map(|block| block.get_instructions().collect::<Vec<_>>()).collect();
    // The numbers first, wherever they are: sums use them.
    let (limits, sums): (Vec<InstructionValue>, Vec<_>) = instructions
        .into_iter()
        .filter(|&made_by| is_sum(made_by) || limit(made_by).is_some())
        .partition(|&made_by| limit(made_by).is_some());
    for instruction in limits {
        if let Some(value) = known(instruction)
            && let Ok(call) = CallSiteValue::try_from(instruction)
        {
            call.try_as_basic_value().expect_basic("it yields a number").into_int_value().replace_all_uses_with(value);
            instruction.erase_from_basic_block();
        }
    }
    for instruction in sums {
        let Some(BasicValueEnum::PointerValue(base)) = instruction.get_operand(0).and_then(Operand::value) else {
            continue;
        };
        if let Some(offset) = number(instruction.get_operand(1)).filter(|offset| offset.is_const()) {
            add_constant(g, instruction, (base, offset));
        }
    }
}

/// The sum becomes a part of each address that it is in, right before that is used.
fn add_constant<'c>(
    g: &ModuleGen<'_, 'c>,
    sum: InstructionValue<'c>,
    (base, offset): (PointerValue<'c>, IntValue<'c>),
) {
    let function = sum.get_parent().and_then(|block| block.get_parent());
    let blocks = function.map(|function| function.get_basic_blocks()).unwrap_or_default();
    for user in blocks.into_iter().flat_map(|block| block.get_instructions().collect::<Vec<_>>()) {
        for at in 0..user.get_num_operands() {
            let operand = user.get_operand(at).and_then(Operand::value);
            if operand.and_then(|operand| operand.as_instruction_value()) != Some(sum) {
                continue;
            }
            // An operand of a phi is computed on the path to the phi, where the sum is.
            let place = if user.get_opcode() == InstructionOpcode::Phi { sum } else { user };
            g.build.before(&place);
            user.set_operand(at, g.build.offset(base, offset));
        }
    }
    sum.erase_from_basic_block();
}

/// The constant that such assembly only hands on.
fn known(call: InstructionValue) -> Option<IntValue> {
    let limit = limit(call)?;
    number(call.get_operand(0)).filter(|v| v.get_zero_extended_constant().is_some_and(|known| known <= limit))
}
