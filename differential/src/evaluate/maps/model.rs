//! A map of the kernel, as kernel/bpf's hashtab.c, arraymap.c, lpm_trie.c and queue_stack_maps.c have it, on one CPU.
//!
//! LRU maps are those that never fill: what they would drop is the kernel's affair.

use crate::evaluate::value::Value;
use ksc::sema::tree::Map;
use ksc::tables::{KeyRule, MapAccess};
use ksc::target::Endian;
use std::collections::VecDeque;

const ENOENT: i32 = -2;
const E2BIG: i32 = -7;
const EEXIST: i32 = -17;
const EINVAL: i32 = -22;
const ENOSPC: i32 = -28;

const NOEXIST: i128 = 1;
const EXIST: i128 = 2;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    Hash,
    Array,
    Trie,
    Queue,
    Stack,
}

/// Where the values of all maps are. An entry that is written anew is another one, as in the kernel, but for arrays and
/// per-CPU maps.
#[derive(Default)]
pub struct Slots {
    values: Vec<Value>,
    gone: Vec<bool>,
    /// A value was used that its map no longer has: what that reads the kernel leaves open.
    pub stale: bool,
}

impl Slots {
    fn add(&mut self, value: Value) -> usize {
        self.values.push(value);
        self.gone.push(false);
        self.values.len() - 1
    }

    pub fn at(&mut self, slot: usize) -> &mut Value {
        self.stale |= self.gone[slot];
        &mut self.values[slot]
    }
}

struct Entry {
    key: Value,
    bytes: Vec<u8>,
    slot: usize,
}

pub struct Model {
    shape: Shape,
    capacity: usize,
    percpu: bool,
    entries: Vec<Entry>,
    line: VecDeque<Value>,
    /// Of the numbers in keys.
    endian: Endian,
}

impl Model {
    /// None: of a kind that is not modelled.
    pub fn new(map: &Map, zero: &Value, slots: &mut Slots, endian: Endian) -> Option<Model> {
        let kind = map.kind;
        let shape = if kind.can(MapAccess::Push) && kind.can(MapAccess::Pop) {
            // BPF_MAP_TYPE_STACK
            if kind.map_type == 23 { Shape::Stack } else { Shape::Queue }
        } else if kind.buckets.is_some() {
            if kind.array { Shape::Array } else { Shape::Hash }
        } else if !kind.can(MapAccess::Update) || map.inner.is_some() {
            return None;
        } else if kind.array {
            Shape::Array
        } else if kind.key == KeyRule::Prefix {
            Shape::Trie
        } else if kind.key == KeyRule::Any {
            Shape::Hash
        } else {
            return None;
        };
        let capacity = map.max_entries as usize;
        let mut model =
            Model { shape, capacity, percpu: kind.percpu, entries: Vec::new(), line: VecDeque::new(), endian };
        if shape == Shape::Array {
            for index in 0..map.max_entries {
                let slot = slots.add(zero.clone());
                let bytes = if endian == Endian::Big { index.to_be_bytes() } else { index.to_le_bytes() }.to_vec();
                model.entries.push(Entry { key: Value::Int(index.into()), bytes, slot });
            }
        }
        Some(model)
    }

    /// The length of a key's prefix.
    fn bits(&self, key: &[u8]) -> usize {
        let length = [key[0], key[1], key[2], key[3]];
        (if self.endian == Endian::Big { u32::from_be_bytes(length) } else { u32::from_le_bytes(length) }) as usize
    }

    fn same(&self, left: &[u8], right: &[u8]) -> bool {
        self.bits(left) == self.bits(right) && agree(left, right, self.bits(left))
    }

    fn position(&self, key: &[u8]) -> Option<usize> {
        let same =
            |entry: &Entry| if self.shape == Shape::Trie { self.same(&entry.bytes, key) } else { entry.bytes == key };
        self.entries.iter().position(same)
    }

    /// Where the value of a key is; of a trie that of the longest prefix of it.
    pub fn find(&self, key: &[u8]) -> Option<usize> {
        if self.shape == Shape::Trie {
            if self.bits(key) > most(key) {
                return None;
            }
            let within = self.entries.iter().filter(|entry| self.bits(&entry.bytes) <= self.bits(key));
            let fits = within.filter(|entry| agree(&entry.bytes, key, self.bits(&entry.bytes)));
            return fits.max_by_key(|entry| self.bits(&entry.bytes)).map(|entry| entry.slot);
        }
        self.position(key).map(|at| self.entries[at].slot)
    }

    /// 0 or a negative errno.
    pub fn update(&mut self, slots: &mut Slots, key: (Value, Vec<u8>), value: Value, flags: i128) -> i32 {
        let (key, bytes) = key;
        if !(0..=EXIST).contains(&flags) || (self.shape == Shape::Trie && self.bits(&bytes) > most(&bytes)) {
            return EINVAL;
        }
        let found = self.position(&bytes);
        let is_array = self.shape == Shape::Array;
        match found {
            None if is_array => E2BIG,
            Some(_) if flags == NOEXIST => EEXIST,
            None if flags == EXIST => ENOENT,
            None if self.entries.len() >= self.capacity => {
                if self.shape == Shape::Trie {
                    ENOSPC
                } else {
                    E2BIG
                }
            }
            Some(at) if is_array || self.percpu => {
                *slots.at(self.entries[at].slot) = value;
                0
            }
            Some(at) => {
                slots.gone[self.entries[at].slot] = true;
                self.entries[at] = Entry { key, bytes, slot: slots.add(value) };
                0
            }
            None => {
                self.entries.push(Entry { key, bytes, slot: slots.add(value) });
                0
            }
        }
    }

    pub fn delete(&mut self, slots: &mut Slots, key: &[u8]) -> i32 {
        if self.shape == Shape::Trie && self.bits(key) > most(key) {
            return EINVAL;
        }
        let Some(at) = self.position(key) else { return ENOENT };
        slots.gone[self.entries.remove(at).slot] = true;
        0
    }

    pub fn push(&mut self, value: Value) -> i32 {
        if self.line.len() >= self.capacity {
            return E2BIG;
        }
        if self.shape == Shape::Stack {
            self.line.push_front(value);
        } else {
            self.line.push_back(value);
        }
        0
    }

    pub fn pop(&mut self) -> Option<Value> {
        self.line.pop_front()
    }

    pub fn peek(&self) -> Option<Value> {
        self.line.front().cloned()
    }

    /// Keys, with their bytes, for a walk.
    pub fn keys(&self) -> Vec<(Value, Vec<u8>)> {
        self.entries.iter().map(|entry| (entry.key.clone(), entry.bytes.clone())).collect()
    }

    /// Keys in bytes and values, in order of the keys; those of queues and stacks have no keys and come as they are popped.
    pub fn contents(&self, slots: &Slots) -> Vec<(Vec<u8>, Value)> {
        let mut all: Vec<(Vec<u8>, Value)> =
            self.entries.iter().map(|entry| (entry.bytes.clone(), slots.values[entry.slot].clone())).collect();
        all.sort_by(|left, right| left.0.cmp(&right.0));
        all.extend(self.line.iter().map(|value| (Vec::new(), value.clone())));
        all
    }
}

fn most(key: &[u8]) -> usize {
    (key.len() - 4) * 8
}

/// Whether the first bits of two keys are the same: those of the first byte come first, and of it the highest.
fn agree(left: &[u8], right: &[u8], count: usize) -> bool {
    let bit = |key: &[u8], at: usize| key[4 + at / 8] >> (7 - at % 8) & 1;
    (0..count).all(|at| bit(left, at) == bit(right, at))
}
