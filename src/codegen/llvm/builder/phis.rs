//! Phis.

use super::{Build, made};
use inkwell::types::BasicTypeEnum;
use inkwell::values::{InstructionOpcode, PhiValue};
use std::collections::HashMap;

impl<'c> Build<'c> {
    pub fn phi(&self, ty: BasicTypeEnum<'c>) -> PhiValue<'c> {
        made(self.builder.build_phi(ty, ""))
    }

    /// Makes a phi of an integer one of 64 bits.
    pub fn widen_phi(&self, narrow: PhiValue<'c>) {
        let instruction = narrow.as_instruction();
        let Some(block) = instruction.get_parent() else { crate::bug!("a phi stands in a block") };
        let mut ends = HashMap::new();
        self.builder.position_before(&instruction);
        let wide = self.phi(self.int_type(64).into());
        for (value, from) in narrow.get_incomings() {
            let extended = *ends.entry(from).or_insert_with(|| {
                let Some(end) = from.get_terminator() else { crate::bug!("a block without an end") };
                self.builder.position_before(&end);
                made(self.builder.build_int_z_extend(value.into_int_value(), self.int_type(64), ""))
            });
            wide.add_incoming(&[(&extended, from)]);
        }
        let Some(first) = block.get_instructions().find(|one| one.get_opcode() != InstructionOpcode::Phi) else {
            crate::bug!("a block without an end")
        };
        self.builder.position_before(&first);
        let old = narrow.as_basic_value().into_int_value();
        let new = made(self.builder.build_int_truncate(wide.as_basic_value().into_int_value(), old.get_type(), ""));
        old.replace_all_uses_with(new);
        instruction.erase_from_basic_block();
    }
}
