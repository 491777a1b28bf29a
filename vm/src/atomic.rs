//! Atomic operations of RFC 9669, section 5.3. One CPU runs one program at a time, so plain accesses do.

use crate::Vm;
use crate::decode::{COMPARE_EXCHANGE, EXCHANGE, FETCH, Insn, Width};
use crate::fault::Fault;

impl Vm {
    pub(crate) fn atomic(&mut self, registers: &mut [u64; 16], insn: Insn, width: Width) -> Result<(), Fault> {
        let address = registers[usize::from(insn.dst)].wrapping_add_signed(insn.offset.into());
        let size = u64::from(width.bytes());
        if !(address as u32 as u64).is_multiple_of(size) {
            return Err(Fault::wrong(format!(
                "an atomic operation of {size} bytes that are not aligned, at {}",
                self.name_of(address)
            )));
        }
        let old = self.load(address, width)?;
        let mask = if width == Width::Four { u64::from(u32::MAX) } else { u64::MAX };
        let src = usize::from(insn.src);
        let operand = registers[src] & mask;
        let new = match insn.immediate {
            EXCHANGE => operand,
            COMPARE_EXCHANGE if old == registers[0] & mask => operand,
            COMPARE_EXCHANGE => old,
            operation => match operation & !FETCH {
                0x40 => old | operand,
                0x50 => old & operand,
                0xa0 => old ^ operand,
                // `decode` lets no others through.
                _ => old.wrapping_add(operand),
            },
        };
        self.store(address, width, new)?;
        match insn.immediate {
            COMPARE_EXCHANGE => registers[0] = old,
            fetches if fetches & FETCH != 0 => registers[src] = old,
            _ => {}
        }
        Ok(())
    }
}
