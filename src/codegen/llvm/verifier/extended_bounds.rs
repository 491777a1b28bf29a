//! Keeps a load of a packet's bound and its extension to 64 bits together.
//!
//! Extensions in several blocks leave the number of 32 bits in a register across blocks. From v3 on it may then be copied by a 32-bit move,
//! which makes a number of the pointer. So each load has one extension, right behind it.
//!
//! `select i1 %a, i1 true, i1 %b` must yield no poison where `%a` holds, so before v3 code generation freezes the operands of `%b`, down to the
//! loads. A freeze between a load of 32 bits and its extension keeps the two from being one instruction. Without 32-bit registers the
//! extension is then two shifts, and the verifier allows no shift of a pointer. So a comparison that is chosen has its bounds from a
//! register that is opaque to code generation.

use super::super::builder::Extend;
use super::super::module::ModuleGen;
use super::packet_bounds::{bound, loads_from_context, users};
use super::{Rewrite, Run};
use crate::session::Mcpu;
use crate::tables::workarounds;
use inkwell::values::{BasicValue, InstructionOpcode, InstructionValue, IntValue, PhiValue};

pub(super) static REWRITE: Rewrite = Rewrite {
    workaround: workarounds::EXTENDED_BOUNDS,
    after: &[("packet-bounds", "leaves one load of a bound, which must then stay one with its extension")],
    run: Run::Always(settle),
};

/// After the optimisation.
fn settle(g: &ModuleGen) {
    for function in g.module.get_functions() {
        let instructions = function.get_basic_blocks().into_iter().flat_map(|block| block.get_instructions());
        // A bound is no pointer any more where only its distance to the other one is used.
        let is_bound = |&loaded: &InstructionValue<'_>| bound(function, loaded).is_some() || loads_from_context(loaded);
        let bounds: Vec<_> = instructions.filter(is_bound).collect();
        for &loaded in &bounds {
            for user in users(loaded).collect::<Vec<_>>() {
                widen(g, user);
            }
            unite(g, loaded);
        }
        if g.cx.options.mcpu >= Mcpu::V3 {
            continue;
        }
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

/// Joins the extensions of loads where the loads themselves are joined and then extended.
fn widen(g: &ModuleGen, join: InstructionValue) {
    let extensions: Vec<_> = users(join).filter(|user| user.get_opcode() == InstructionOpcode::ZExt).collect();
    let Ok(joined) = PhiValue::try_from(join) else { return };
    if extensions.iter().all(|wide| wide.get_type() != g.build.int_type(64).into()) {
        return;
    }
    let loads: Option<Vec<_>> = joined
        .get_incomings()
        .map(|(value, from)| {
            let loaded = value.as_instruction_value()?;
            let is_load = matches!(loaded.get_opcode(), InstructionOpcode::Load | InstructionOpcode::Call);
            Some((IntValue::try_from(loaded).ok()?, is_load.then(|| loaded.get_next_instruction())??, from))
        })
        .collect();
    let Some(loads) = loads else { return };
    g.build.before(&join);
    let wide = g.build.phi(g.build.int_type(64).into());
    for (loaded, next, from) in loads {
        g.build.before(&next);
        wide.add_incoming(&[(&g.build.resize(loaded, 64, Extend::Zero), from)]);
    }
    for extension in extensions.into_iter().filter(|wide| wide.get_type() == g.build.int_type(64).into()) {
        if let (Ok(value), Ok(wide)) = (IntValue::try_from(extension), IntValue::try_from(wide.as_instruction())) {
            value.replace_all_uses_with(wide);
            extension.erase_from_basic_block();
        }
    }
}

/// Makes one extension of all those of a load, behind it.
fn unite(g: &ModuleGen, loaded: InstructionValue) {
    let extensions = users(loaded).filter(|user| user.get_opcode() == InstructionOpcode::ZExt);
    let extensions: Vec<_> = extensions.filter(|wide| wide.get_type() == g.build.int_type(64).into()).collect();
    let (Ok(number), Some(next)) = (IntValue::try_from(loaded), loaded.get_next_instruction()) else { return };
    if extensions.iter().all(|&wide| wide == next) {
        return;
    }
    g.build.before(&next);
    let united = g.build.resize(number, 64, Extend::Zero);
    for extension in extensions {
        if let Ok(value) = IntValue::try_from(extension) {
            value.replace_all_uses_with(united);
            extension.erase_from_basic_block();
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
