//! Keeps a load of a packet's bound and its extension to 64 bits together, before v3.
//!
//! `select i1 %a, i1 true, i1 %b` must yield no poison where `%a` holds, so code generation freezes the operands of `%b`, down to the
//! loads. A freeze between a load of 32 bits and its extension keeps the two from being one instruction. Without 32-bit registers the
//! extension is then two shifts, and the verifier allows no shift of a pointer. So a comparison that is chosen has its bounds from a
//! register that is opaque to code generation.

use super::super::module::ModuleGen;
use super::packet_bounds::{bound, users};
use super::{Rewrite, Run};
use crate::session::Mcpu;
use crate::tables::workarounds;
use inkwell::values::{InstructionOpcode, InstructionValue, IntValue};

pub static REWRITE: Rewrite = Rewrite {
    workaround: workarounds::EXTENDED_BOUNDS,
    after: &[("packet-bounds", "leaves one load of a bound, which must then stay one with its extension")],
    run: Run::Always(settle),
};

/// After the optimisation.
fn settle(g: &ModuleGen) {
    if g.cx.options.mcpu >= Mcpu::V3 {
        return;
    }
    for function in g.module.get_functions() {
        let instructions = function.get_basic_blocks().into_iter().flat_map(|block| block.get_instructions());
        let bounds: Vec<_> = instructions.filter(|&loaded| bound(function, loaded).is_some()).collect();
        for extension in bounds.into_iter().flat_map(users).filter(|user| user.get_opcode() == InstructionOpcode::ZExt)
        {
            if let (true, Ok(value), Some(next)) =
                (is_chosen(extension), IntValue::try_from(extension), extension.get_next_instruction())
            {
                g.build.before(&next);
                let settled = g.build.asm_unary("", "=r,0", value);
                value.replace_all_uses_with(settled);
                // The assembly itself uses the extension.
                if let Some(assembly) = settled.as_instruction() {
                    assembly.set_operand(0, value);
                }
            }
        }
    }
}

/// Whether a comparison of the number, as a pointer or one behind it, is chosen.
fn is_chosen(number: InstructionValue) -> bool {
    users(number).any(|user| {
        let opcode = user.get_opcode();
        let is_pointer = matches!(opcode, InstructionOpcode::IntToPtr | InstructionOpcode::GetElementPtr);
        let mut of_comparison = users(user).filter(|_| opcode == InstructionOpcode::ICmp);
        is_pointer && is_chosen(user) || of_comparison.any(|user| user.get_opcode() == InstructionOpcode::Select)
    })
}
