//! Maps of an interpreted object, on one CPU. Values are regions of its memory.

use super::memory::Memory;
use differential::contents::Contents;
use ksc::target::Endian;

pub const ENOENT: i64 = -2;
const E2BIG: i64 = -7;
const EEXIST: i64 = -17;
const EINVAL: i64 = -22;
const ENOSPC: i64 = -28;

/// Numbers of include/uapi/linux/bpf.h.
mod kinds {
    pub const ARRAY: u32 = 2;
    pub const PROG_ARRAY: u32 = 3;
    pub const PERCPU_HASH: u32 = 5;
    pub const PERCPU_ARRAY: u32 = 6;
    pub const LRU_PERCPU_HASH: u32 = 10;
    pub const LPM_TRIE: u32 = 11;
    pub const QUEUE: u32 = 22;
    pub const STACK: u32 = 23;
}

/// What an object says of a map.
#[derive(Clone, Default)]
pub struct Definition {
    pub name: String,
    pub kind: u32,
    pub key: usize,
    pub value: usize,
    pub entries: usize,
}

pub struct Map {
    pub of: Definition,
    /// Keys, with the addresses of their values; of an array of programs their first instructions.
    pub entries: Vec<(Vec<u8>, u64)>,
    line: Vec<Vec<u8>>,
    /// The records of a ring buffer in the order in which they were reserved: address, size, whether it was sent.
    records: Vec<(u64, usize, bool)>,
    used: usize,
}

impl Map {
    pub fn new(of: Definition, memory: &mut Memory) -> Map {
        let mut map = Map { of, entries: Vec::new(), line: Vec::new(), records: Vec::new(), used: 0 };
        map.clear(memory);
        map
    }

    pub fn is_array(&self) -> bool {
        [kinds::ARRAY, kinds::PERCPU_ARRAY].contains(&self.of.kind)
    }

    fn is_trie(&self) -> bool {
        self.of.kind == kinds::LPM_TRIE
    }

    /// As it was made.
    pub fn clear(&mut self, memory: &mut Memory) {
        if self.of.kind == kinds::PROG_ARRAY {
            return;
        }
        self.line.clear();
        self.entries.clear();
        if self.is_array() {
            for index in 0..self.of.entries {
                let mut key = vec![0; 4];
                memory.endian.write(index as u64, &mut key);
                self.entries.push((key, memory.add(vec![0; self.of.value])));
            }
        }
    }

    fn position(&self, key: &[u8], endian: Endian) -> Option<usize> {
        let same = |entry: &[u8]| match self.is_trie() {
            true => prefix(entry, endian) == prefix(key, endian) && agree(entry, key, prefix(key, endian)),
            false => entry == key,
        };
        self.entries.iter().position(|(entry, _)| same(entry))
    }

    /// The address of a key's value, of a trie that of the longest prefix; 0 if there is none.
    pub fn lookup(&self, key: &[u8], endian: Endian) -> u64 {
        if !self.is_trie() {
            return self.position(key, endian).map_or(0, |at| self.entries[at].1);
        }
        let length = prefix(key, endian);
        if length > (key.len() - 4) * 8 {
            return 0;
        }
        let fits = |entry: &&(Vec<u8>, u64)| {
            let own = prefix(&entry.0, endian);
            own <= length && agree(&entry.0, key, own)
        };
        self.entries.iter().filter(fits).max_by_key(|entry| prefix(&entry.0, endian)).map_or(0, |entry| entry.1)
    }

    pub fn update(&mut self, memory: &mut Memory, key: &[u8], value: Vec<u8>, flags: u64) -> i64 {
        let endian = memory.endian;
        if flags > 2 || self.is_trie() && prefix(key, endian) > (key.len() - 4) * 8 {
            return EINVAL;
        }
        let stays = [kinds::PERCPU_HASH, kinds::LRU_PERCPU_HASH].contains(&self.of.kind) || self.is_array();
        match self.position(key, endian) {
            None if self.is_array() => E2BIG,
            Some(_) if flags == 1 => EEXIST,
            None if flags == 2 => ENOENT,
            None if self.entries.len() >= self.of.entries => {
                if self.is_trie() {
                    ENOSPC
                } else {
                    E2BIG
                }
            }
            None => {
                self.entries.push((key.to_vec(), memory.add(value)));
                0
            }
            Some(at) if stays => {
                let size = value.len();
                match memory.bytes(self.entries[at].1, size) {
                    Ok(bytes) => bytes.copy_from_slice(&value),
                    Err(_) => return EINVAL,
                }
                0
            }
            Some(at) => {
                self.entries[at] = (key.to_vec(), memory.add(value));
                0
            }
        }
    }

    pub fn delete(&mut self, key: &[u8], endian: Endian) -> i64 {
        if self.is_array() || self.is_trie() && prefix(key, endian) > (key.len() - 4) * 8 {
            return EINVAL;
        }
        let Some(at) = self.position(key, endian) else { return ENOENT };
        self.entries.remove(at);
        0
    }

    pub fn push(&mut self, value: Vec<u8>) -> i64 {
        if self.line.len() >= self.of.entries {
            return E2BIG;
        }
        if self.of.kind == kinds::STACK {
            self.line.insert(0, value)
        } else {
            self.line.push(value)
        }
        0
    }

    /// The next value of a queue or stack.
    pub fn next(&mut self, takes: bool) -> Option<Vec<u8>> {
        let first = self.line.first().cloned();
        if takes && first.is_some() {
            self.line.remove(0);
        }
        first
    }

    /// The address of a new record; 0 if there is no room.
    pub fn reserve(&mut self, memory: &mut Memory, size: usize) -> u64 {
        let record = (size + 8).next_multiple_of(8);
        if self.used + record >= self.of.entries {
            return 0;
        }
        self.used += record;
        let address = memory.add(vec![0; size]);
        self.records.push((address, size, false));
        address
    }

    /// Marks the record at an address as sent; false if it is none of this map.
    pub fn submit(&mut self, address: u64) -> bool {
        let found = self.records.iter_mut().find(|record| record.0 == address);
        found.map(|record| record.2 = true).is_some()
    }

    /// Removes the records that programs sent, and yields them.
    pub fn sent(&mut self, memory: &mut Memory) -> Result<Vec<Vec<u8>>, String> {
        self.used = 0;
        let records = std::mem::take(&mut self.records);
        records.into_iter().filter(|record| record.2).map(|(at, size, _)| memory.copy(at, size)).collect()
    }

    /// Keys and values, in order of the keys; of queues and stacks as they are popped.
    pub fn contents(&self, memory: &mut Memory) -> Result<Contents, String> {
        if [kinds::QUEUE, kinds::STACK].contains(&self.of.kind) {
            return Ok(vec![self.line.iter().map(|value| (Vec::new(), value.clone())).collect()]);
        }
        let size = self.of.value;
        let entry = |(key, at): &(Vec<u8>, u64)| Ok((key.clone(), memory.copy(*at, size)?));
        let mut all = self.entries.iter().map(entry).collect::<Result<Vec<_>, String>>()?;
        all.sort();
        Ok(vec![all])
    }
}

/// The length of a trie key's prefix, in bits.
fn prefix(key: &[u8], endian: Endian) -> usize {
    endian.number(&key[..4]) as usize
}

fn agree(left: &[u8], right: &[u8], count: usize) -> bool {
    let bit = |key: &[u8], at: usize| key[4 + at / 8] >> (7 - at % 8) & 1;
    (0..count).all(|at| bit(left, at) == bit(right, at))
}
