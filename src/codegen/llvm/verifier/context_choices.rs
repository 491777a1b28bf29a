//! Choices between two fields of the context.
//!
//! Instruction selection makes one load at a chosen address of a choice between two loads. The verifier takes no address into
//! the context but the context's own plus a constant, so one of the loaded values goes through a register first.

use super::super::builder::{Build, Extend};
use super::super::module::ModuleGen;
use super::operands::operands;
use super::record_loads::is_record_load;
use super::{Rewrite, Run};
use crate::tables::workarounds;
use inkwell::values::{BasicValue, BasicValueEnum, InstructionOpcode, InstructionValue};

pub(super) static REWRITE: Rewrite =
    Rewrite { workaround: workarounds::CONTEXT_CHOICES, after: &[], run: Run::Always(settle_choices) };

/// What LLVM makes of a load behind `llvm.preserve.static.offset`.
const LOAD_OF_CONTEXT: &str = "llvm.bpf.getelementptr.and.load";

/// After the optimisation, which makes choices of branches.
fn settle_choices(g: &ModuleGen) {
    let blocks = g.module.get_functions().flat_map(|function| function.get_basic_blocks());
    for instruction in blocks.flat_map(|block| block.get_instructions()) {
        if instruction.get_opcode() == InstructionOpcode::Select {
            settle(&g.build, instruction);
        }
    }
}

fn settle<'c>(build: &Build<'c>, choice: InstructionValue<'c>) {
    let [_, left, right] = operands(choice).collect::<Vec<_>>()[..] else { return };
    if !(is_load(left) && is_load(right) && (is_of_context(left) || is_of_context(right))) {
        return;
    }
    build.before(&choice);
    let opaque = match left {
        BasicValueEnum::PointerValue(pointer) => build.asm_pointer(pointer).into(),
        BasicValueEnum::IntValue(number) => {
            let wide = build.asm_unary("", "=r,0", build.resize(number, 64, Extend::Zero));
            build.resize(wide, number.get_type().get_bit_width(), Extend::Zero).into()
        }
        BasicValueEnum::ArrayValue(_)
        | BasicValueEnum::FloatValue(_)
        | BasicValueEnum::StructValue(_)
        | BasicValueEnum::VectorValue(_)
        | BasicValueEnum::ScalableVectorValue(_) => left,
    };
    choice.set_operand(1, opaque);
}

fn is_load(value: BasicValueEnum) -> bool {
    value.as_instruction_value().is_some_and(|made_by| made_by.get_opcode() == InstructionOpcode::Load)
        || is_of_context(value)
}

fn is_of_context(value: BasicValueEnum) -> bool {
    value.as_instruction_value().filter(|made_by| made_by.get_opcode() == InstructionOpcode::Call).is_some_and(|call| {
        let mut operands = operands(call);
        is_record_load(call)
            || operands.any(|operand| {
                let BasicValueEnum::PointerValue(callee) = operand else { return false };
                callee.get_name().to_str().is_ok_and(|name| name.starts_with(LOAD_OF_CONTEXT))
            })
    })
}
