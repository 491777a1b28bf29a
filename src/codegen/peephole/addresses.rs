//! The registers that may have an address of the stack or of a context: kernels take other stores there.
//!
//! Such addresses come from the frame pointer, from a function's arguments, and from where registers were stored. Neither can lie in a
//! map, in a packet or in memory of a helper: the verifier takes what is loaded from there for a number, or for a pointer of the kernel.

use super::code::{Code, Item};
use super::effects::{Known, Registers, effects, known};
use super::flow::Flow;
use ks_vm::decode::{FRAME, Width};

/// A function's arguments, and the frame pointer.
fn at_entry() -> Registers {
    Registers::range(1, 5).with(Registers::one(FRAME))
}

/// The registers behind an instruction, from those before it.
pub fn step(own: &mut Registers, item: &Item) {
    let effects = effects(item);
    let is_own = match known(item.insn.op) {
        // A function of the program may return what it got.
        Known::Call => true,
        // A pointer into a packet is read from a context as 32 bits; nothing else that short is an address.
        Known::Load(Width::Eight) | Known::Alu(..) => effects.reads.meets(*own),
        Known::Load(_) | Known::Store(_) | Known::Compare32 | Known::Constant | Known::Other => false,
    };
    *own = own.without(effects.writes);
    if is_own {
        *own = own.with(effects.writes);
    }
}

/// The registers at the start of each block.
pub fn at_starts(code: &Code, flow: &Flow) -> Vec<Registers> {
    let entry = |is_entry: bool| if is_entry { at_entry() } else { Registers::one(FRAME) };
    let mut starts: Vec<Registers> = flow.blocks.iter().map(|block| entry(block.is_entry)).collect();
    let mut changes = true;
    while changes {
        changes = false;
        for (number, block) in flow.blocks.iter().enumerate() {
            let mut own = starts[number];
            for &index in &flow.order[block.places.clone()] {
                step(&mut own, &code.items[index]);
            }
            for next in block.next.into_iter().flatten() {
                let joined = starts[next].with(own);
                changes |= joined != starts[next];
                starts[next] = joined;
            }
        }
    }
    starts
}
