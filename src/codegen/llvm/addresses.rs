//! Addresses stay sums: LLVM makes `p | i` of `p + i` where it knows that no bit is set in both, as with an array on the
//! stack, aligned to 8 bytes, and an index that is one of a few constants. The verifier allows no bit operation on a pointer.
//!
//! So an index of which LLVM knows that it is small goes through assembly without instructions, after which it is unknown.

use super::builder::Build;
use super::module::ModuleGen;
use inkwell::values::{BasicValueEnum, InstructionOpcode, InstructionValue, IntValue, Operand, PhiValue};

/// How far to look for where a number comes from.
const DEPTH: u32 = 8;

/// Constants with at most so many bits are small. Objects of BPF code are aligned to 8 bytes at most.
const BITS: u64 = 8;

/// After the optimisation, right before code is generated.
pub fn keep_sums(g: &ModuleGen) {
    let blocks = g.module.get_functions().flat_map(|function| function.get_basic_blocks());
    for instruction in blocks.flat_map(|block| block.get_instructions()) {
        if instruction.get_opcode() == InstructionOpcode::GetElementPtr {
            hide_indexes(&g.build, instruction);
        }
    }
}

fn hide_indexes<'c>(build: &Build<'c>, address: InstructionValue<'c>) {
    for at in 1..address.get_num_operands() {
        if let Some(index) = number(address.get_operand(at))
            && !index.is_constant_int()
            && index.get_type().get_bit_width() == 64
            && is_small(index, DEPTH)
        {
            build.before(&address);
            address.set_operand(at, build.asm_unary("", "=r,0", index));
        }
    }
}

/// The integer that an operand is.
pub fn number(operand: Option<Operand>) -> Option<IntValue> {
    match operand?.value()? {
        BasicValueEnum::IntValue(number) => Some(number),
        BasicValueEnum::PointerValue(_)
        | BasicValueEnum::ArrayValue(_)
        | BasicValueEnum::FloatValue(_)
        | BasicValueEnum::StructValue(_)
        | BasicValueEnum::VectorValue(_)
        | BasicValueEnum::ScalableVectorValue(_) => None,
    }
}

/// Whether LLVM may know that only low bits of a number are set: it looks through phis, masks and shifts, not through memory
/// and calls.
fn is_small(value: IntValue, depth: u32) -> bool {
    if let Some(constant) = value.get_zero_extended_constant() {
        return constant < 1 << BITS;
    }
    let Some(made_by) = value.as_instruction().filter(|_| depth > 0) else { return false };
    if value.get_type().get_bit_width() < BITS as u32 {
        return true;
    }
    let small = |at: u32| number(made_by.get_operand(at)).is_some_and(|operand| is_small(operand, depth - 1));
    let opcode = made_by.get_opcode();
    if opcode == InstructionOpcode::Phi {
        return phi_is_small(made_by, depth);
    }
    let constant = |at: u32| number(made_by.get_operand(at)).is_some_and(|operand| operand.is_constant_int());
    let of = |opcodes: &[InstructionOpcode]| opcodes.contains(&opcode);
    of(&[InstructionOpcode::Select]) && small(1) && small(2)
        || of(&[InstructionOpcode::ZExt, InstructionOpcode::Trunc, InstructionOpcode::UDiv]) && small(0)
        || of(&[InstructionOpcode::And]) && (small(0) || small(1))
        || of(&[InstructionOpcode::Or, InstructionOpcode::Xor]) && small(0) && small(1)
        || of(&[InstructionOpcode::Add, InstructionOpcode::Mul, InstructionOpcode::Shl]) && small(0) && small(1)
        || of(&[InstructionOpcode::URem]) && small(1)
        || of(&[InstructionOpcode::LShr]) && (small(0) || constant(1))
}

fn phi_is_small(phi: InstructionValue, depth: u32) -> bool {
    let Ok(phi) = PhiValue::try_from(phi) else { return false };
    phi.get_incomings().all(|(value, _)| value.is_int_value() && is_small(value.into_int_value(), depth - 1))
}
