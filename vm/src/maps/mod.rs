//! Maps: what all kinds have in common. Each kind's entries are in a store of its own file; a value is a region of the machine's memory.

mod array;
mod events;
mod handles;
mod line;
mod ring;
mod shared;
mod storage;
mod table;
mod trie;

use crate::decode::Endian;
use crate::facts::{self, uapi};
use crate::fault::Fault;
use crate::memory::{self, Memory};
pub use events::EventBuffer;
use ring::Ring;

/// The flag of an update that takes the lock in the value.
const LOCK: u64 = uapi::BPF_F_LOCK as u64;

/// The number of an error, positive.
pub type Errno = i64;

/// What a map is made of: `BPF_MAP_CREATE`.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct MapSpec {
    pub name: String,
    /// `enum bpf_map_type`
    pub kind: u32,
    /// Bytes.
    pub key_size: usize,
    /// Bytes that programs see of a value.
    pub value_size: usize,
    /// Of ring buffers the bytes.
    pub max_entries: usize,
    /// `BPF_F_…`
    pub flags: u32,
}

/// A map.
pub struct Map {
    spec: MapSpec,
    number: u32,
    cpus: usize,
    endian: Endian,
    store: Box<dyn Store>,
}

/// The entries of one kind of maps. The defaults are those of a kind that cannot do it.
trait Store {
    /// The addresses of the values of a key, one for each CPU, or of one value.
    fn find(&mut self, _memory: &mut Memory, _key: &[u8]) -> Option<Vec<u64>> {
        None
    }

    /// Writes the values of a key, one for each CPU if there are so many; else that of the first CPU, and zeros for the
    /// others of a new entry.
    fn update(&mut self, memory: &mut Memory, key: &[u8], values: &[&[u8]], flags: u64) -> Result<(), Errno>;

    fn delete(&mut self, memory: &mut Memory, key: &[u8]) -> Result<(), Errno>;

    /// The key behind this one, or the first; of a key that is not there the first.
    fn next(&self, _after: Option<&[u8]>) -> Option<Vec<u8>> {
        None
    }

    fn push(&mut self, _value: &[u8], _flags: u64) -> Result<(), Errno> {
        Err(uapi::EOPNOTSUPP)
    }

    /// The next value of a queue or stack, which `takes` removes; of a filter whether it has this one.
    fn peek(&mut self, _value: &mut [u8], _takes: bool) -> Result<(), Errno> {
        Err(uapi::EOPNOTSUPP)
    }

    /// The program or map that a key stands for.
    fn handle(&self, _key: &[u8]) -> Option<u32> {
        None
    }

    fn ring(&mut self) -> Option<&mut Ring> {
        None
    }

    fn is_filled(&self) -> bool {
        false
    }

    /// The file that user space maps.
    fn file(&self) -> Option<i32> {
        None
    }

    /// What programs sent to user space through an array of events; None for other kinds.
    fn events(&mut self) -> Option<&mut Vec<Vec<u8>>> {
        None
    }
}

