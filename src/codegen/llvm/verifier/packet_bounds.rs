//! Loads the packet's bounds once. Inlined code loads them again, and LLVM does not know that calls between the loads leave them as they
//! are: in a module in which nothing moves packets they never change.
//!
//! The kernel gives the pointers of all such loads one identity, so a bound of one holds for the others.

use super::super::module::ModuleGen;
use super::operands::{number, operands};
use super::{Rewrite, Run};
use crate::tables::workarounds;
use inkwell::basic_block::BasicBlock;
use inkwell::values::{
    BasicValue, BasicValueEnum, FunctionValue, InstructionOpcode, InstructionValue, IntValue, PointerValue,
};
use std::collections::HashMap;

pub(super) static REWRITE: Rewrite =
    Rewrite { workaround: workarounds::PACKET_BOUNDS, after: &[], run: Run::Always(share) };

/// After the optimisation.
fn share(g: &ModuleGen) {
    if g.ir.funcs.iter().any(|func| func.walk().into_iter().any(|op| func.ops[op].moves_packet())) {
        return;
    }
    for function in g.module.get_functions() {
        let Some(entry) = function.get_first_basic_block() else { continue };
        let mut first: HashMap<(PointerValue, u64), IntValue> = HashMap::new();
        for block in function.get_basic_blocks() {
            for instruction in block.get_instructions().collect::<Vec<_>>() {
                let Some(bound) = bound(function, instruction) else { continue };
                let Ok(value) = IntValue::try_from(instruction) else { continue };
                if let Some(&known) = first.get(&bound) {
                    value.replace_all_uses_with(known);
                    instruction.erase_from_basic_block();
                } else if block == entry || from_block(bound.0) == Some(block) {
                    first.insert(bound, value);
                }
            }
        }
    }
}

/// The context and the offset in it, if an instruction loads a number from a context to make a pointer of it.
pub(super) fn bound<'c>(
    function: FunctionValue<'c>,
    instruction: InstructionValue<'c>,
) -> Option<(PointerValue<'c>, u64)> {
    let loaded = instruction.get_opcode();
    let intrinsic = loads_from_context(instruction);
    if !is_pointer(instruction) || loaded != InstructionOpcode::Load && !intrinsic {
        return None;
    }
    let Some(BasicValueEnum::PointerValue(from)) = operands(instruction).next() else { return None };
    let is_param = function.get_param_iter().any(|param| param == BasicValueEnum::PointerValue(from));
    if !is_param && from_block(from).is_none() {
        return None;
    }
    if !intrinsic {
        return Some((from, 0));
    }
    // The last operand is the callee, and the one before it the offset.
    let offset = number(instruction.get_operand(instruction.get_num_operands().checked_sub(2)?))?;
    Some((from, offset.get_zero_extended_constant()?))
}

/// The block in which a context is made opaque.
fn from_block(from: PointerValue<'_>) -> Option<BasicBlock<'_>> {
    let made = from.as_instruction().filter(|made| made.get_opcode() == InstructionOpcode::Call)?;
    made.get_parent()
}

/// Whether it is LLVM's intrinsic for a load at a constant offset of a context.
pub(super) fn loads_from_context(call: InstructionValue) -> bool {
    if call.get_opcode() != InstructionOpcode::Call {
        return false;
    }
    let last =
        call.get_num_operands().checked_sub(1).map(|last| call.get_operand(last).and_then(|operand| operand.value()));
    let Some(Some(BasicValueEnum::PointerValue(callee))) = last else { return false };
    callee.get_name().to_bytes().starts_with(b"llvm.bpf.getelementptr.and.load.")
}

/// Whether the number is extended and made a pointer.
fn is_pointer(loaded: InstructionValue) -> bool {
    let wide = users(loaded).filter(|user| user.get_opcode() == InstructionOpcode::ZExt);
    wide.flat_map(users).any(|user| user.get_opcode() == InstructionOpcode::IntToPtr)
}

/// The instructions that use another.
pub(super) fn users<'c>(of: InstructionValue<'c>) -> impl Iterator<Item = InstructionValue<'c>> {
    let uses = std::iter::successors(of.get_first_use(), |found| found.get_next_use());
    uses.filter_map(|found| BasicValueEnum::try_from(found.get_user()).ok()?.as_instruction_value())
}
