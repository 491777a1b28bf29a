//! Instructions, as tests write them.

use ks_vm::decode::Slot;

/// An instruction with an immediate.
pub fn imm(opcode: u8, dst: u8, offset: i16, immediate: i32) -> Slot {
    Slot { opcode, dst, src: 0, offset, immediate }
}

/// An instruction with two registers.
pub fn reg(opcode: u8, dst: u8, src: u8, offset: i16) -> Slot {
    Slot { opcode, dst, src, offset, immediate: 0 }
}

/// A load of a number of 64 bits.
pub fn wide(dst: u8, number: u64) -> Vec<Slot> {
    vec![imm(0x18, dst, 0, number as i32), imm(0, 0, 0, (number >> 32) as i32)]
}
