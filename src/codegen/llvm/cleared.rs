//! Large clearings, after LLVM's optimisation.
//!
//! LLVM makes stores of a `llvm.memset`, up to 128; beyond it calls a function, which BPF does not have. `memory` emits no more stores than
//! that, but LLVM joins those of neighbouring memory. So larger ones are split again.

use super::memory::MAX_STORES;
use super::module::ModuleGen;
use super::verifier::operands::number;
use inkwell::attributes::{Attribute, AttributeLoc};
use inkwell::values::{BasicValueEnum, CallSiteValue, InstructionOpcode, InstructionValue, Operand, PointerValue};

/// In all functions.
pub fn split_all(g: &ModuleGen) {
    for block in g.module.get_functions().flat_map(|function| function.get_basic_blocks()) {
        for clearing in block.get_instructions().filter_map(clearing).collect::<Vec<_>>() {
            split(g, &clearing);
        }
    }
}

struct Clearing<'c> {
    at: InstructionValue<'c>,
    to: PointerValue<'c>,
    align: u64,
    size: u64,
}

/// One that LLVM would not make stores of.
fn clearing(at: InstructionValue<'_>) -> Option<Clearing<'_>> {
    if at.get_opcode() != InstructionOpcode::Call {
        return None;
    }
    let call = CallSiteValue::try_from(at).ok()?;
    let callee = call.get_called_fn_value()?;
    if !callee.get_name().to_bytes().starts_with(b"llvm.memset.") {
        return None;
    }
    let size = number(at.get_operand(2))?.get_zero_extended_constant()?;
    let Some(BasicValueEnum::PointerValue(to)) = at.get_operand(0).and_then(Operand::value) else { return None };
    let align = call.get_enum_attribute(AttributeLoc::Param(0), Attribute::get_named_enum_kind_id("align"));
    let align = align.map_or(1, Attribute::get_enum_value).clamp(1, 8);
    (size.div_ceil(align) > MAX_STORES).then_some(Clearing { at, to, align, size })
}

fn split<'c>(g: &ModuleGen<'_, 'c>, clearing: &Clearing<'c>) {
    let Some(value) = clearing.at.get_operand(1).and_then(Operand::value) else { return };
    g.build.before(&clearing.at);
    let part = clearing.align * MAX_STORES;
    let mut at = 0;
    while at < clearing.size {
        let (to, size) = (g.build.offset(clearing.to, g.build.int(64, at)), part.min(clearing.size - at));
        let args = [to.into(), value.into(), g.build.int(64, size).into(), g.build.int(1, 0).into()];
        let call =
            g.build.intrinsic(&g.module, "llvm.memset", &[to.get_type().into(), g.build.int_type(64).into()], &args);
        call.set_alignment_attribute(AttributeLoc::Param(0), clearing.align as u32);
        at += size;
    }
    clearing.at.erase_from_basic_block();
}
