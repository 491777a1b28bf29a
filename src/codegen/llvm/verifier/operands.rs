//! Questions about operands that several rewrites ask.

use super::super::module::ModuleGen;
use inkwell::values::{BasicValueEnum, InstructionOpcode, InstructionValue, IntValue, Operand};

/// The integer that an operand is.
pub fn number(operand: Option<Operand>) -> Option<IntValue> {
    let value = operand?.value()?;
    value.is_int_value().then(|| value.into_int_value())
}

/// The operands of an instruction that are values, not blocks.
pub fn operands<'c>(instruction: InstructionValue<'c>) -> impl Iterator<Item = BasicValueEnum<'c>> {
    instruction.get_operands().filter_map(|operand| operand?.value())
}

/// Whether an address is that of a local variable or came as an argument.
pub fn may_be_on_stack(operand: Option<Operand>) -> bool {
    let Some(BasicValueEnum::PointerValue(mut pointer)) = operand.and_then(Operand::value) else { return false };
    loop {
        let Some(made_by) = pointer.as_instruction() else { return !pointer.is_const() };
        if made_by.get_opcode() != InstructionOpcode::GetElementPtr {
            return made_by.get_opcode() == InstructionOpcode::Alloca;
        }
        let base = made_by.get_operand(0).and_then(Operand::value);
        let Some(BasicValueEnum::PointerValue(base)) = base else { return false };
        pointer = base;
    }
}

/// Whether an instruction calls a BPF function, or a helper that does.
pub fn calls_body<'c>(g: &ModuleGen<'_, 'c>, instruction: InstructionValue<'c>) -> bool {
    instruction.get_opcode() == InstructionOpcode::Call
        && operands(instruction).any(|operand| {
            let BasicValueEnum::PointerValue(pointer) = operand else { return false };
            let name = pointer.get_name().to_str().unwrap_or_default();
            let function = g.module.get_function(name).filter(|function| function.count_basic_blocks() > 0);
            function.is_some_and(|function| function.as_global_value().as_pointer_value() == pointer)
        })
}
