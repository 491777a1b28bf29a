//! Stores of constants without a register, after LLVM's optimisation.
//!
//! BPF has always had an instruction that stores a constant of 32 bits, and kernels take it at each level of the instruction set. LLVM
//! makes it from v4 on; before, it loads each constant into a register. So such a store becomes assembly. LLVM joins constants
//! that are stored side by side, which is left to it, and `peephole` makes such stores of its results; zeros were joined before
//! (`joined_stores`).
//!
//! Kernels before 6.4 do not know what such an instruction stores to the stack. Pointers stay stores of registers: one that the verifier
//! does not know to be null would be no pointer to it. They refuse it in a context, which a parameter may be.

use super::joined_stores::{Object, object};
use super::module::ModuleGen;
use super::verifier::operands::number;
use inkwell::basic_block::BasicBlock;
use inkwell::values::{BasicValueEnum, InstructionOpcode, InstructionValue, Operand, PointerValue};
use std::collections::HashSet;

/// In all functions.
pub fn store_all(g: &ModuleGen) {
    for block in g.module.get_functions().flat_map(|function| function.get_basic_blocks()) {
        let constants = constants(block);
        let parts: HashSet<_> = constants.iter().map(Constant::part).collect();
        for constant in constants.iter().filter(|constant| !constant.is_joined(&parts)) {
            g.build.before(&constant.at);
            g.build.asm_store_constant(constant.to, constant.bits, constant.value);
            constant.at.erase_from_basic_block();
        }
    }
}

/// A store of a number that fits in the instruction.
struct Constant<'c> {
    at: InstructionValue<'c>,
    to: PointerValue<'c>,
    object: (Object<'c>, Option<u64>),
    bits: u32,
    value: i64,
}

/// An object, and the offset and size of a part of it.
type Part<'c> = (Object<'c>, Option<u64>, u32);

fn constants(block: BasicBlock<'_>) -> Vec<Constant<'_>> {
    block.get_instructions().filter_map(constant).collect()
}

fn constant(at: InstructionValue<'_>) -> Option<Constant<'_>> {
    let is_plain = at.get_opcode() == InstructionOpcode::Store && at.get_volatile() == Ok(false);
    let stored = number(at.get_operand(0)).filter(|_| is_plain)?;
    let bits = stored.get_type().get_bit_width();
    let value = stored.get_sign_extended_constant().filter(|&value| i32::try_from(value).is_ok())?;
    let Some(BasicValueEnum::PointerValue(to)) = at.get_operand(1).and_then(Operand::value) else { return None };
    // LLVM converts addresses of other spaces before it selects instructions.
    let is_own = to.get_type().get_address_space() == inkwell::AddressSpace::default();
    let is_aligned = at.get_alignment().is_ok_and(|align| align >= bits / 8);
    let object = object(to);
    // An offset that the loader relocates is a part of LLVM's instruction.
    let is_known = match object.0 {
        Object::Variable(_) => true,
        Object::Other(base) => base.is_const() || base.as_instruction().is_some(),
        Object::Unknown => false,
    };
    (matches!(bits, 8 | 16 | 32 | 64) && is_own && is_aligned && is_known).then_some(Constant {
        at,
        to,
        object,
        bits,
        value,
    })
}

impl<'c> Constant<'c> {
    fn part(&self) -> Part<'c> {
        (self.object.0, self.object.1, self.bits)
    }

    /// Whether LLVM makes one constant of it and the other half of the same word.
    fn is_joined(&self, parts: &HashSet<Part<'c>>) -> bool {
        let (object, Some(offset)) = self.object else { return false };
        let size = u64::from(self.bits / 8);
        let other = if offset.is_multiple_of(2 * size) { offset + size } else { offset - size };
        offset.is_multiple_of(size) && self.bits < 64 && parts.contains(&(object, Some(other), self.bits))
    }
}
