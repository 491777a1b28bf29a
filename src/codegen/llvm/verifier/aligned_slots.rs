//! Keeps spills out of the 8-byte slots of variables.
//!
//! The verifier knows a number on the stack only at the start of a slot of 8 bytes, and forgets it once other bytes of
//! the slot are written (`check_stack_write_fixed_off` in `kernel/bpf/verifier.c`). From v3 on LLVM spills registers of
//! 32 bits to the first 4 of 8 bytes (`GPR32` in `BPFRegisterInfo.td`), and lays what is below the variables into the 4
//! bytes that remain. If a loop counter is spilled there, the verifier takes the second iteration for a repetition of
//! the first.
//!
//! LLVM lays variables out in the order of their `alloca`s, then its spills. If variables are never live together, it may keep the larger
//! ones only. So the larger ones are last, each at the start of 8 bytes.

use super::super::module::ModuleGen;
use super::{Rewrite, Run};
use crate::session::Mcpu;
use crate::tables::workarounds;
use inkwell::targets::TargetData;
use inkwell::values::{InstructionOpcode, InstructionValue};

pub(super) static REWRITE: Rewrite =
    Rewrite { workaround: workarounds::ALIGNED_SLOTS, after: &[], run: Run::Always(keep_from_spills) };

/// The alignment of LLVM's spills, in bytes.
const SPILL: u32 = 8;

/// After the optimisation.
fn keep_from_spills(g: &ModuleGen) {
    if g.cx.options.mcpu < Mcpu::V3 {
        return;
    }
    let layout = &TargetData::create(&g.module.get_data_layout().as_str().to_string_lossy());
    for function in g.module.get_functions() {
        let Some(entry) = function.get_first_basic_block() else { continue };
        let is_slot = |instruction: &InstructionValue| instruction.get_opcode() == InstructionOpcode::Alloca;
        let slots = entry.get_instructions().filter(is_slot);
        let (large, small): (Vec<_>, Vec<_>) = slots.partition(|slot| size(*slot, layout) >= u64::from(SPILL));
        for slot in if large.is_empty() { &small } else { &large } {
            if let Err(error) = slot.set_alignment(SPILL) {
                crate::bug!("a variable cannot be aligned: {error}");
            }
        }
        if !large.is_empty() {
            g.build.move_to_start(entry, &small);
        }
    }
}

fn size(slot: InstructionValue, layout: &TargetData) -> u64 {
    match slot.get_allocated_type() {
        Ok(ty) => layout.get_abi_size(&ty),
        Err(error) => crate::bug!("a variable without a type: {error:?}"),
    }
}
