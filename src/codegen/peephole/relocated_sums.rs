//! Sums of a register and an offset that the loader relocates (CO-RE).
//!
//! LLVM has the offset of a field in a register, with the relocation, and adds that to the address of the struct. The addition takes a
//! constant too, and loaders relocate the constant of any arithmetic (`bpf_core_patch_insn` of tools/lib/bpf/relo_core.c).

use super::code::Code;
use super::demand;
use super::effects::{Registers, effects, has_immediate};
use super::flow::Flow;
use ks_vm::alu::Alu;
use ks_vm::decode::{Insn, Op, Slot};
use std::ops::Range;

/// What `--without` calls this.
pub const NAME: &str = "relocated-sums";

/// `rY += K`, of 64 bits.
const ADD_CONSTANT: u8 = 0x07;

/// `rX = K` with `rY += rX` behind it is `rY += K`, where nothing else reads the register.
pub fn join(code: &mut Code) {
    let flow = Flow::of(code);
    let ends = demand::at_ends(code, &flow);
    for (block, mut demand) in flow.blocks.iter().zip(ends) {
        // What is read behind each place.
        let mut read = vec![Registers::default(); block.places.len()];
        for place in block.places.clone().rev() {
            read[place - block.places.start] = demand.read;
            demand.step(&code.items[flow.order[place]]);
        }
        for place in block.places.clone() {
            let Some(sum) = sum(code, &flow, place..block.places.end) else { continue };
            let (from, to) = (flow.order[place], flow.order[sum]);
            let register = code.items[from].insn.dst;
            if read[sum - block.places.start].has(register) {
                continue;
            }
            let dst = code.items[to].slot.dst;
            let slot = Slot { opcode: ADD_CONSTANT, dst, ..code.items[from].slot };
            code.items[to].replace(slot, code.endian);
            code.hand_relocation(from, to);
        }
    }
}

/// The place of the addition of a relocated constant, which the first of the places has. Relocations stay in the order of instructions.
fn sum(code: &Code, flow: &Flow, places: Range<usize>) -> Option<usize> {
    let first = &code.items[flow.order[places.start]];
    let is_constant = first.insn.op == Op::Alu64(Alu::Move) && has_immediate(&first.insn);
    let register = first.insn.dst;
    if first.removed || !first.by_types || !is_constant {
        return None;
    }
    for place in places.skip(1) {
        let item = &code.items[flow.order[place]];
        if item.removed {
            continue;
        }
        let effects = effects(item);
        let Insn { op, dst, src, .. } = item.insn;
        if op == Op::Alu64(Alu::Add) && src == register && dst != register && !item.pinned {
            return Some(place);
        }
        if item.by_types || effects.reads.with(effects.writes).has(register) {
            return None;
        }
    }
    None
}
