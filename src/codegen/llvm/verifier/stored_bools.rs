//! Bools on the stack: BPF has no instruction that compares into a register, so LLVM branches and stores 0 or 1. The
//! verifier knows which bytes on the stack are zero, and follows the code after the store once for each combination: an
//! array of ten bools would be a thousand paths.
//!
//! So a value that is zero on one path goes through `bpf.forget` before it is stored: after the store the verifier
//! prunes all paths but one.

use super::super::builder::{Build, Extend};
use super::super::module::ModuleGen;
use super::operands::{may_be_on_stack, number};
use super::{Rewrite, Run};
use crate::tables::workarounds;
use inkwell::values::{InstructionOpcode, InstructionValue, IntValue, PhiValue};

pub(super) static REWRITE: Rewrite = Rewrite {
    workaround: workarounds::STORED_BOOLS,
    after: &[("computed-bools", "makes bools unknown without an instruction more")],
    run: Run::Always(forget_choices),
};

/// How many definitions to follow backwards.
const DEPTH: u32 = 6;

/// The widths of stores that the verifier keeps as bytes of the stack. A store of 64 bits spills a register, which the verifier compares
/// only as precisely as the program uses it.
const WIDTHS: [u32; 3] = [8, 16, 32];

/// After the optimisation, which looks through bools.
fn forget_choices(g: &ModuleGen) {
    let blocks = g.module.get_functions().flat_map(|function| function.get_basic_blocks());
    for instruction in blocks.flat_map(|block| block.get_instructions()) {
        if instruction.get_opcode() == InstructionOpcode::Store
            && let Some(value) = number(instruction.get_operand(0))
            // LLVM makes numbers of other widths too, of parts of structs that it stores at once.
            && WIDTHS.contains(&value.get_type().get_bit_width())
            && is_chosen(value, DEPTH)
            && may_be_on_stack(instruction.get_operand(1))
        {
            forget(&g.build, instruction, value);
        }
    }
}

fn forget<'c>(build: &Build<'c>, store: InstructionValue<'c>, value: IntValue<'c>) {
    build.before(&store);
    let bits = value.get_type().get_bit_width();
    let wide = build.resize(value, 64, Extend::Zero);
    let unknown = build.asm_forget(wide);
    store.set_operand(0, build.resize(unknown, bits, Extend::Zero));
}

/// Whether a number is zero on one of the paths to it.
pub fn is_choice(value: IntValue) -> bool {
    is_chosen(value, DEPTH)
}

/// Whether a number is zero on one of the paths to it, so that the verifier knows it there.
fn is_chosen(value: IntValue, depth: u32) -> bool {
    let bits = value.get_type().get_bit_width();
    let Some(made_by) = value.as_instruction().filter(|_| depth > 0) else { return false };
    // A comparison, or a value computed from some.
    if bits == 1 {
        return true;
    }
    let opcode = made_by.get_opcode();
    let chosen = |value: IntValue| is_chosen(value, depth - 1);
    let choice = |value: IntValue| value.get_zero_extended_constant() == Some(0) || chosen(value);
    let operands = || made_by.get_operands().filter_map(number);
    if opcode == InstructionOpcode::Phi {
        let Ok(phi) = PhiValue::try_from(made_by) else { return false };
        return phi.get_incomings().any(|(value, _)| value.is_int_value() && choice(value.into_int_value()));
    }
    let through = [
        InstructionOpcode::ZExt,
        InstructionOpcode::Trunc,
        InstructionOpcode::And,
        InstructionOpcode::Or,
        InstructionOpcode::Xor,
    ];
    // The first operand of a select is its condition.
    opcode == InstructionOpcode::Select && operands().skip(1).any(choice)
        || through.contains(&opcode) && operands().any(chosen)
}
