//! Copies the entries of a pinned map to a new one, each by a function of the program.

use super::{PERCPU, Plan};
use crate::kernel::end::die;
use crate::kernel::errors::reason;
use crate::kernel::program::text;
use libbpf_sys as bpf;
use std::collections::HashSet;
use std::fmt::Write;
use std::os::fd::AsRawFd;

/// How many entries the new map has, and how many of the old one it has not.
pub(super) struct Counts {
    pub taken: usize,
    pub dropped: usize,
}

/// Memory for keys and values, at an address that every type allows.
struct Buffer {
    words: Vec<u64>,
    size: usize,
}

impl Buffer {
    fn new(size: usize) -> Buffer {
        Buffer { words: vec![0; size.div_ceil(8)], size }
    }

    fn at(&mut self) -> *mut u8 {
        self.words.as_mut_ptr().cast()
    }

    fn clear(&mut self) {
        self.words.fill(0);
    }

    fn bytes(&mut self) -> &mut [u8] {
        // SAFETY: the words have at least so many bytes.
        unsafe { std::slice::from_raw_parts_mut(self.at(), self.size) }
    }
}

struct Copy<'p> {
    plan: &'p Plan,
    new: i32,
    /// How many values an entry has.
    cpus: usize,
    /// The bytes of each of them in what the kernel reads and writes.
    strides: [usize; 2],
    /// Whether the new key may begin as the old one.
    keys_agree: bool,
}

/// Fills the new map. A failure ends the process; the pins are as they were.
pub(super) fn fill(plan: &Plan, new: i32) -> Counts {
    let percpu = PERCPU.contains(&plan.wanted.kind());
    // SAFETY: asks the kernel for a number.
    let cpus = if percpu { unsafe { bpf::libbpf_num_possible_cpus() } } else { 1 };
    let stride = |size: u32| if percpu { size.next_multiple_of(8) as usize } else { size as usize };
    let strides = [stride(plan.there.value_size()), stride(plan.wanted.value_size())];
    let keys = (plan.there.types().map(|(key, _)| key), plan.wanted.types().map(|(key, _)| key));
    let keys_agree = keys.0 == keys.1 && plan.there.key_size() == plan.wanted.key_size();
    let copy = Copy { plan, new, cpus: usize::try_from(cpus).unwrap_or(1), strides, keys_agree };
    copy.all()
}

/// The result of one entry.
enum Made {
    Taken,
    Dropped,
    /// Another process has deleted it.
    Gone,
}

