//! Room for a log of any length: a file in memory, of which only the pages are there that the kernel writes.

use std::ffi::c_void;
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::ptr::{self, NonNull};

/// A mapped file.
pub struct Room {
    start: NonNull<c_void>,
    size: usize,
}

impl Room {
    /// Makes the file an empty one of this size.
    pub fn new(file: &File, size: usize) -> io::Result<Room> {
        file.set_len(0)?;
        file.set_len(size as u64)?;
        let access = libc::PROT_READ | libc::PROT_WRITE;
        // SAFETY: a new mapping, which nothing else uses.
        let start = unsafe { libc::mmap(ptr::null_mut(), size, access, libc::MAP_SHARED, file.as_raw_fd(), 0) };
        if start == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        NonNull::new(start).map(|start| Room { start, size }).ok_or_else(io::Error::last_os_error)
    }

    /// Where it begins.
    pub fn start(&mut self) -> *mut c_void {
        self.start.as_ptr()
    }

    /// In bytes.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Cuts the file off at the end of the text.
    pub fn keep(&self, file: &File) -> io::Result<()> {
        // SAFETY: the mapping has the size; nobody writes into it any more.
        let length = unsafe { libc::strnlen(self.start.as_ptr().cast(), self.size) };
        file.set_len(length as u64)
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        // SAFETY: the mapping is this one's, and not used from here on.
        unsafe { libc::munmap(self.start.as_ptr(), self.size) };
    }
}
