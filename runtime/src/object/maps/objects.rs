//! Keys of storages: the kernel finds the object of an entry by a descriptor. A program names a process by its number
//! and an inode or a cgroup by a path, which is opened for each access; for a socket it has the descriptor.

use super::map::Map;
use crate::kernel::errors::errno;
use libbpf_sys as bpf;
use std::ffi::{c_char, c_void};
use std::os::fd::{FromRawFd, OwnedFd};

/// A key as the kernel takes it.
pub enum Key {
    /// As the program has it.
    Given(*const c_void),
    /// Closed when the access is done.
    Opened(OwnedFd),
}

impl Key {
    /// Valid as long as the key lives and is not moved.
    pub fn as_ptr(&self) -> *const c_void {
        match self {
            Key::Given(key) => *key,
            // A descriptor is the number that it holds, as the kernel wants it.
            Key::Opened(fd) => (&raw const *fd).cast(),
        }
    }
}

impl Map {
    /// The kernel's key for the program's, or −errno where there is no such object.
    ///
    /// # Safety
    /// `key` is what the program has for maps of this kind: a path ends in a NUL, a process is an `i32`.
    pub unsafe fn key(&self, key: *const c_void) -> Result<Key, i32> {
        // SAFETY: as the caller promises.
        let fd = unsafe {
            match self.kind {
                bpf::BPF_MAP_TYPE_TASK_STORAGE => {
                    libc::syscall(libc::SYS_pidfd_open, key.cast::<i32>().read_unaligned(), 0) as i32
                }
                bpf::BPF_MAP_TYPE_INODE_STORAGE | bpf::BPF_MAP_TYPE_CGRP_STORAGE => {
                    libc::open(key.cast::<c_char>(), libc::O_PATH | libc::O_CLOEXEC)
                }
                _ => return Ok(Key::Given(key)),
            }
        };
        // SAFETY: just opened, and nobody else's.
        if fd < 0 { Err(-errno()) } else { Ok(Key::Opened(unsafe { OwnedFd::from_raw_fd(fd) })) }
    }
}
