//! Hash tables, and maps of devices, CPUs and sockets, whose entries are values here. The order of keys is that of their bytes.

use super::{Errno, MapSpec, Store, check, index};
use crate::decode::Endian;
use crate::facts::uapi;
use crate::memory::{Memory, What};
use std::collections::BTreeMap;
use std::ops::Bound;

/// A hash table, or a map with keys of another kind whose values are plain.
pub struct Table {
    map: u32,
    endian: Endian,
    entries: BTreeMap<Vec<u8>, Entry>,
    most: usize,
    size: usize,
    cpus: usize,
    is_percpu: bool,
    kind: Kind,
    /// Keys of a table that forgets, by when they were used last.
    used: BTreeMap<u64, Vec<u8>>,
    uses: u64,
    is_read_only: bool,
}

struct Entry {
    /// The values of the CPUs.
    addresses: Vec<u64>,
    used: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Plain,
    /// A new entry replaces the one that was not used for the longest time.
    Forgets,
    /// Keys are indices.
    Indexed,
}

impl Table {
    /// Without entries.
    pub fn new(map: u32, spec: &MapSpec, cpus: usize, endian: Endian) -> Table {
        let kind = match spec.kind {
            uapi::BPF_MAP_TYPE_LRU_HASH | uapi::BPF_MAP_TYPE_LRU_PERCPU_HASH => Kind::Forgets,
            uapi::BPF_MAP_TYPE_DEVMAP
            | uapi::BPF_MAP_TYPE_CPUMAP
            | uapi::BPF_MAP_TYPE_XSKMAP
            | uapi::BPF_MAP_TYPE_SOCKMAP
            | uapi::BPF_MAP_TYPE_REUSEPORT_SOCKARRAY => Kind::Indexed,
            _ => Kind::Plain,
        };
        let is_read_only = spec.flags & uapi::BPF_F_RDONLY_PROG != 0;
        Table {
            map,
            endian,
            entries: BTreeMap::new(),
            most: spec.max_entries,
            size: spec.value_size,
            cpus,
            is_percpu: [uapi::BPF_MAP_TYPE_PERCPU_HASH, uapi::BPF_MAP_TYPE_LRU_PERCPU_HASH].contains(&spec.kind),
            kind,
            used: BTreeMap::new(),
            uses: 0,
            is_read_only,
        }
    }

    /// Makes a key the last used one.
    fn touch(&mut self, key: &[u8]) {
        let Some(entry) = self.entries.get_mut(key).filter(|_| self.kind == Kind::Forgets) else { return };
        self.uses += 1;
        self.used.remove(&entry.used);
        entry.used = self.uses;
        self.used.insert(self.uses, key.to_vec());
    }

    fn drop_entry(&mut self, memory: &mut Memory, key: &[u8]) -> bool {
        let Some(entry) = self.entries.remove(key) else { return false };
        self.used.remove(&entry.used);
        // Programs may still hold pointers to it.
        entry.addresses.into_iter().for_each(|address| memory.retire(address));
        true
    }

    fn new_values(&self, memory: &mut Memory, values: &[&[u8]]) -> Vec<u64> {
        let value = |cpu: usize| values.get(cpu).copied().unwrap_or_default();
        let mut addresses = Vec::with_capacity(self.cpus);
        for cpu in 0..self.cpus {
            let address = memory.add(What::Value(self.map), self.size);
            if let Some(bytes) = memory.bytes_mut(address, value(cpu).len()) {
                bytes.copy_from_slice(value(cpu));
            }
            if self.is_read_only {
                memory.protect(address);
            }
            addresses.push(address);
        }
        addresses
    }
}

impl Store for Table {
    fn find(&mut self, _memory: &mut Memory, key: &[u8]) -> Option<Vec<u64>> {
        self.touch(key);
        Some(self.entries.get(key)?.addresses.clone())
    }

    fn update(&mut self, memory: &mut Memory, key: &[u8], values: &[&[u8]], flags: u64) -> Result<(), Errno> {
        let old = self.entries.get(key).map(|entry| entry.addresses.clone());
        check(flags, old.is_some())?;
        match old {
            // Values of CPUs stay where they are; others are replaced, so that a pointer sees the old one.
            Some(addresses) if self.is_percpu => {
                for (address, value) in addresses.into_iter().zip(values) {
                    memory.bytes_mut(address, value.len()).ok_or(uapi::EFAULT)?.copy_from_slice(value);
                }
                self.touch(key);
                return Ok(());
            }
            Some(_) => {
                self.drop_entry(memory, key);
            }
            None if self.kind == Kind::Indexed && index(key, self.endian) >= self.most => return Err(uapi::E2BIG),
            None if self.entries.len() < self.most => {}
            None if self.kind == Kind::Forgets => {
                if let Some((_, oldest)) = self.used.pop_first() {
                    self.drop_entry(memory, &oldest);
                }
            }
            None => return Err(uapi::E2BIG),
        }
        let addresses = self.new_values(memory, values);
        self.entries.insert(key.to_vec(), Entry { addresses, used: 0 });
        self.touch(key);
        Ok(())
    }

    fn delete(&mut self, memory: &mut Memory, key: &[u8]) -> Result<(), Errno> {
        if self.kind == Kind::Indexed && index(key, self.endian) >= self.most {
            return Err(uapi::EINVAL);
        }
        let was_there = self.drop_entry(memory, key);
        if was_there || self.kind == Kind::Indexed { Ok(()) } else { Err(uapi::ENOENT) }
    }

    fn next(&self, after: Option<&[u8]>) -> Option<Vec<u8>> {
        next(&self.entries, after)
    }
}

/// The key behind this one, if it is there, else the first.
pub fn next<T>(entries: &BTreeMap<Vec<u8>, T>, after: Option<&[u8]>) -> Option<Vec<u8>> {
    match after.filter(|key| entries.contains_key(*key)) {
        Some(key) => {
            let behind = (Bound::Excluded(key), Bound::Unbounded);
            entries.range::<[u8], _>(behind).next().map(|(key, _)| key.clone())
        }
        None => entries.keys().next().cloned(),
    }
}
