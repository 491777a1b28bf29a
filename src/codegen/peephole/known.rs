//! The bits of registers that are zero at each point, as far as every kernel's verifier knows it too: an instruction that is left out
//! because of them must not be the one that showed them to the verifier. So results that some verifiers take for unknown (adjust_scalar_min_max_vals of
//! kernel/bpf/verifier.c: swaps, divisions, most operations with an unknown right operand) are unknown here.

use super::code::{Code, Item};
use super::demand::{LOW, low_bytes};
use super::effects::{Known, REGISTERS, effects, has_immediate, known};
use super::flow::Flow;
use ks_vm::alu::Alu;
use ks_vm::decode::Insn;

/// For each register the bits that are zero.
pub type Zeros = [u64; REGISTERS];

/// The zeros behind an instruction, from those before it.
pub fn step(zeros: &mut Zeros, item: &Item) {
    let insn = &item.insn;
    let result = match known(insn.op) {
        Known::Alu(alu, width) => arithmetic(alu, insn, zeros, width),
        Known::Load(width) => !low_bytes(width),
        Known::Constant if !item.pinned => !(insn.immediate as u64),
        Known::Constant | Known::Store(_) | Known::Compare32 | Known::Call | Known::Other => 0,
    };
    let writes = effects(item).writes;
    for (register, bits) in (0..).zip(zeros.iter_mut()) {
        if writes.has(register) {
            *bits = if register == insn.dst { result } else { 0 };
        }
    }
}

fn arithmetic(alu: Alu, insn: &Insn, zeros: &Zeros, width: u32) -> u64 {
    let (low, high) = if width == 64 { (u64::MAX, 0) } else { (LOW, !LOW) };
    let left = zeros[usize::from(insn.dst)];
    let is_immediate = has_immediate(insn);
    let right = if is_immediate { !(insn.immediate as u64) } else { zeros[usize::from(insn.src)] };
    let count = insn.immediate as u32 & (width - 1);
    match alu {
        Alu::Move => right & low | high,
        Alu::And => (left | right) & low | high,
        Alu::Or | Alu::Xor if is_immediate => left & right & low | high,
        Alu::ShiftLeft if is_immediate => (left << count | !(u64::MAX << count)) & low | high,
        Alu::ShiftRight if is_immediate => (left & low) >> count | !(low >> count),
        Alu::Add | Alu::Sub => high,
        Alu::Or
        | Alu::Xor
        | Alu::ShiftLeft
        | Alu::ShiftRight
        | Alu::Mul
        | Alu::Div
        | Alu::SignedDiv
        | Alu::Negate
        | Alu::Mod
        | Alu::SignedMod
        | Alu::ShiftRightSigned
        | Alu::Extend8
        | Alu::Extend16
        | Alu::Extend32
        | Alu::Swap16
        | Alu::Swap32
        | Alu::Swap64
        | Alu::Low16
        | Alu::Low32 => 0,
    }
}

/// The zeros at the start of each block.
pub fn at_starts(code: &Code, flow: &Flow) -> Vec<Zeros> {
    // Nothing has come to a block: whatever is said of it holds.
    let mut starts = vec![[u64::MAX; REGISTERS]; flow.blocks.len()];
    for (start, block) in starts.iter_mut().zip(&flow.blocks) {
        if block.is_entry {
            *start = [0; REGISTERS];
        }
    }
    let mut changes = true;
    while changes {
        changes = false;
        for (number, block) in flow.blocks.iter().enumerate() {
            let mut zeros = starts[number];
            for &index in &flow.order[block.places.clone()] {
                step(&mut zeros, &code.items[index]);
            }
            for next in block.next.into_iter().flatten() {
                let before = starts[next];
                for (own, other) in starts[next].iter_mut().zip(zeros) {
                    *own &= other;
                }
                changes |= starts[next] != before;
            }
        }
    }
    starts
}
