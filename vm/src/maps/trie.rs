//! Tries of prefixes (kernel/bpf/lpm_trie.c): a lookup finds the longest prefix.

use super::table::next;
use super::{Errno, MapSpec, Store, check};
use crate::decode::Endian;
use crate::facts::uapi;
use crate::memory::{Memory, What};
use std::collections::BTreeMap;

/// Bytes of a key before the data: the number of the prefix's bits.
const LENGTH: usize = 4;

/// A trie.
pub struct Trie {
    map: u32,
    endian: Endian,
    most: usize,
    size: usize,
    /// By prefixes with the bits behind them cleared.
    entries: BTreeMap<Vec<u8>, Entry>,
}

struct Entry {
    /// As it was given, with all bits.
    key: Vec<u8>,
    address: u64,
}

impl Trie {
    /// Without entries.
    pub fn new(map: u32, spec: &MapSpec, endian: Endian) -> Trie {
        Trie { map, endian, most: spec.max_entries, size: spec.value_size, entries: BTreeMap::new() }
    }

    fn bits(&self, key: &[u8]) -> usize {
        self.endian.number(&key[..LENGTH]) as usize
    }

    /// The key with all bits behind the first so many of the data cleared, and that length.
    fn prefix(&self, key: &[u8], bits: usize) -> Vec<u8> {
        let mut prefix = key.to_vec();
        self.endian.write(bits as u64, &mut prefix[..LENGTH]);
        for (at, byte) in prefix[LENGTH..].iter_mut().enumerate() {
            let kept = bits.saturating_sub(8 * at).min(8) as u32;
            *byte &= !0xffu8.checked_shr(kept).unwrap_or(0);
        }
        prefix
    }

    fn longest(&self, key: &[u8]) -> usize {
        (key.len() - LENGTH) * 8
    }
}

impl Store for Trie {
    fn find(&mut self, _memory: &mut Memory, key: &[u8]) -> Option<Vec<u64>> {
        let bits = self.bits(key);
        if bits > self.longest(key) {
            return None;
        }
        (0..=bits).rev().find_map(|bits| self.entries.get(&self.prefix(key, bits))).map(|entry| vec![entry.address])
    }

    fn update(&mut self, memory: &mut Memory, key: &[u8], values: &[&[u8]], flags: u64) -> Result<(), Errno> {
        let bits = self.bits(key);
        if bits > self.longest(key) {
            return Err(uapi::EINVAL);
        }
        let prefix = self.prefix(key, bits);
        let old = self.entries.get(&prefix).map(|entry| entry.address);
        check(flags, old.is_some())?;
        match old {
            Some(address) => memory.retire(address),
            None if self.entries.len() >= self.most => return Err(uapi::ENOSPC),
            None => {}
        }
        let address = memory.add(What::Value(self.map), self.size);
        let value = values.first().copied().unwrap_or_default();
        memory.bytes_mut(address, value.len()).ok_or(uapi::EFAULT)?.copy_from_slice(value);
        self.entries.insert(prefix, Entry { key: key.to_vec(), address });
        Ok(())
    }

    fn delete(&mut self, memory: &mut Memory, key: &[u8]) -> Result<(), Errno> {
        let bits = self.bits(key);
        if bits > self.longest(key) {
            return Err(uapi::EINVAL);
        }
        let entry = self.entries.remove(&self.prefix(key, bits)).ok_or(uapi::ENOENT)?;
        memory.retire(entry.address);
        Ok(())
    }

    fn next(&self, after: Option<&[u8]>) -> Option<Vec<u8>> {
        let after = after.map(|key| self.prefix(key, self.bits(key)));
        let found = next(&self.entries, after.as_deref())?;
        self.entries.get(&found).map(|entry| entry.key.clone())
    }
}
