//! The memory of programs: regions at addresses below 4 GiB, with unmapped bytes between them.

use ksc::target::Endian;
use std::collections::BTreeMap;

pub struct Memory {
    pub endian: Endian,
    regions: BTreeMap<u64, Vec<u8>>,
    next: u64,
}

impl Memory {
    pub fn new(endian: Endian) -> Memory {
        Memory { endian, regions: BTreeMap::new(), next: 0x1_0000 }
    }

    /// The address of a new region, aligned to 16 bytes.
    pub fn add(&mut self, bytes: Vec<u8>) -> u64 {
        let address = self.next;
        self.next = (address + bytes.len() as u64 + 64).next_multiple_of(16);
        self.regions.insert(address, bytes);
        address
    }

    /// Forgets a region.
    pub fn remove(&mut self, address: u64) -> Vec<u8> {
        self.regions.remove(&address).unwrap_or_default()
    }

    /// The bytes at an address; an error if they are not all in one region.
    pub fn bytes(&mut self, address: u64, size: usize) -> Result<&mut [u8], String> {
        let wild = || format!("an access of {size} bytes at {address:#x}");
        let (start, bytes) = self.regions.range_mut(..=address).next_back().ok_or_else(wild)?;
        let at = (address - start) as usize;
        bytes.get_mut(at..at + size).ok_or_else(wild)
    }

    pub fn copy(&mut self, address: u64, size: usize) -> Result<Vec<u8>, String> {
        Ok(self.bytes(address, size)?.to_vec())
    }

    /// The unsigned number of 1, 2, 4 or 8 bytes.
    pub fn load(&mut self, address: u64, size: usize) -> Result<u64, String> {
        let endian = self.endian;
        Ok(endian.number(self.bytes(address, size)?))
    }

    pub fn store(&mut self, address: u64, size: usize, number: u64) -> Result<(), String> {
        let endian = self.endian;
        endian.write(number, self.bytes(address, size)?);
        Ok(())
    }
}
