//! Entries of maps, as a process reads and writes them (kernel/bpf/syscall.c).

use super::attributes::Element;
use super::descriptors::Object;
use super::{Answer, ENOTSUPP, Failure, Kernel, user};
use crate::facts::uapi;
use crate::fault::Fault;
use std::os::fd::RawFd;

/// The flag of an access that takes the lock in a value: nothing runs meanwhile.
const LOCK: u64 = uapi::BPF_F_LOCK as u64;

impl Kernel {
    /// # Safety
    /// The attribute points to what it says.
    pub(super) unsafe fn lookup(&mut self, call: &Element, takes: bool) -> Answer {
        let number = self.map(call.map_fd)?;
        if call.flags & !LOCK != 0 {
            return Err(uapi::EINVAL.into());
        }
        let (kind, size) = (self.kind(number), self.spec(number).value_size);
        if [uapi::BPF_MAP_TYPE_QUEUE, uapi::BPF_MAP_TYPE_STACK, uapi::BPF_MAP_TYPE_BLOOM_FILTER].contains(&kind) {
            // SAFETY: as the caller promises. A filter gets the value that is asked for.
            let mut value = unsafe { user::bytes(call.value, size)? }.to_vec();
            let (map, _) = self.vm.map_mut(number).ok_or(uapi::EBADF)?;
            map.peek(&mut value, takes)?;
            // SAFETY: as the caller promises.
            return Ok(unsafe { user::write(call.value, &value) }.map(|()| 0)?);
        }
        // SAFETY: as the caller promises.
        let key = unsafe { self.key(number, call.key)? };
        let value = self.value(number, &key)?;
        if takes {
            if !self.is_hash(number) {
                return Err(ENOTSUPP.into());
            }
            self.remove(number, &key)?;
        }
        // SAFETY: as the caller promises.
        Ok(unsafe { user::write(call.value, &value) }.map(|()| 0)?)
    }

    /// The value of a key, as processes get it.
    pub(super) fn value(&mut self, number: u32, key: &[u8]) -> Result<Vec<u8>, Failure> {
        if [uapi::BPF_MAP_TYPE_RINGBUF, uapi::BPF_MAP_TYPE_USER_RINGBUF, uapi::BPF_MAP_TYPE_PERF_EVENT_ARRAY]
            .contains(&self.kind(number))
        {
            return Err(ENOTSUPP.into());
        }
        let holds = self.holds(number);
        let (map, memory) = self.vm.map_mut(number).ok_or(uapi::EBADF)?;
        let value = map.read(memory, key).ok_or(uapi::ENOENT)?;
        Ok(match holds {
            // The process sees ids.
            Some(_) => (memory.endian().number(&value) as u32 + 1).to_ne_bytes().to_vec(),
            None => value,
        })
    }

    /// # Safety
    /// The attribute points to what it says.
    pub(super) unsafe fn update(&mut self, call: &Element) -> Answer {
        let number = self.map(call.map_fd)?;
        let flags = call.flags & !LOCK;
        let kind = self.kind(number);
        // SAFETY: as the caller promises.
        let value = unsafe { user::bytes(call.value, self.room(number))? };
        if [uapi::BPF_MAP_TYPE_QUEUE, uapi::BPF_MAP_TYPE_STACK, uapi::BPF_MAP_TYPE_BLOOM_FILTER].contains(&kind) {
            self.may_change(number)?;
            let (map, _) = self.vm.map_mut(number).ok_or(uapi::EBADF)?;
            return Ok(map.push(value, flags).map(|()| 0)?);
        }
        // SAFETY: as the caller promises.
        let key = unsafe { self.key(number, call.key)? };
        self.write(number, &key, value, flags)?;
        Ok(0)
    }

    /// Writes an entry, whose value is a descriptor where the map holds programs or maps.
    pub(super) fn write(&mut self, number: u32, key: &[u8], value: &[u8], flags: u64) -> Result<(), Failure> {
        self.may_change(number)?;
        let value = match (self.holds(number), value.first_chunk()) {
            (Some(holds), Some(fd)) => self.handle(holds, u32::from_ne_bytes(*fd))?.to_ne_bytes().to_vec(),
            (Some(_) | None, _) => value.to_vec(),
        };
        let (map, memory) = self.vm.map_mut(number).ok_or(uapi::EBADF)?;
        Ok(map.write(memory, key, &value, flags)?)
    }

    /// The number of the program or map of a descriptor.
    fn handle(&self, holds: Holds, fd: u32) -> Result<u32, i64> {
        match (holds, self.descriptors.object(fd as RawFd)) {
            (Holds::Programs, Some(Object::Program(number)))
            | (Holds::Maps, Some(Object::Map(number)))
            | (Holds::Events, Some(Object::Event(number))) => Ok(number),
            (_, Some(_)) => Err(uapi::EINVAL),
            (_, None) => Err(uapi::EBADF),
        }
    }

