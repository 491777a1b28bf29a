//! Arrays: a block of values, shared with user space if that is asked for.

use super::shared::Shared;
use super::{Errno, MapSpec, Store, index};
use crate::decode::Endian;
use crate::facts::uapi;
use crate::fault::Fault;
use crate::memory::{Memory, What};

/// An array, or one for each CPU.
pub struct Array {
    map: u32,
    endian: Endian,
    entries: usize,
    size: usize,
    cpus: usize,
    block: Shared,
    /// The address of each value that was asked for; 0 of the others.
    addresses: Vec<u64>,
    is_read_only: bool,
}

impl Array {
    /// All values are zeros.
    pub fn new(map: u32, spec: &MapSpec, cpus: usize, endian: Endian) -> Result<Array, Fault> {
        let values = spec.max_entries * cpus;
        let length = values * spec.value_size.next_multiple_of(8);
        let is_mapped = spec.flags & uapi::BPF_F_MMAPABLE != 0;
        let block = if is_mapped { Shared::new(length, 0)? } else { Shared::private(length)? };
        let is_read_only = spec.flags & uapi::BPF_F_RDONLY_PROG != 0;
        Ok(Array {
            map,
            endian,
            entries: spec.max_entries,
            size: spec.value_size,
            cpus,
            block,
            addresses: vec![0; values],
            is_read_only,
        })
    }

    fn address(&mut self, memory: &mut Memory, at: usize) -> u64 {
        if self.addresses[at] == 0 {
            let start = self.block.at(at * self.size.next_multiple_of(8));
            // SAFETY: the block has this value, and lives as long as the map, which lives as long as the memory.
            self.addresses[at] = unsafe { memory.share(What::Value(self.map), start, self.size) };
            if self.is_read_only {
                memory.protect(self.addresses[at]);
            }
        }
        self.addresses[at]
    }
}

impl Store for Array {
    fn find(&mut self, memory: &mut Memory, key: &[u8]) -> Option<Vec<u64>> {
        let at = index(key, self.endian);
        (at < self.entries).then(|| (0..self.cpus).map(|cpu| self.address(memory, at * self.cpus + cpu)).collect())
    }

    fn update(&mut self, memory: &mut Memory, key: &[u8], values: &[&[u8]], flags: u64) -> Result<(), Errno> {
        if flags > uapi::BPF_EXIST.into() {
            return Err(uapi::EINVAL);
        }
        let addresses = self.find(memory, key).ok_or(uapi::E2BIG)?;
        if flags == uapi::BPF_NOEXIST.into() {
            return Err(uapi::EEXIST);
        }
        for (address, value) in addresses.into_iter().zip(values) {
            memory.bytes_mut(address, value.len()).ok_or(uapi::EFAULT)?.copy_from_slice(value);
        }
        Ok(())
    }

    fn delete(&mut self, _memory: &mut Memory, _key: &[u8]) -> Result<(), Errno> {
        Err(uapi::EINVAL)
    }

    fn next(&self, after: Option<&[u8]>) -> Option<Vec<u8>> {
        let at = after.map(|key| index(key, self.endian)).filter(|at| *at < self.entries).map_or(0, |at| at + 1);
        let mut key = vec![0; 4];
        self.endian.write(at as u64, &mut key);
        (at < self.entries).then_some(key)
    }

    fn file(&self) -> Option<i32> {
        self.block.file()
    }
}
