//! `for (k, v in m)`: entries in batches where the kernel has them, else by key. The loop gets copies, so that it may
//! delete the current entry.

use super::map::{Map, map};
use crate::kernel::end::die;
use crate::kernel::errors::{errno, reason, unknown_to_kernel};
use libbpf_sys as bpf;
use std::collections::{BTreeSet, VecDeque};
use std::ffi::c_void;
use std::ptr;

/// Entries of one batch, at first and at most; a hash bucket that is longer asks for more.
const BATCH: usize = 4096;
/// Bytes of one batch: what a processor keeps close at hand.
const BATCH_BYTES: usize = 1 << 17;

/// A key, and its value as the kernel stores it.
type Stored<'a> = (&'a [u8], &'a [u8]);

/// Opaque to the program.
pub struct KsIter {
    map: &'static Map,
    source: Source,
    /// The entry, of sources that have none in memory.
    key: Vec<u8>,
    value: Vec<u8>,
}

enum Source {
    Batches(Batches),
    /// Keys still to be looked up.
    Keys(VecDeque<Vec<u8>>),
    /// An array's next index.
    Indexes(u32),
    /// Keys and values as the kernel stores them, read before.
    Entries(std::vec::IntoIter<(Vec<u8>, Vec<u8>)>),
    /// Keys and values as the program has them.
    Made(std::vec::IntoIter<(Vec<u8>, Vec<u8>)>),
}

struct Batches {
    keys: Vec<u8>,
    values: Vec<u8>,
    /// How many entries the buffers hold at most, how many there are, which is next.
    room: u32,
    count: usize,
    next: usize,
    /// Where the kernel goes on; its size depends on the kind of map and is never over the key's or 4 bytes.
    position: Vec<u8>,
    begun: bool,
    ended: bool,
}

/// See abi.rs.
#[unsafe(no_mangle)]
pub extern "C" fn ks_map_iter_new(index: u32) -> *mut KsIter {
    let map = map(index);
    Box::into_raw(Box::new(KsIter::new(map).unwrap_or_else(|error| stop(map, error))))
}

/// See abi.rs.
///
/// # Safety
/// `iter` comes from `ks_map_iter_new`; `key` and `value` have the sizes of the map.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ks_map_iter_next(iter: *mut KsIter, key: *mut c_void, value: *mut c_void) -> bool {
    // SAFETY: as the caller promises.
    let (iter, key, value) = unsafe {
        let iter = &mut *iter;
        let key = std::slice::from_raw_parts_mut(key.cast::<u8>(), iter.map.key_size);
        let value = std::slice::from_raw_parts_mut(value.cast::<u8>(), iter.map.value_size);
        (iter, key, value)
    };
    let map = iter.map;
    // A loop over a million entries is here as often: of a batch that has more, in a few instructions.
    if let (Source::Batches(batches), None) = (&mut iter.source, &map.percpu)
        && batches.next < batches.count
    {
        let at = batches.next;
        // SAFETY: the buffers have `count` keys and values of these sizes, and the caller's are its own.
        unsafe {
            let (from, to) = (batches.keys.as_ptr(), key.as_mut_ptr());
            ptr::copy_nonoverlapping(from.add(at * map.key_size), to, map.key_size);
            let (from, to) = (batches.values.as_ptr(), value.as_mut_ptr());
            ptr::copy_nonoverlapping(from.add(at * map.value_size), to, map.value_size);
        }
        batches.next = at + 1;
        return true;
    }
    let is_made = matches!(iter.source, Source::Made(_));
    let Some((next, stored)) = iter.next().unwrap_or_else(|error| stop(map, error)) else { return false };
    key.copy_from_slice(next);
    match map.percpu.as_ref().filter(|_| !is_made) {
        Some(percpu) => percpu.gather(stored, value),
        None => value.copy_from_slice(stored),
    }
    true
}

/// A key, and the value as the kernel stores it.
pub type Entry = (Vec<u8>, Vec<u8>);

/// The entries of a map: keys, and values as the kernel stores them, of per-CPU maps those of all CPUs.
pub fn entries(map: &'static Map) -> Vec<Entry> {
    try_entries(map).unwrap_or_else(|error| stop(map, error))
}

