//! Addresses stay sums. LLVM makes `p | i` of `p + i` if it knows that no bit is set in both, as with an array on the
//! stack, aligned to 8 bytes, and an index that is one of a few constants. The verifier allows no bit operation on a
//! pointer.
//!
//! So an index that LLVM knows to be small goes through empty assembly, after which LLVM does not know it; so do
//! offsets of elements from which addresses of their parts are computed.
//!
//! The verifier also remembers a number as the sum of another and a large constant. Such a number goes through assembly
//! before it becomes an index.

use super::super::builder::Build;
use super::super::module::ModuleGen;
use super::known_limits;
use super::operands::number;
use super::{Rewrite, Run};
use crate::session::Mcpu;
use crate::tables::workarounds;
use inkwell::types::BasicTypeEnum;
use inkwell::values::{AnyValueEnum, InstructionOpcode, InstructionValue, IntValue, Operand, PhiValue, PointerValue};

pub(super) static REWRITE: Rewrite = Rewrite {
    workaround: workarounds::ADDRESS_SUMS,
    after: &[("known-limits", "leaves constants, which need no assembly")],
    run: Run::Always(keep_sums),
};

/// How many definitions to follow backwards.
const DEPTH: u32 = 8;

/// The verifier refuses to add a number to a pointer if it remembers it as the sum of another one and at least this
/// (`BPF_MAX_VAR_OFF`), whatever was learned of the number since. It remembers one constant, and with a second one nothing
/// (`adjust_reg_min_max_vals` in `kernel/bpf/verifier.c`).
const MAX_OFFSET: u64 = 1 << 29;

/// Constants with at most so many bits are small. Objects of BPF code are aligned to 8 bytes at most.
const BITS: u64 = 8;

/// After the optimisation, right before code is generated.
fn keep_sums(g: &ModuleGen) {
    let blocks = g.module.get_functions().flat_map(|function| function.get_basic_blocks());
    for instruction in blocks.flat_map(|block| block.get_instructions().collect::<Vec<_>>()) {
        if instruction.get_opcode() == InstructionOpcode::GetElementPtr {
            forget_sum(&g.build, instruction);
            hide_indexes(&g.build, instruction);
            hide_alignment(&g.build, instruction);
        } else if instruction.get_opcode() == InstructionOpcode::Add {
            add_halves(g, instruction);
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

/// Forgets the sum behind a byte index, whose operands the verifier may know better than LLVM. Zero is the second
/// constant, after which the verifier remembers none.
fn forget_sum<'c>(build: &Build<'c>, address: InstructionValue<'c>) {
    let of_bytes = address.get_gep_source_element_type().ok().and_then(element_size) == Some(1);
    let last = address.get_num_operands() - 1;
    if let Some(index) = number(address.get_operand(last)).filter(|index| of_bytes && is_sum(*index, DEPTH)) {
        build.before(&address);
        address.set_operand(last, build.asm_unary("$0 += 0", "=r,0", index));
    }
}

/// Whether a number is such a sum, perhaps on one of several paths, or a copy of one. A remainder is a difference.
fn is_sum(value: IntValue, depth: u32) -> bool {
    let Some(made_by) = value.as_instruction().filter(|_| depth > 0) else { return false };
    let is_sum_at = |at: u32| number(made_by.get_operand(at)).is_some_and(|operand| is_sum(operand, depth - 1));
    let varies = |at: u32| number(made_by.get_operand(at)).is_some_and(|operand| !operand.is_constant_int());
    let opcode = made_by.get_opcode();
    if opcode == InstructionOpcode::Phi {
        let Ok(phi) = PhiValue::try_from(made_by) else { return false };
        return phi.get_incomings().any(|(value, _)| value.is_int_value() && is_sum(value.into_int_value(), depth - 1));
    }
    let of = |opcodes: &[InstructionOpcode]| opcodes.contains(&opcode);
    of(&[InstructionOpcode::Sub, InstructionOpcode::Add]) && varies(1)
        || of(&[InstructionOpcode::URem])
        || of(&[InstructionOpcode::Select]) && (is_sum_at(1) || is_sum_at(2))
        || of(&[InstructionOpcode::ZExt, InstructionOpcode::Trunc, InstructionOpcode::Freeze]) && is_sum_at(0)
        || known_limits::limit(made_by).is_some() && is_sum_at(0)
}

/// A large constant is added in two halves. Before v3 sums of 32 bits are added up in 64.
fn add_halves<'c>(g: &ModuleGen<'_, 'c>, sum: InstructionValue<'c>) {
    let (Some(value), Some(constant)) = (number(sum.get_operand(0)), number(sum.get_operand(1))) else { return };
    let Some(constant) = constant.get_sign_extended_constant() else { return };
    let class = match value.get_type().get_bit_width() {
        64 => "r",
        32 if g.cx.options.mcpu >= Mcpu::V3 => "w",
        _ => return,
    };
    // A larger constant is no operand of an instruction, and the verifier does not remember it.
    if !(MAX_OFFSET..=1 << 31).contains(&constant.unsigned_abs()) {
        return;
    }
    let half = constant / 2;
    let text = format!("$0 += {half}\n\t$0 += {}", constant - half);
    g.build.before(&sum);
    let halves = g.build.asm_unary(&text, &format!("={class},0"), value);
    if let Some(halves) = halves.as_instruction() {
        sum.replace_all_uses_with(&halves);
        sum.erase_from_basic_block();
    }
}

/// LLVM knows the low bits of the address of an element of even size, to which a part's offset is added.
fn hide_alignment<'c>(build: &Build<'c>, address: InstructionValue<'c>) {
    let size = address.get_gep_source_element_type().ok().and_then(size);
    let index =
        number(address.get_operand(1)).filter(|index| !index.is_constant_int() && address.get_num_operands() == 2);
    let (Some(size), Some(index), Some(base)) = (size, index, pointer(address.get_operand(0))) else { return };
    if size % 2 == 0 && index.get_type().get_bit_width() == 64 && is_computed_with(address) {
        build.before(&address);
        let offset = build.mul(index, build.int(64, size));
        let hidden = build.offset(base, build.asm_unary("", "=r,0", offset));
        if let Some(hidden) = hidden.as_instruction() {
            address.replace_all_uses_with(&hidden);
            address.erase_from_basic_block();
        }
    }
}

/// Bytes of what the last index of an address counts.
fn element_size(ty: BasicTypeEnum) -> Option<u64> {
    if ty.is_array_type() { element_size(ty.into_array_type().get_element_type()) } else { size(ty) }
}

/// Whether something else than a load or store uses an address.
fn is_computed_with(address: InstructionValue) -> bool {
    let memory = [InstructionOpcode::Load, InstructionOpcode::Store];
    let mut next = address.get_first_use();
    while let Some(of) = next {
        let AnyValueEnum::InstructionValue(user) = of.get_user() else { return true };
        if !memory.contains(&user.get_opcode()) {
            return true;
        }
        next = of.get_next_use();
    }
    false
}

/// Bytes of what LLVM makes elements of: numbers, and arrays of them.
fn size(ty: BasicTypeEnum) -> Option<u64> {
    if ty.is_int_type() {
        return Some(u64::from(ty.into_int_type().get_bit_width()) / 8);
    }
    let array = ty.is_array_type().then(|| ty.into_array_type())?;
    Some(size(array.get_element_type())? * u64::from(array.len()))
}

fn pointer(operand: Option<Operand>) -> Option<PointerValue> {
    let value = operand?.value()?;
    value.is_pointer_value().then(|| value.into_pointer_value())
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
