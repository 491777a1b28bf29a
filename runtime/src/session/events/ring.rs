//! The reading side of a ring buffer, as the kernel lays it out in shared memory (kernel/bpf/ringbuf.c).
//!
//! The first page has the position up to which the process has read; the second one has that up to which records are
//! reserved. Positions only grow. The data follows, mapped twice in a row, so that each record lies in one piece.
//! libbpf has a reader too; this one counts discarded records in what it reads at a time, so that a flood of them does not
//! keep the process from its other work.

use libbpf_sys as bpf;
use std::ptr;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

/// The mapped memory of one ring buffer.
pub struct Ring {
    fd: i32,
    /// Written by this process alone.
    read: &'static AtomicUsize,
    reserved: &'static AtomicUsize,
    data: *const u8,
    bytes: usize,
}

impl Ring {
    /// Maps the ring buffer of a map with `bytes` bytes of data, for as long as the process lives. None if mmap fails, with `errno`.
    pub fn open(fd: i32, bytes: usize) -> Option<Ring> {
        // SAFETY: always safe to call.
        let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) } as usize;
        let read = map(fd, 0, page, libc::PROT_READ | libc::PROT_WRITE)?;
        let reserved = map(fd, page, page + 2 * bytes, libc::PROT_READ)?;
        // SAFETY: mapped for good, and aligned to pages; the kernel changes both positions atomically.
        let (read, reserved, data) = unsafe { (&*read.cast(), &*reserved.cast(), reserved.add(page)) };
        Some(Ring { fd, read, reserved, data, bytes })
    }

    /// The descriptor of the map, to wait on.
    pub fn fd(&self) -> i32 {
        self.fd
    }

    /// How many bytes of records wait, heads and discarded ones included.
    pub fn filled(&self) -> usize {
        self.reserved.load(Ordering::Acquire).wrapping_sub(self.read.load(Ordering::Relaxed))
    }

    /// Hands over records in order, up to one for which `take` is false: the data, of a discarded one nothing, and how many
    /// bytes of the buffer the record has.
    pub fn read(&self, mut take: impl FnMut(Option<&[u8]>, usize) -> bool) {
        let mut at = self.read.load(Ordering::Relaxed);
        let mut end = at;
        loop {
            if at == end {
                end = self.reserved.load(Ordering::Acquire);
            }
            if at == end {
                return;
            }
            // SAFETY: the kernel has written a head at this position before it moved `reserved` past it.
            let head = unsafe { self.data.add(at & (self.bytes - 1)) };
            // SAFETY: heads are aligned to 8 bytes; the kernel changes the word atomically when the record is submitted.
            let word = unsafe { &*head.cast::<AtomicU32>() }.load(Ordering::Acquire);
            if word & bpf::BPF_RINGBUF_BUSY_BIT != 0 {
                // A poll finds the buffer readable as long as anything in it is reserved, so this record is not missed.
                return;
            }
            let length = (word & !bpf::BPF_RINGBUF_DISCARD_BIT) as usize;
            let whole = (HEAD + length).next_multiple_of(8);
            at = at.wrapping_add(whole);
            let submitted = word & bpf::BPF_RINGBUF_DISCARD_BIT == 0;
            // SAFETY: so many bytes of data follow the head, and stay as they are until `read` moves past them.
            let sent = submitted.then(|| unsafe { std::slice::from_raw_parts(head.add(HEAD), length) });
            let goes_on = take(sent, whole);
            self.read.store(at, Ordering::Release);
            if !goes_on {
                return;
            }
        }
    }
}

/// How many bytes a record has before its data.
const HEAD: usize = bpf::BPF_RINGBUF_HDR_SZ as usize;

fn map(fd: i32, offset: usize, length: usize, access: i32) -> Option<*const u8> {
    // SAFETY: a fresh mapping, which nothing else refers to.
    let found = unsafe { libc::mmap(ptr::null_mut(), length, access, libc::MAP_SHARED, fd, offset as libc::off_t) };
    (found != libc::MAP_FAILED).then(|| found.cast_const().cast())
}
