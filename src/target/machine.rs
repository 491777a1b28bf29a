//! What code depends on the processor for: the order of bytes, registers, the names of the kernel's functions. The facts are in
//! `ir-specs/machines.toml`.

pub use crate::tables::{Endian, MACHINES, Machine};

impl Machine {
    /// The machine that the compiler runs on; none if the table lacks it.
    pub fn own() -> Option<&'static Machine> {
        MACHINES.iter().find(|machine| machine.name == std::env::consts::ARCH)
    }

    /// The machine that the compiler runs on, or the first of the table.
    pub fn native() -> &'static Machine {
        Machine::own().unwrap_or(&MACHINES[0])
    }

    /// Whether it is the machine that the compiler runs on, and executables can be made for it.
    pub fn makes_executables(&self) -> bool {
        self.native.is_some() && Machine::own() == Some(self)
    }

    /// The offset of a register in the struct of registers that programs see.
    pub fn offset(&self, register: &str) -> u64 {
        let index = self.registers.iter().position(|name| *name == register);
        index.map_or_else(|| crate::bug!("no register `{register}`"), |index| 8 * index as u64)
    }

    /// LLVM's name of BPF code for it.
    pub fn bpf_triple(&self) -> &'static str {
        match self.endian {
            Endian::Little => "bpfel",
            Endian::Big => "bpfeb",
        }
    }

    /// A number of 16, 32 or 64 bits in network order, as it is loaded from memory; and back.
    pub fn network(&self, number: i128, bits: u8) -> i128 {
        match (self.endian, bits) {
            (Endian::Big, _) => number,
            (Endian::Little, 16) => (number as u16).swap_bytes().into(),
            (Endian::Little, 32) => (number as u32).swap_bytes().into(),
            (Endian::Little, _) => (number as u64).swap_bytes().into(),
        }
    }

    /// By how many bits a bit-field is above the lowest bit of its storage unit of `size` bytes, once that is loaded, from its shift on a
    /// little-endian machine. The bytes of the unit, and the bits in each byte, are the same on all machines.
    pub fn shift(&self, (shift, width): (u8, u8), size: u64) -> u8 {
        match self.endian {
            Endian::Little => shift,
            Endian::Big => {
                // A field of several bytes begins with the highest bits.
                let (first, last) = (shift / 8, (shift + width - 1) / 8);
                let from_end = size as u8 - 1 - last;
                if first == last { 8 * from_end + shift % 8 } else { 8 * from_end }
            }
        }
    }
}

impl Endian {
    /// The unsigned number of up to 8 bytes of memory.
    pub fn number(self, bytes: &[u8]) -> u64 {
        let join = |number: u64, byte: &u8| number << 8 | u64::from(*byte);
        match self {
            Endian::Little => bytes.iter().rev().fold(0, join),
            Endian::Big => bytes.iter().fold(0, join),
        }
    }

    /// Writes the low bytes of a number to memory.
    pub fn write(self, number: u64, to: &mut [u8]) {
        let write = |shift: usize, byte: &mut u8| *byte = (number >> (8 * shift)) as u8;
        match self {
            Endian::Little => to.iter_mut().enumerate().for_each(|(at, byte)| write(at, byte)),
            Endian::Big => to.iter_mut().rev().enumerate().for_each(|(at, byte)| write(at, byte)),
        }
    }

    /// The word of 4 bytes at a place of some bytes; none if they do not have it.
    pub fn word(self, bytes: &[u8], at: usize) -> Option<u32> {
        Some(self.number(bytes.get(at..at.checked_add(4)?)?) as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_in_the_order_of_the_machine() {
        let mut bytes = [0; 4];
        Endian::Big.write(0x0102_0304, &mut bytes);
        assert_eq!(bytes, [1, 2, 3, 4]);
        assert_eq!((Endian::Big.number(&bytes), Endian::Little.number(&bytes)), (0x0102_0304, 0x0403_0201));
    }

    #[test]
    fn a_bit_field_is_in_the_same_byte_on_each_machine() {
        let big = MACHINES.iter().find(|machine| machine.endian == Endian::Big).unwrap_or(Machine::native());
        // `syn` of a TCP header: bit 1 of the second of two bytes.
        assert_eq!(big.shift((9, 1), 2), 1);
        assert_eq!(big.shift((4, 4), 2), 12);
        // `reserved2` of an ICMPv6 header: the last three of four bytes.
        assert_eq!(big.shift((8, 24), 4), 0);
    }
}
