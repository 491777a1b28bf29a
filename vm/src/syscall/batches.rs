//! Batches of entries. Where a batch ended, the process knows by a number alone, as long as a key is at the least.

use super::attributes::Batch;
use super::{Answer, ENOTSUPP, Failure, Kernel, user};
use crate::facts::uapi;
use std::collections::BTreeMap;

/// The last keys of batches, by the numbers that stand for them.
#[derive(Default)]
pub struct Batches {
    ends: BTreeMap<u32, Vec<u8>>,
}

impl Kernel {
    /// # Safety
    /// The attribute has so many bytes and points to what it says.
    pub(super) unsafe fn read_batch(&mut self, attribute: *mut u8, size: usize, takes: bool) -> Answer {
        // SAFETY: as the caller promises.
        let mut call: Batch = unsafe { user::attribute(attribute, size) };
        let wanted = std::mem::take(&mut call.count);
        // SAFETY: as the caller promises.
        let result = unsafe { self.fill(&mut call, wanted, takes) };
        // SAFETY: as the caller promises.
        unsafe { user::write_back(&call, attribute, size) };
        result
    }

    /// # Safety
    /// The attribute points to what it says, and has room for so many entries.
    unsafe fn fill(&mut self, call: &mut Batch, wanted: u32, takes: bool) -> Answer {
        let number = self.map(call.map_fd)?;
        let is_array = [uapi::BPF_MAP_TYPE_ARRAY, uapi::BPF_MAP_TYPE_PERCPU_ARRAY].contains(&self.kind(number));
        let is_batched = is_array || self.is_hash(number) || self.kind(number) == uapi::BPF_MAP_TYPE_LPM_TRIE;
        if !is_batched || takes && !self.is_hash(number) {
            return Err(ENOTSUPP.into());
        }
        let last = match call.in_batch {
            0 => None,
            // SAFETY: as the caller promises: the number is what an earlier call has written.
            address => unsafe {
                let token = user::bytes(address, 4)?.first_chunk().map_or(0, |bytes| u32::from_ne_bytes(*bytes));
                Some(self.batches.ends.get(&token).cloned().ok_or(uapi::EAGAIN)?)
            },
        };
        let all = self.vm.map(number).map(|map| map.keys()).unwrap_or_default();
        let room = self.room(number) as u64;
        let start = last.map_or(0, |last| {
            let at = all.iter().position(|key| *key == last).map(|at| at + 1);
            // A hash table that lost the key is in order of its bytes.
            at.or_else(|| all.iter().position(|key| *key > last)).unwrap_or(all.len())
        });
        let mut rest = all.into_iter().skip(start).peekable();
        let mut ended = Vec::new();
        while call.count < wanted
            && let Some(key) = rest.next()
        {
            let value = self.value(number, &key)?;
            // SAFETY: as the caller promises.
            unsafe {
                user::write(call.keys + u64::from(call.count) * key.len() as u64, &key)?;
                user::write(call.values + u64::from(call.count) * room, &value)?;
            }
            if takes {
                self.remove(number, &key)?;
            }
            call.count += 1;
            ended.clone_from(&key);
        }
        if call.count > 0 {
            let token = self.batches.ends.len() as u32;
            self.batches.ends.insert(token, ended);
            // SAFETY: as the caller promises.
            unsafe { user::write(call.out_batch, &token.to_ne_bytes())? };
        }
        if rest.peek().is_none() { Err(Failure::from(uapi::ENOENT)) } else { Ok(0) }
    }

    /// # Safety
    /// The attribute has so many bytes and points to what it says.
    pub(super) unsafe fn write_batch(&mut self, attribute: *mut u8, size: usize, deletes: bool) -> Answer {
        // SAFETY: as the caller promises.
        let mut call: Batch = unsafe { user::attribute(attribute, size) };
        let wanted = std::mem::take(&mut call.count);
        let number = self.map(call.map_fd)?;
        let (key_size, room) = (self.spec(number).key_size, self.room(number));
        let mut result = Ok(0);
        while call.count < wanted && result.is_ok() {
            let at = u64::from(call.count);
            // SAFETY: as the caller promises, the arrays have so many entries.
            let key = unsafe { user::bytes(call.keys + at * key_size as u64, key_size)? };
            let done = if deletes {
                self.remove(number, key)
            } else {
                // SAFETY: the same.
                let value = unsafe { user::bytes(call.values + at * room as u64, room)? };
                self.write(number, key, value, call.elem_flags & !u64::from(uapi::BPF_F_LOCK))
            };
            match done {
                Ok(()) => call.count += 1,
                Err(failure) => result = Err(failure),
            }
        }
        // SAFETY: as the caller promises.
        unsafe { user::write_back(&call, attribute, size) };
        result
    }
}