/// The same, or the errno where the kernel refuses them.
pub fn try_entries(map: &'static Map) -> Result<Vec<Entry>, i32> {
    let mut iter = KsIter::new(map)?;
    let mut all = Vec::new();
    while let Some((key, stored)) = iter.next()? {
        all.push((key.to_vec(), stored.to_vec()));
    }
    Ok(all)
}

/// Ends the process.
fn stop(map: &Map, error: i32) -> ! {
    die(1, &format!("cannot walk over the map `{}`: {}", map.name, reason(error)))
}

/// See abi.rs.
///
/// # Safety
/// `iter` comes from `ks_map_iter_new` and is not used again, or is null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ks_map_iter_free(iter: *mut KsIter) {
    if !iter.is_null() {
        // SAFETY: as the caller promises.
        drop(unsafe { Box::from_raw(iter) });
    }
}

/// A walk over entries that `entries` has read.
pub fn walk(map: &'static Map, entries: Vec<(Vec<u8>, Vec<u8>)>) -> *mut KsIter {
    Box::into_raw(Box::new(KsIter::of(map, Source::Entries(entries.into_iter()))))
}

/// A walk over keys and values as the program has them.
pub fn walk_made(map: &'static Map, entries: Vec<(Vec<u8>, Vec<u8>)>) -> *mut KsIter {
    Box::into_raw(Box::new(KsIter::of(map, Source::Made(entries.into_iter()))))
}

/// See abi.rs.
#[unsafe(no_mangle)]
pub extern "C" fn ks_map_clear(index: u32) {
    let map = map(index);
    let mut spare = vec![0; map.stored_size()];
    // SAFETY: in all of it keys and values have the map's sizes, and maps without keys are asked for a value.
    let delete = |key: &[u8]| unsafe {
        bpf::bpf_map_delete_elem(map.fd, key.as_ptr().cast());
    };
    if map.key_size == 0 {
        // SAFETY: see above.
        while unsafe { bpf::bpf_map_lookup_and_delete_elem(map.fd, ptr::null(), spare.as_mut_ptr().cast()) } == 0 {}
    } else if map.is_array() {
        for index in 0..map.max_entries {
            // SAFETY: see above.
            unsafe { bpf::bpf_map_update_elem(map.fd, (&raw const index).cast(), spare.as_ptr().cast(), map.flags) };
        }
    } else {
        keys(map).unwrap_or_else(|error| stop(map, error)).iter().for_each(|key| delete(key));
    }
}

impl KsIter {
    /// The errno where the kernel refuses the walk.
    fn new(map: &'static Map) -> Result<KsIter, i32> {
        let source = match Batches::new(map)? {
            Some(batches) => Source::Batches(batches),
            None if map.is_array() => Source::Indexes(0),
            None => Source::Keys(keys(map)?),
        };
        Ok(KsIter::of(map, source))
    }

    fn of(map: &'static Map, source: Source) -> KsIter {
        KsIter { map, source, key: vec![0; map.key_size], value: vec![0; map.stored_size()] }
    }

    /// The next key, and the value as the kernel stores it; none at the end.
    fn next(&mut self) -> Result<Option<Stored<'_>>, i32> {
        let KsIter { map, source, key, value } = self;
        let is_next = match source {
            Source::Batches(batches) => return batches.next(map),
            Source::Keys(keys) => {
                // An entry that is gone since the keys were read is passed over.
                let mut left = std::iter::from_fn(|| keys.pop_front());
                left.find(|next| lookup(map, next, value)).map(|next| *key = next).is_some()
            }
            Source::Entries(entries) | Source::Made(entries) => {
                entries.next().map(|entry| (*key, *value) = entry).is_some()
            }
            Source::Indexes(next) => {
                let mut left = *next..map.max_entries;
                let found = left.find(|index| lookup(map, &index.to_ne_bytes(), value));
                *next = left.start;
                let size = key.len();
                found.inspect(|index| key.copy_from_slice(&index.to_ne_bytes()[..size])).is_some()
            }
        };
        Ok(is_next.then_some((key.as_slice(), value.as_slice())))
    }
}

