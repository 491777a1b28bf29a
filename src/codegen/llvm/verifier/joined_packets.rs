//! Extends packet pointers of the context where they are loaded.
//!
//! The context's fields have 32 bits, and the kernel makes pointers of 64 bits of them. Where control joins, LLVM chooses among the loaded
//! numbers and extends the choice. From v3 on instruction selection sees that loads have extended them; before, it makes shifts, and the
//! verifier takes no shift of a pointer. So the choice is one of 64 bits.

use super::super::builder::Extend;
use super::super::module::ModuleGen;
use super::{Rewrite, Run};
use crate::session::Mcpu;
use crate::tables::workarounds;
use inkwell::values::{BasicValue, BasicValueEnum, InstructionOpcode, InstructionValue, IntValue, PhiValue};
use std::collections::HashMap;

pub(super) static REWRITE: Rewrite =
    Rewrite { workaround: workarounds::JOINED_PACKETS, after: &[], run: Run::Always(widen_choices) };

/// After the optimisation, which makes choices of loaded numbers.
fn widen_choices(g: &ModuleGen) {
    if g.cx.options.mcpu >= Mcpu::V3 {
        return;
    }
    let mut choices = Choices { g, wide: HashMap::new() };
    let blocks = g.module.get_functions().flat_map(|function| function.get_basic_blocks());
    for instruction in blocks.flat_map(|block| block.get_instructions().collect::<Vec<_>>()) {
        choices.widen(instruction);
    }
}

struct Choices<'g, 'm, 'c> {
    g: &'g ModuleGen<'m, 'c>,
    /// What chooses among numbers of 64 bits in place of a choice among numbers of 32 bits.
    wide: HashMap<PhiValue<'c>, IntValue<'c>>,
}

impl<'c> Choices<'_, '_, 'c> {
    /// Replaces the extension of a choice that becomes a pointer.
    fn widen(&mut self, extension: InstructionValue<'c>) {
        if extension.get_opcode() != InstructionOpcode::ZExt || !becomes_pointer(extension) {
            return;
        }
        let chosen = extension.get_operand(0).and_then(|operand| phi(operand.value()?));
        let Some(chosen) = chosen.filter(|&chosen| is_of_loads(chosen, &mut Vec::new())) else { return };
        if let Ok(number) = IntValue::try_from(extension) {
            number.replace_all_uses_with(self.wide(chosen));
            extension.erase_from_basic_block();
        }
    }

    /// The choice of 64 bits that is made beside one of 32.
    fn wide(&mut self, narrow: PhiValue<'c>) -> IntValue<'c> {
        if let Some(&wide) = self.wide.get(&narrow) {
            return wide;
        }
        self.g.build.before(&narrow.as_instruction());
        let choice = self.g.build.phi(self.g.context.i64_type().into());
        let number = choice.as_basic_value().into_int_value();
        self.wide.insert(narrow, number);
        for (value, from) in narrow.get_incomings() {
            let wide = match phi(value) {
                Some(inner) => self.wide(inner),
                None => self.extended(value),
            };
            choice.add_incoming(&[(&wide, from)]);
        }
        number
    }

    /// A loaded number, extended right behind the load.
    fn extended(&self, loaded: BasicValueEnum<'c>) -> IntValue<'c> {
        if let Some(next) = loaded.as_instruction_value().and_then(|load| load.get_next_instruction()) {
            self.g.build.before(&next);
        }
        self.g.build.resize(loaded.into_int_value(), 64, Extend::Zero)
    }
}

fn becomes_pointer(extension: InstructionValue) -> bool {
    let mut uses = std::iter::successors(extension.get_first_use(), |found| found.get_next_use());
    uses.any(|found| {
        let user = BasicValueEnum::try_from(found.get_user()).ok().and_then(|user| user.as_instruction_value());
        user.is_some_and(|user| user.get_opcode() == InstructionOpcode::IntToPtr)
    })
}

fn phi(value: BasicValueEnum) -> Option<PhiValue> {
    PhiValue::try_from(value.as_instruction_value()?).ok()
}

/// Whether a choice is among loaded numbers, and others like it; `seen` are those that were asked about.
fn is_of_loads<'c>(choice: PhiValue<'c>, seen: &mut Vec<PhiValue<'c>>) -> bool {
    if seen.contains(&choice) {
        return true;
    }
    seen.push(choice);
    let is_load = |made: InstructionValue| made.get_opcode() == InstructionOpcode::Load;
    choice.get_incomings().all(|(value, _)| match phi(value) {
        Some(inner) => is_of_loads(inner, seen),
        None => value.as_instruction_value().is_some_and(is_load),
    })
}