impl Map {
    pub(crate) fn new(number: u32, spec: MapSpec, cpus: usize, endian: Endian) -> Result<Map, Fault> {
        let is_percpu =
            [uapi::BPF_MAP_TYPE_PERCPU_ARRAY, uapi::BPF_MAP_TYPE_PERCPU_HASH, uapi::BPF_MAP_TYPE_LRU_PERCPU_HASH];
        let cpus = if is_percpu.contains(&spec.kind) { cpus } else { 1 };
        let store: Box<dyn Store> = match spec.kind {
            uapi::BPF_MAP_TYPE_ARRAY | uapi::BPF_MAP_TYPE_PERCPU_ARRAY => {
                Box::new(array::Array::new(number, &spec, cpus, endian)?)
            }
            uapi::BPF_MAP_TYPE_HASH
            | uapi::BPF_MAP_TYPE_LRU_HASH
            | uapi::BPF_MAP_TYPE_PERCPU_HASH
            | uapi::BPF_MAP_TYPE_LRU_PERCPU_HASH
            | uapi::BPF_MAP_TYPE_DEVMAP
            | uapi::BPF_MAP_TYPE_DEVMAP_HASH
            | uapi::BPF_MAP_TYPE_CPUMAP
            | uapi::BPF_MAP_TYPE_SOCKMAP
            | uapi::BPF_MAP_TYPE_SOCKHASH
            | uapi::BPF_MAP_TYPE_REUSEPORT_SOCKARRAY
            | uapi::BPF_MAP_TYPE_STACK_TRACE
            | uapi::BPF_MAP_TYPE_XSKMAP => Box::new(table::Table::new(number, &spec, cpus, endian)),
            uapi::BPF_MAP_TYPE_LPM_TRIE => Box::new(trie::Trie::new(number, &spec, endian)),
            uapi::BPF_MAP_TYPE_QUEUE | uapi::BPF_MAP_TYPE_STACK => Box::new(line::Line::new(&spec)),
            uapi::BPF_MAP_TYPE_BLOOM_FILTER => Box::new(line::Filter::new()),
            uapi::BPF_MAP_TYPE_PROG_ARRAY
            | uapi::BPF_MAP_TYPE_ARRAY_OF_MAPS
            | uapi::BPF_MAP_TYPE_HASH_OF_MAPS
            | uapi::BPF_MAP_TYPE_PERF_EVENT_ARRAY => Box::new(handles::Handles::new(&spec, endian)),
            uapi::BPF_MAP_TYPE_RINGBUF | uapi::BPF_MAP_TYPE_USER_RINGBUF => Box::new(Ring::new(number, &spec)?),
            uapi::BPF_MAP_TYPE_SK_STORAGE
            | uapi::BPF_MAP_TYPE_TASK_STORAGE
            | uapi::BPF_MAP_TYPE_INODE_STORAGE
            | uapi::BPF_MAP_TYPE_CGRP_STORAGE => Box::new(storage::Storage::new(number, &spec, endian)),
            other => {
                let name = facts::map_kind_name(other)
                    .map_or_else(|| format!("map kind {other}"), |name| format!("map kind `{name}`"));
                return Err(Fault::lacks(name));
            }
        };
        Ok(Map { spec, number, cpus, endian, store })
    }

    /// How it was made.
    pub fn spec(&self) -> &MapSpec {
        &self.spec
    }

    /// The address of a key's value on the first CPU; 0 if there is none. Of an entry that is a map the address that stands for it.
    pub(crate) fn lookup(&mut self, memory: &mut Memory, key: &[u8]) -> u64 {
        self.lookup_on(memory, key, 0)
    }

    pub(crate) fn lookup_on(&mut self, memory: &mut Memory, key: &[u8], cpu: usize) -> u64 {
        let is_of_maps = [uapi::BPF_MAP_TYPE_ARRAY_OF_MAPS, uapi::BPF_MAP_TYPE_HASH_OF_MAPS].contains(&self.spec.kind);
        if is_of_maps {
            return self.store.handle(key).map_or(0, memory::of_map);
        }
        self.store.find(memory, key).and_then(|values| values.get(cpu).copied()).unwrap_or(0)
    }

    /// Writes a key's value as a program does, on the first CPU. With the lock of an entry that is there, its bytes are written where they are.
    pub(crate) fn update(&mut self, memory: &mut Memory, key: &[u8], value: &[u8], flags: u64) -> Result<(), Errno> {
        let (takes_lock, flags) = (flags & LOCK != 0, flags & !LOCK);
        if takes_lock && let Some(address) = self.store.find(memory, key).and_then(|found| found.first().copied()) {
            check(flags, true)?;
            memory.bytes_mut(address, value.len()).ok_or(uapi::EFAULT)?.copy_from_slice(value);
            return Ok(());
        }
        self.store.update(memory, key, &[value], flags)
    }

    /// A key's value as user space gets it: of per-CPU maps the values of all CPUs, each filled to a multiple of 8 bytes; of maps of programs
    /// or maps the number, of 4 bytes. None: there is no entry.
    pub fn read(&mut self, memory: &mut Memory, key: &[u8]) -> Option<Vec<u8>> {
        if key.len() != self.spec.key_size {
            return None;
        }
        if let Some(handle) = self.store.handle(key) {
            let mut value = vec![0; 4];
            memory.endian().write(handle.into(), &mut value);
            return Some(value);
        }
        let size = self.spec.value_size;
        let step = if self.is_percpu() { size.next_multiple_of(8) } else { size };
        let mut all = Vec::new();
        for address in self.store.find(memory, key)? {
            all.extend_from_slice(memory.bytes(address, size)?);
            all.resize(all.len().next_multiple_of(step.max(1)), 0);
        }
        Some(all)
    }