impl Copy<'_> {
    fn all(&self) -> Counts {
        let keys = self.keys();
        let mut counts = Counts { taken: 0, dropped: 0 };
        let mut used = HashSet::new();
        for key in &keys {
            match self.one(key, &mut used) {
                Made::Taken => counts.taken += 1,
                Made::Dropped => counts.dropped += 1,
                Made::Gone => {}
            }
        }
        if [bpf::BPF_MAP_TYPE_LRU_HASH, bpf::BPF_MAP_TYPE_LRU_PERCPU_HASH].contains(&self.plan.wanted.kind()) {
            let kept = used.iter().filter(|key| self.is_there(key)).count();
            if kept < used.len() {
                let lost = used.len() - kept;
                self.fail(
                    None,
                    &format!("the new map, which drops what is used least, has dropped {lost} of its entries"),
                );
            }
        }
        counts
    }

    /// The keys of the old map. One that is deleted meanwhile makes the kernel begin again.
    fn keys(&self) -> Vec<Vec<u8>> {
        let size = self.plan.there.key_size() as usize;
        let (mut keys, mut seen) = (Vec::new(), HashSet::new());
        let (mut last, mut next) = (Buffer::new(size), Buffer::new(size));
        let (mut from, mut again) = (std::ptr::null(), 0_usize);
        loop {
            // SAFETY: keys of the map's size, or null for the first.
            let result = unsafe { bpf::bpf_map_get_next_key(self.plan.old.as_raw_fd(), from, next.at().cast()) };
            if result == -libc::ENOENT {
                return keys;
            } else if result != 0 {
                self.fail(None, &format!("its keys cannot be read: {}", reason(result)));
            }
            let key = next.bytes().to_vec();
            if seen.insert(key.clone()) {
                keys.push(key);
            } else {
                again += 1;
                if again > 64 * (self.plan.there.max_entries() as usize + 1) {
                    self.fail(None, "another process deletes its entries faster than they are read");
                }
            }
            std::mem::swap(&mut last, &mut next);
            from = last.at().cast_const().cast();
        }
    }

    fn one(&self, key: &[u8], used: &mut HashSet<Vec<u8>>) -> Made {
        let [from, to] = self.strides;
        let mut old_key = Buffer::new(key.len());
        old_key.bytes().copy_from_slice(key);
        let mut old = Buffer::new(from * self.cpus);
        // SAFETY: a key and a value of the map's sizes.
        let result =
            unsafe { bpf::bpf_map_lookup_elem(self.plan.old.as_raw_fd(), old_key.at().cast(), old.at().cast()) };
        if result == -libc::ENOENT {
            return Made::Gone;
        } else if result != 0 {
            self.fail(Some(key), &format!("it cannot be read: {}", reason(result)));
        }
        let is_same_index = self.plan.migration.key.is_none() && self.is_array();
        if is_same_index && self.index(key) >= self.plan.wanted.max_entries() && old.bytes().iter().all(|b| *b == 0) {
            return Made::Dropped;
        }
        let (mut values, mut new_key) = (Buffer::new(to * self.cpus), None);
        for cpu in 0..self.cpus {
            let mut fresh = Buffer::new(self.plan.wanted.key_size() as usize);
            if self.keys_agree || self.plan.migration.key.is_none() {
                fresh.bytes().copy_from_slice(key);
            }
            let mut value = Buffer::new(to);
            // A value is made in memory of its own, since per-CPU ones lie side by side.
            let mut source = Buffer::new(from);
            source.bytes().copy_from_slice(old.bytes().get(cpu * from..(cpu + 1) * from).unwrap_or_default());
            if !(self.plan.migration.make)(old_key.at(), source.at(), fresh.at(), value.at()) {
                continue;
            }
            match &new_key {
                Some(known) if *known != fresh.bytes() => {
                    self.fail(Some(key), &format!("the function makes another key of what CPU {cpu} has"));
                }
                Some(_) => {}
                None => new_key = Some(fresh.bytes().to_vec()),
            }
            if let Some(place) = values.bytes().get_mut(cpu * to..(cpu + 1) * to) {
                place.copy_from_slice(value.bytes());
            }
            value.clear();
        }
        let Some(new_key) = new_key else { return Made::Dropped };
        self.insert(key, &new_key, &mut values, used);
        Made::Taken
    }

    fn insert(&self, old: &[u8], key: &[u8], values: &mut Buffer, used: &mut HashSet<Vec<u8>>) {
        if !used.insert(key.to_vec()) {
            self.fail(Some(old), "an entry before it has the same new key");
        }
        let room = self.plan.wanted.max_entries();
        if self.is_array() && self.index(key) >= room || used.len() > room as usize {
            let there = used.len() - 1;
            let why = if self.is_array() {
                format!("the new array ends before index {}", self.index(key))
            } else {
                format!("the new map has room for {room} entries, and has {there}")
            };
            self.fail(Some(old), &why);
        }
        let mut fresh = Buffer::new(key.len());
        fresh.bytes().copy_from_slice(key);
        // SAFETY: a key and a value of the new map's sizes.
        let result = unsafe { bpf::bpf_map_update_elem(self.new, fresh.at().cast(), values.at().cast(), 0) };
        if result != 0 {
            self.fail(Some(old), &format!("the kernel does not take the new entry: {}", reason(result)));
        }
    }

    fn is_there(&self, key: &[u8]) -> bool {
        let mut buffer = Buffer::new(key.len());
        buffer.bytes().copy_from_slice(key);
        let mut value = Buffer::new(self.strides[1] * self.cpus);
        // SAFETY: a key and a value of the new map's sizes.
        unsafe { bpf::bpf_map_lookup_elem(self.new, buffer.at().cast(), value.at().cast()) == 0 }
    }

    fn is_array(&self) -> bool {
        [bpf::BPF_MAP_TYPE_ARRAY, bpf::BPF_MAP_TYPE_PERCPU_ARRAY].contains(&self.plan.wanted.kind())
    }

    fn index(&self, key: &[u8]) -> u32 {
        key.try_into().map_or(u32::MAX, u32::from_ne_bytes)
    }

    /// Ends the program before anything is pinned.
    fn fail(&self, key: Option<&[u8]>, why: &str) -> ! {
        let (name, place, by) = (text(self.plan.map.name), &self.plan.place, self.plan.migration.name);
        let entry = key.map_or(String::new(), |key| format!("the entry of {}: ", shown(key)));
        die(
            1,
            &format!(
                "cannot make the entries of the pinned map `{name}` at {place} anew by `{by}`: {entry}{why}\n  \
                 the old map stays pinned"
            ),
        )
    }
}

/// A key for a message: its number if it has the size of one, and its bytes.
fn shown(key: &[u8]) -> String {
    let number = match *key {
        [a] => Some(u64::from(a)),
        [a, b] => Some(u64::from(u16::from_ne_bytes([a, b]))),
        [a, b, c, d] => Some(u64::from(u32::from_ne_bytes([a, b, c, d]))),
        [a, b, c, d, e, f, g, h] => Some(u64::from_ne_bytes([a, b, c, d, e, f, g, h])),
        _ => None,
    };
    let mut bytes = String::new();
    for byte in key.iter().take(32) {
        write!(bytes, " {byte:02x}").ok();
    }
    let more = if key.len() > 32 { " …" } else { "" };
    number.map_or_else(|| format!("key{bytes}{more}"), |number| format!("key {number}"))
}
