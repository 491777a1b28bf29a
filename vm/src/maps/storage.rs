//! Storages: an entry for each object of the kernel. Programs name an object by its address, processes a task by its number.

use super::table::Table;
use super::{Errno, MapSpec, Store};
use crate::decode::Endian;
use crate::memory::Memory;

/// A storage, whose keys here are numbers of 8 bytes.
pub struct Storage {
    entries: Table,
    endian: Endian,
}

impl Storage {
    /// Without entries. There may be as many as there are objects.
    pub fn new(map: u32, spec: &MapSpec, endian: Endian) -> Storage {
        let spec = MapSpec { max_entries: usize::MAX, ..spec.clone() };
        Storage { entries: Table::new(map, &spec, 1, endian), endian }
    }

    fn key(&self, key: &[u8]) -> [u8; 8] {
        let mut whole = [0; 8];
        self.endian.write(self.endian.number(key), &mut whole);
        whole
    }
}

impl Store for Storage {
    fn find(&mut self, memory: &mut Memory, key: &[u8]) -> Option<Vec<u64>> {
        let key = self.key(key);
        self.entries.find(memory, &key)
    }

    fn update(&mut self, memory: &mut Memory, key: &[u8], values: &[&[u8]], flags: u64) -> Result<(), Errno> {
        let key = self.key(key);
        self.entries.update(memory, &key, values, flags)
    }

    fn delete(&mut self, memory: &mut Memory, key: &[u8]) -> Result<(), Errno> {
        let key = self.key(key);
        self.entries.delete(memory, &key)
    }
}
