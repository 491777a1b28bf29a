//! Ring buffers, laid out in memory as the kernel's are (kernel/bpf/ringbuf.c), so that libbpf's consumer reads them.

use super::shared::{Shared, page};
use super::{Errno, MapSpec, Store};
use crate::facts::uapi;
use crate::fault::Fault;
use crate::memory::{Memory, What};
use std::collections::BTreeMap;

/// Bytes before each record: its length with two flags, then the page that it is on.
const HEADER: usize = 8;
const BUSY: u32 = 1 << 31;
const DISCARDED: u32 = 1 << 30;

/// A ring buffer.
pub struct Ring {
    map: u32,
    memory: Shared,
    /// Bytes of data.
    size: usize,
    /// The positions of reserved records by their addresses.
    reserved: BTreeMap<u64, u64>,
}

impl Ring {
    /// Empty; an error is a size that is no power of two of pages, or no memory.
    pub fn new(map: u32, spec: &MapSpec) -> Result<Ring, Fault> {
        let size = spec.max_entries;
        if !size.is_power_of_two() || !size.is_multiple_of(page()) {
            return Err(Fault::wrong(format!("a ring buffer of {size} bytes, which are no power of two of pages")));
        }
        let memory = Shared::new(2 * page() + size, size)?;
        Ok(Ring { map, memory, size, reserved: BTreeMap::new() })
    }

    /// The positions of the consumer and the producer.
    fn consumer(&self) -> *mut u64 {
        self.memory.at(0).cast()
    }

    fn producer(&self) -> *mut u64 {
        self.memory.at(page()).cast()
    }

    fn positions(&self) -> (u64, u64) {
        // SAFETY: both pages are mapped; user space may change the first at any time.
        unsafe { (self.consumer().read_volatile(), self.producer().read_volatile()) }
    }

    fn at(&self, position: u64) -> *mut u8 {
        self.memory.at(2 * page() + position as usize % self.size)
    }

    /// The address of a new record; 0 if there is no room.
    pub fn reserve(&mut self, memory: &mut Memory, length: usize) -> u64 {
        let (consumer, producer) = self.positions();
        let end = producer + (length + HEADER).next_multiple_of(8) as u64;
        let mask = self.size as u64 - 1;
        if length > self.size || end - consumer > mask {
            return 0;
        }
        let at = self.at(producer);
        // SAFETY: the data are mapped twice in a row, so a record at their end goes on behind it.
        unsafe {
            at.cast::<u32>().write_volatile(length as u32 | BUSY);
            at.add(4).cast::<u32>().write_volatile(2 + (producer % self.size as u64 / page() as u64) as u32);
            self.producer().write_volatile(end);
            let address = memory.share(What::Record(self.map), at.add(HEADER), length);
            self.reserved.insert(address, producer);
            address
        }
    }

    /// Ends the record at an address, which programs then must not touch; false if it is none of this ring.
    pub fn end(&mut self, memory: &mut Memory, address: u64, is_sent: bool) -> bool {
        let Some(position) = self.reserved.remove(&address) else { return false };
        let header = self.at(position).cast::<u32>();
        // SAFETY: `reserve` wrote the header there.
        unsafe {
            let length = header.read_volatile() & !BUSY;
            header.write_volatile(if is_sent { length } else { length | DISCARDED });
        }
        memory.remove(address);
        true
    }

    /// `bpf_ringbuf_query`
    pub fn query(&self, what: u64) -> u64 {
        let (consumer, producer) = self.positions();
        match what as u32 {
            uapi::BPF_RB_AVAIL_DATA => producer - consumer,
            uapi::BPF_RB_RING_SIZE => self.size as u64,
            uapi::BPF_RB_CONS_POS => consumer,
            uapi::BPF_RB_PROD_POS => producer,
            _ => 0,
        }
    }

    /// The next record that the process sent, as the address and length of its data, with the position behind it; of one that was discarded
    /// nothing, and it is skipped. Errors are those of the kernel (`__bpf_user_ringbuf_peek`).
    pub fn next_of_user(&mut self, memory: &mut Memory) -> Result<Option<(u64, u64, u64)>, Errno> {
        let (consumer, producer) = self.positions();
        if consumer >= producer {
            return Err(uapi::ENODATA);
        }
        if !producer.is_multiple_of(8) {
            return Err(uapi::EINVAL);
        }
        let at = self.at(consumer);
        // SAFETY: the header is within the data, and the record is checked against them below.
        let header = unsafe { at.cast::<u32>().read_volatile() };
        let length = u64::from(header & !(BUSY | DISCARDED));
        let whole = (length + HEADER as u64).next_multiple_of(8);
        match header {
            _ if whole > producer - consumer => Err(uapi::EINVAL),
            _ if whole > self.size as u64 => Err(uapi::E2BIG),
            header if header & DISCARDED != 0 => {
                self.skip_to(consumer + whole);
                Ok(None)
            }
            header if header & BUSY != 0 => Err(uapi::ENODATA),
            // SAFETY: the record is within the data, which are mapped twice in a row as long as the map lives.
            _ => unsafe {
                let address = memory.share(What::Record(self.map), at.add(HEADER), length as usize);
                Ok(Some((address, length, consumer + whole)))
            },
        }
    }

    /// Says that all records before a position are read.
    pub fn skip_to(&mut self, position: u64) {
        // SAFETY: the page is mapped.
        unsafe { self.consumer().write_volatile(position) };
    }

    /// Takes what was sent, up to the first record that is not ended.
    pub fn take(&mut self) -> Vec<Vec<u8>> {
        let mut records = Vec::new();
        loop {
            let (consumer, producer) = self.positions();
            if consumer >= producer {
                return records;
            }
            let at = self.at(consumer);
            // SAFETY: a record begins at the consumer's position, unless user space wrote a wrong one: then the length is bounded.
            unsafe {
                let header = at.cast::<u32>().read_volatile();
                if header & BUSY != 0 {
                    return records;
                }
                let length = ((header & !DISCARDED) as usize).min(self.size - HEADER);
                if header & DISCARDED == 0 {
                    records.push(std::slice::from_raw_parts(at.add(HEADER), length).to_vec());
                }
                self.consumer().write_volatile(consumer + (length + HEADER).next_multiple_of(8) as u64);
            }
        }
    }
}

impl Store for Ring {
    fn update(&mut self, _memory: &mut Memory, _key: &[u8], _values: &[&[u8]], _flags: u64) -> Result<(), Errno> {
        Err(uapi::EOPNOTSUPP)
    }

    fn delete(&mut self, _memory: &mut Memory, _key: &[u8]) -> Result<(), Errno> {
        Err(uapi::EOPNOTSUPP)
    }

    fn ring(&mut self) -> Option<&mut Ring> {
        Some(self)
    }

    fn is_filled(&self) -> bool {
        let (consumer, producer) = self.positions();
        consumer != producer
    }

    fn file(&self) -> Option<i32> {
        self.memory.file()
    }
}
