//! Maps whose entries are programs, maps or buffers of events: here their numbers.

use super::table::next;
use super::{Errno, MapSpec, Store, check, index};
use crate::decode::Endian;
use crate::facts::uapi;
use crate::memory::Memory;
use std::collections::BTreeMap;

/// A map of numbers of programs or maps.
pub struct Handles {
    endian: Endian,
    most: usize,
    is_indexed: bool,
    entries: BTreeMap<Vec<u8>, u32>,
    /// What programs sent, if it is an array of events.
    events: Option<Vec<Vec<u8>>>,
}

impl Handles {
    /// Without entries.
    pub fn new(spec: &MapSpec, endian: Endian) -> Handles {
        let is_indexed = spec.kind != uapi::BPF_MAP_TYPE_HASH_OF_MAPS;
        let events = (spec.kind == uapi::BPF_MAP_TYPE_PERF_EVENT_ARRAY).then(Vec::new);
        Handles { endian, most: spec.max_entries, is_indexed, entries: BTreeMap::new(), events }
    }
}

impl Store for Handles {
    fn update(&mut self, _memory: &mut Memory, key: &[u8], values: &[&[u8]], flags: u64) -> Result<(), Errno> {
        let is_there = self.entries.contains_key(key);
        let is_beyond = if self.is_indexed {
            index(key, self.endian) >= self.most
        } else {
            !is_there && self.entries.len() >= self.most
        };
        if is_beyond {
            return Err(uapi::E2BIG);
        }
        // All indices of an array are there; only updates with `BPF_ANY` are known to arrays of programs and maps.
        if self.is_indexed && flags != uapi::BPF_ANY.into() {
            return Err(uapi::EINVAL);
        }
        check(flags, is_there)?;
        let handle = values.first().map_or(0, |value| self.endian.number(value));
        self.entries.insert(key.to_vec(), handle as u32);
        Ok(())
    }

    fn delete(&mut self, _memory: &mut Memory, key: &[u8]) -> Result<(), Errno> {
        if self.is_indexed && index(key, self.endian) >= self.most {
            return Err(uapi::E2BIG);
        }
        self.entries.remove(key).map(drop).ok_or(uapi::ENOENT)
    }

    fn next(&self, after: Option<&[u8]>) -> Option<Vec<u8>> {
        next(&self.entries, after)
    }

    fn handle(&self, key: &[u8]) -> Option<u32> {
        self.entries.get(key).copied()
    }

    fn events(&mut self) -> Option<&mut Vec<Vec<u8>>> {
        self.events.as_mut()
    }
}