/// Copies the value of a key as the kernel stores it; false where there is none.
pub fn lookup(map: &Map, key: &[u8], value: &mut [u8]) -> bool {
    // SAFETY: buffers of the map's sizes.
    unsafe { bpf::bpf_map_lookup_elem_flags(map.fd, key.as_ptr().cast(), value.as_mut_ptr().cast(), map.flags) == 0 }
}

/// All keys of the map. The kernel starts again from the first key when the one that it goes on from was deleted
/// meanwhile: keys seen before are left out, and the walk ends after as many steps as there can be entries.
fn keys(map: &Map) -> Result<VecDeque<Vec<u8>>, i32> {
    let mut keys = VecDeque::new();
    let mut seen = BTreeSet::new();
    let mut current = vec![0u8; map.key_size];
    let mut next = vec![0u8; map.key_size];
    let mut from = ptr::null();
    for _ in 0..u64::from(map.max_entries) * 2 {
        // SAFETY: buffers of the key's size; null asks for the first key.
        if unsafe { bpf::bpf_map_get_next_key(map.fd, from, next.as_mut_ptr().cast()) } != 0 {
            if errno() != libc::ENOENT {
                return Err(errno());
            }
            break;
        }
        current.copy_from_slice(&next);
        from = current.as_ptr().cast();
        if seen.insert(current.clone()) {
            keys.push_back(current.clone());
        }
    }
    Ok(keys)
}

impl Batches {
    /// Reads the first batch; None where the kernel has no batches for this kind of map.
    fn new(map: &Map) -> Result<Option<Batches>, i32> {
        let entry = map.key_size + map.stored_size();
        let room = (BATCH_BYTES / entry.max(1)).clamp(BATCH / 64, BATCH) as u32;
        let mut batches = Batches {
            keys: Vec::new(),
            values: Vec::new(),
            room: map.max_entries.clamp(1, room),
            count: 0,
            next: 0,
            position: vec![0; map.key_size.max(8)],
            begun: false,
            ended: false,
        };
        match batches.read(map) {
            Ok(()) => Ok(Some(batches)),
            Err(error) if unknown_to_kernel(error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn next(&mut self, map: &Map) -> Result<Option<Stored<'_>>, i32> {
        while self.next == self.count {
            if self.ended {
                return Ok(None);
            }
            self.read(map)?;
        }
        let (at, size) = (self.next, map.stored_size());
        self.next += 1;
        // Batches of per-CPU maps round the value up like lookups do.
        let (key, value) = (at * map.key_size..(at + 1) * map.key_size, at * size..(at + 1) * size);
        Ok(Some((&self.keys[key], &self.values[value])))
    }

    fn read(&mut self, map: &Map) -> Result<(), i32> {
        loop {
            self.keys.resize(self.room as usize * map.key_size, 0);
            self.values.resize(self.room as usize * map.stored_size(), 0);
            let mut count = self.room;
            let mut after = self.position.clone();
            let from = if self.begun { self.position.as_mut_ptr().cast() } else { ptr::null_mut() };
            let options = bpf::bpf_map_batch_opts {
                sz: size_of::<bpf::bpf_map_batch_opts>() as bpf::size_t,
                elem_flags: map.flags,
                flags: 0,
            };
            // SAFETY: the buffers hold `count` keys and values, the positions the largest token.
            let result = unsafe {
                bpf::bpf_map_lookup_batch(
                    map.fd,
                    from,
                    after.as_mut_ptr().cast(),
                    self.keys.as_mut_ptr().cast(),
                    self.values.as_mut_ptr().cast(),
                    &mut count,
                    &options,
                )
            };
            let error = if result == 0 { 0 } else { errno() };
            match error {
                0 | libc::ENOENT => {
                    self.position = after;
                    self.begun = true;
                    self.ended = error == libc::ENOENT;
                    self.count = count as usize;
                    self.next = 0;
                    return Ok(());
                }
                libc::ENOSPC if self.room <= map.max_entries => self.room = self.room.saturating_mul(2),
                libc::EINTR | libc::EAGAIN => {}
                _ => return Err(error),
            }
        }
    }
}