    /// # Safety
    /// The attribute points to what it says.
    pub(super) unsafe fn delete(&mut self, call: &Element) -> Answer {
        let number = self.map(call.map_fd)?;
        // SAFETY: as the caller promises.
        let key = unsafe { self.key(number, call.key)? };
        self.remove(number, &key)?;
        Ok(0)
    }

    pub(super) fn remove(&mut self, number: u32, key: &[u8]) -> Result<(), Failure> {
        self.may_change(number)?;
        let (map, memory) = self.vm.map_mut(number).ok_or(uapi::EBADF)?;
        let result = map.delete(memory, key);
        // No program runs that could still use the value.
        memory.settle();
        Ok(result?)
    }

    /// # Safety
    /// The attribute points to what it says.
    pub(super) unsafe fn next_key(&mut self, call: &Element) -> Answer {
        let number = self.map(call.map_fd)?;
        if self.spec(number).key_size == 0 {
            return Err(ENOTSUPP.into());
        }
        // SAFETY: as the caller promises.
        let key = if call.key == 0 { None } else { Some(unsafe { self.key(number, call.key)? }) };
        let next = self.vm.map(number).and_then(|map| map.next_key(key.as_deref())).ok_or(uapi::ENOENT)?;
        // SAFETY: as the caller promises.
        Ok(unsafe { user::write(call.value, &next) }.map(|()| 0)?)
    }

    fn may_change(&self, number: u32) -> Result<(), i64> {
        let is_read_only = self.spec(number).flags & uapi::BPF_F_RDONLY != 0;
        if is_read_only || self.frozen.contains(&number) { Err(uapi::EPERM) } else { Ok(()) }
    }

    /// # Safety
    /// The address is of a key of the map.
    unsafe fn key(&self, number: u32, address: u64) -> Result<Vec<u8>, Failure> {
        // SAFETY: as the caller promises.
        let key = unsafe { user::bytes(address, self.spec(number).key_size)? };
        match (self.kind(number), key.first_chunk()) {
            (uapi::BPF_MAP_TYPE_TASK_STORAGE, Some(fd)) => Ok(task(RawFd::from_ne_bytes(*fd))?),
            // Of these objects the machine and the process have different ones.
            (uapi::BPF_MAP_TYPE_SK_STORAGE | uapi::BPF_MAP_TYPE_INODE_STORAGE | uapi::BPF_MAP_TYPE_CGRP_STORAGE, _) => {
                Err(Fault::lacks("storage of sockets, inodes and cgroups for user space").into())
            }
            (_, _) => Ok(key.to_vec()),
        }
    }

    /// How many bytes a value has for the process.
    pub(super) fn room(&self, number: u32) -> usize {
        let size = self.spec(number).value_size;
        let is_percpu = self.vm.map(number).is_some_and(|map| map.is_percpu());
        if is_percpu { size.next_multiple_of(8) * self.vm.cpus } else { size }
    }

    pub(super) fn spec(&self, number: u32) -> &crate::MapSpec {
        self.vm.maps[number as usize].spec()
    }

    pub(super) fn kind(&self, number: u32) -> u32 {
        self.spec(number).kind
    }

    pub(super) fn is_hash(&self, number: u32) -> bool {
        [
            uapi::BPF_MAP_TYPE_HASH,
            uapi::BPF_MAP_TYPE_LRU_HASH,
            uapi::BPF_MAP_TYPE_PERCPU_HASH,
            uapi::BPF_MAP_TYPE_LRU_PERCPU_HASH,
        ]
        .contains(&self.kind(number))
    }

    /// What the values of a map are descriptors of; None if they are plain.
    fn holds(&self, number: u32) -> Option<Holds> {
        match self.kind(number) {
            uapi::BPF_MAP_TYPE_PROG_ARRAY => Some(Holds::Programs),
            uapi::BPF_MAP_TYPE_ARRAY_OF_MAPS | uapi::BPF_MAP_TYPE_HASH_OF_MAPS => Some(Holds::Maps),
            uapi::BPF_MAP_TYPE_PERF_EVENT_ARRAY => Some(Holds::Events),
            _ => None,
        }
    }
}

/// The number of the process of a descriptor (pidfd_open(2)).
fn task(fd: RawFd) -> Result<Vec<u8>, i64> {
    let facts = std::fs::read_to_string(format!("/proc/self/fdinfo/{fd}")).map_err(|_| uapi::EBADF)?;
    let number = facts.lines().find_map(|line| line.strip_prefix("Pid:")?.trim().parse::<u32>().ok());
    number.map(|number| number.to_ne_bytes().to_vec()).ok_or(uapi::EBADF)
}

/// What descriptors in a map are of.
#[derive(Clone, Copy)]
enum Holds {
    Programs,
    Maps,
    Events,
}