    /// Writes a key's value as user space gives it: see `read`. Errors are positive numbers.
    pub fn write(&mut self, memory: &mut Memory, key: &[u8], value: &[u8], flags: u64) -> Result<(), Errno> {
        let size = self.spec.value_size;
        let step = if self.is_percpu() { size.next_multiple_of(8) } else { size };
        if key.len() != self.spec.key_size || value.len() != step * self.cpus {
            return Err(uapi::EINVAL);
        }
        let values: Vec<&[u8]> = (0..self.cpus).map(|cpu| &value[cpu * step..][..size]).collect();
        self.store.update(memory, key, &values, flags)
    }

    /// Removes a key; the error is a positive number.
    pub fn delete(&mut self, memory: &mut Memory, key: &[u8]) -> Result<(), Errno> {
        self.store.delete(memory, key)
    }

    /// The key behind this one in order of the bytes, or the first; of a key that is not there the first; None behind the last.
    pub fn next_key(&self, after: Option<&[u8]>) -> Option<Vec<u8>> {
        self.store.next(after)
    }

    /// All keys.
    pub fn keys(&self) -> Vec<Vec<u8>> {
        std::iter::successors(self.next_key(None), |key| self.next_key(Some(key))).collect()
    }

    /// Puts a value into a queue, stack or filter.
    pub fn push(&mut self, value: &[u8], flags: u64) -> Result<(), Errno> {
        self.store.push(value, flags)
    }

    /// Fills `value` with the next one of a queue or stack, which `takes` removes; of a filter, says whether it has `value`.
    pub fn peek(&mut self, value: &mut [u8], takes: bool) -> Result<(), Errno> {
        self.store.peek(value, takes)
    }

    /// Takes the records that programs sent: of a ring buffer up to the first that is not submitted.
    pub fn take_records(&mut self) -> Vec<Vec<u8>> {
        if let Some(events) = self.store.events() {
            return std::mem::take(events);
        }
        self.store.ring().map(Ring::take).unwrap_or_default()
    }

    /// The descriptor of the file that holds the values of an array that can be mapped, or a ring buffer: its consumer's page, its producer's,
    /// then the data once. None for other maps.
    pub fn file(&self) -> Option<i32> {
        self.store.file()
    }

    /// Whether it is a ring buffer with data that user space has not read.
    pub fn is_filled(&self) -> bool {
        self.store.is_filled()
    }

    /// Whether each CPU has a value of its own.
    pub fn is_percpu(&self) -> bool {
        [uapi::BPF_MAP_TYPE_PERCPU_ARRAY, uapi::BPF_MAP_TYPE_PERCPU_HASH, uapi::BPF_MAP_TYPE_LRU_PERCPU_HASH]
            .contains(&self.spec.kind)
    }

    pub(crate) fn ring(&mut self) -> Option<&mut Ring> {
        self.store.ring()
    }

    pub(crate) fn send(&mut self, event: Vec<u8>) -> bool {
        self.store.events().map(|events| events.push(event)).is_some()
    }

    /// The buffer of events at an index, where a process has put one there.
    pub(crate) fn buffer_at(&self, index: u32) -> Option<u32> {
        let mut key = [0; 4];
        self.endian.write(index.into(), &mut key);
        self.store.handle(&key)
    }

    /// The program at an index of an array of programs.
    pub(crate) fn program_at(&self, index: u32) -> Option<u32> {
        let is_of_programs = self.spec.kind == uapi::BPF_MAP_TYPE_PROG_ARRAY;
        let mut key = [0; 4];
        self.endian.write(index.into(), &mut key);
        self.store.handle(&key).filter(|_| is_of_programs)
    }

    /// The key and address of the value whose region begins at this address.
    pub(crate) fn entry_at(&mut self, memory: &mut Memory, region: u64) -> Option<(Vec<u8>, u64)> {
        self.keys().into_iter().find_map(|key| {
            let address = *self.store.find(memory, &key)?.first()?;
            (address == region).then_some((key, address))
        })
    }

    pub(crate) fn number(&self) -> u32 {
        self.number
    }
}

/// The index that a key of 4 bytes is.
fn index(key: &[u8], endian: Endian) -> usize {
    endian.number(key) as usize
}

/// Checks the flags of an update against whether the key is there.
fn check(flags: u64, is_there: bool) -> Result<(), Errno> {
    match flags as u32 {
        _ if flags > 2 => Err(uapi::EINVAL),
        uapi::BPF_NOEXIST if is_there => Err(uapi::EEXIST),
        uapi::BPF_EXIST if !is_there => Err(uapi::ENOENT),
        _ => Ok(()),
    }
}
