//! Loads of an event's record at offsets that the loader relocates (CO-RE).
//!
//! The record is the context of the program, and the verifier takes loads of a context only at constant offsets. LLVM's optimisation moves
//! relocated offsets away from the loads, and merges loads at different ones. So until its end such a load is assembly
//! (`Build::asm_record_load`), of a context and an address that LLVM's pass for CO-RE makes. Here it becomes a load at that address,
//! computed right before it, for which instruction selection emits one instruction with a relocation.

use super::super::module::ModuleGen;
use super::operands::operands;
use super::{Rewrite, Run};
use crate::tables::workarounds;
use inkwell::attributes::AttributeLoc;
use inkwell::types::BasicTypeEnum;
use inkwell::values::{
    BasicValue, BasicValueEnum, CallSiteValue, GlobalValue, InstructionOpcode, InstructionValue, Operand, PhiValue,
    PointerValue,
};

pub(super) static REWRITE: Rewrite = Rewrite {
    workaround: workarounds::RECORD_LOADS,
    after: &[("context-choices", "finds loads of the context, which look like others behind this rewrite")],
    run: Run::Always(load_all),
};

/// The attribute of the assembly that replaces a load.
const MARK: &str = "record-load";

/// How many joins and steps lead to a relocated offset at most.
const DEPTH: u32 = 16;

/// A value of this type at a place in a context; `name` is that of the field.
pub fn load<'c>(
    g: &ModuleGen<'_, 'c>,
    ty: BasicTypeEnum<'c>,
    (ctx, place): (PointerValue<'c>, PointerValue<'c>),
    name: String,
) -> BasicValueEnum<'c> {
    let call = g.build.asm_record_load(ty, (ctx, place), name);
    call.add_attribute(AttributeLoc::Function, g.context.create_string_attribute(MARK, ""));
    call.try_as_basic_value().expect_basic("the assembly yields a value")
}

/// Whether an instruction replaces a load of a record.
pub fn is_record_load(instruction: InstructionValue) -> bool {
    let is_call = instruction.get_opcode() == InstructionOpcode::Call;
    let call = is_call.then(|| CallSiteValue::try_from(instruction).ok()).flatten();
    call.is_some_and(|call| call.get_string_attribute(AttributeLoc::Function, MARK).is_some())
}

/// After the optimisation.
fn load_all(g: &ModuleGen) {
    let blocks = g.module.get_functions().flat_map(|function| function.get_basic_blocks());
    let all: Vec<InstructionValue> = blocks.flat_map(|block| block.get_instructions().collect::<Vec<_>>()).collect();
    for instruction in all.into_iter().filter(|&instruction| is_record_load(instruction)) {
        make_load(g, instruction);
        // Code generation drops the address, which nothing else uses.
        instruction.erase_from_basic_block();
    }
}

fn pointer(instruction: InstructionValue<'_>, at: u32) -> PointerValue<'_> {
    match instruction.get_operand(at).and_then(Operand::value) {
        Some(BasicValueEnum::PointerValue(pointer)) => pointer,
        _ => crate::bug!("a load of a record has two addresses"),
    }
}

fn make_load<'c>(g: &ModuleGen<'_, 'c>, instruction: InstructionValue<'c>) {
    let (ctx, place) = (pointer(instruction, 0), pointer(instruction, 1));
    let Some(variable) = place.as_instruction().and_then(|place| relocation(g, place, DEPTH)) else {
        crate::bug!("the address of a field of a record has a relocation");
    };
    g.build.before(&instruction);
    let offset = g.build.load(g.build.int_type(64).into(), variable.as_pointer_value(), 8).into_int_value();
    let address = g.build.offset(ctx, offset);
    let made = CallSiteValue::try_from(instruction).ok().and_then(|call| call.try_as_basic_value().basic());
    match made {
        Some(BasicValueEnum::IntValue(made)) => {
            let ty = made.get_type();
            let value = g.build.load(ty.into(), address, u64::from(ty.get_bit_width() / 8));
            made.replace_all_uses_with(value.into_int_value());
        }
        Some(BasicValueEnum::PointerValue(made)) => {
            let value = g.build.load(made.get_type().into(), address, 8);
            made.replace_all_uses_with(value.into_pointer_value());
        }
        _ => crate::bug!("a record has numbers and pointers"),
    }
}

/// The variable from which LLVM reads the offset of an address: where paths join, all are of the same field.
fn relocation<'c>(g: &ModuleGen<'_, 'c>, made_by: InstructionValue<'c>, depth: u32) -> Option<GlobalValue<'c>> {
    if depth == 0 {
        return None;
    }
    if made_by.get_opcode() == InstructionOpcode::Load {
        return g.module.get_global(pointer(made_by, 0).get_name().to_str().ok()?);
    }
    let from = |value: BasicValueEnum<'c>| value.as_instruction_value().and_then(|from| relocation(g, from, depth - 1));
    if let Ok(phi) = PhiValue::try_from(made_by) {
        return phi.get_incomings().find_map(|(value, _)| from(value));
    }
    // The offset is the last operand of an address.
    let mut values: Vec<_> = operands(made_by).collect();
    values.reverse();
    values.into_iter().find_map(from)
}
