//! Which bits of registers are of use behind each instruction: the demanded bits, and the registers that are read at all.

use super::code::{Code, Item};
use super::effects::{Known, REGISTERS, Registers, effects, has_immediate, known};
use super::flow::Flow;
use ks_vm::alu::Alu;
use ks_vm::decode::{Insn, Width};

/// What is of use at a point.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Demand {
    /// Registers that some instruction reads, for whatever bits: the verifier wants a value in them.
    pub read: Registers,
    /// The bits on which something depends that the program does.
    pub bits: [u64; REGISTERS],
}

/// The low half of a register.
pub const LOW: u64 = 0xffff_ffff;

impl Demand {
    fn join(&mut self, other: &Demand) -> bool {
        let before = *self;
        self.read = self.read.with(other.read);
        for (own, other) in self.bits.iter_mut().zip(other.bits) {
            *own |= other;
        }
        *self != before
    }

    /// The point before an instruction, from that behind it.
    pub fn step(&mut self, item: &Item) {
        let effects = effects(item);
        let wanted = wanted(item, &self.bits);
        self.read = self.read.without(effects.writes).with(effects.reads);
        for register in 0..REGISTERS as u8 {
            let bits = &mut self.bits[usize::from(register)];
            if effects.writes.has(register) {
                *bits = 0;
            }
            if effects.reads.has(register) {
                *bits |= wanted.of(register, &item.insn);
            }
        }
    }
}

/// The demanded bits of the two operands. Other registers that are read are demanded as a whole.
struct Wanted {
    left: u64,
    right: u64,
}

impl Wanted {
    fn of(&self, register: u8, insn: &Insn) -> u64 {
        let left = if register == insn.dst { self.left } else { 0 };
        let right = if register == insn.src { self.right } else { 0 };
        if register == insn.dst || register == insn.src { left | right } else { u64::MAX }
    }
}

fn wanted(item: &Item, after: &[u64; REGISTERS]) -> Wanted {
    let insn = &item.insn;
    let both = |bits: u64| Wanted { left: bits, right: bits };
    match known(insn.op) {
        Known::Alu(alu, width) => arithmetic(alu, insn, after[usize::from(insn.dst)] & low_bits(width), width),
        Known::Compare32 => both(LOW),
        Known::Store(width) => Wanted { left: u64::MAX, right: low_bytes(width) },
        Known::Load(_) | Known::Constant | Known::Call | Known::Other => both(u64::MAX),
    }
}

fn low_bits(width: u32) -> u64 {
    if width == 64 { u64::MAX } else { LOW }
}

/// The bits that an access of this width has of a register.
pub fn low_bytes(width: Width) -> u64 {
    u64::MAX >> (64 - 8 * width.bytes())
}

/// The bits up to the highest one of a number.
fn up_to(bits: u64) -> u64 {
    u64::MAX.checked_shr(bits.leading_zeros()).unwrap_or(0)
}

/// `result` are the bits of the result that are demanded, of a result of so many bits.
fn arithmetic(alu: Alu, insn: &Insn, result: u64, width: u32) -> Wanted {
    let whole = low_bits(width);
    let none_or = |bits: u64| if result == 0 { 0 } else { bits & whole };
    let both = |bits: u64| Wanted { left: none_or(bits), right: none_or(bits) };
    let is_immediate = has_immediate(insn);
    // Shifts take the count modulo the width.
    let count = insn.immediate as u32 & (width - 1);
    match alu {
        Alu::Move | Alu::Xor | Alu::Or => both(result),
        Alu::And if is_immediate => both(result & insn.immediate as u64),
        Alu::And => both(result),
        Alu::Add | Alu::Sub | Alu::Mul | Alu::Negate => both(up_to(result)),
        Alu::ShiftLeft if is_immediate => both(result >> count),
        Alu::ShiftRight if is_immediate => both(result << count),
        Alu::Extend8 => both(0xff),
        Alu::Extend16 | Alu::Swap16 | Alu::Low16 => both(0xffff),
        Alu::Extend32 | Alu::Swap32 | Alu::Low32 => both(LOW),
        Alu::ShiftLeft
        | Alu::ShiftRight
        | Alu::ShiftRightSigned
        | Alu::Div
        | Alu::SignedDiv
        | Alu::Mod
        | Alu::SignedMod
        | Alu::Swap64 => both(u64::MAX),
    }
}

/// The demand at the end of each block.
pub fn at_ends(code: &Code, flow: &Flow) -> Vec<Demand> {
    let mut starts = vec![Demand::default(); flow.blocks.len()];
    let mut ends = starts.clone();
    let mut changes = true;
    while changes {
        changes = false;
        for (number, block) in flow.blocks.iter().enumerate().rev() {
            let mut demand = Demand::default();
            for next in block.next.into_iter().flatten() {
                demand.join(&starts[next]);
            }
            ends[number] = demand;
            for &index in flow.order[block.places.clone()].iter().rev() {
                demand.step(&code.items[index]);
            }
            changes |= starts[number].join(&demand);
        }
    }
    ends
}
