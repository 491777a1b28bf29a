//! The reading side of a ring buffer, as the kernel lays it out in shared memory (kernel/bpf/ringbuf.c).
//!
//! The first page has the position up to which the process has read; the second one has that up to which records are
//! reserved. Positions only grow. The data follows, mapped twice in a row, so that each record lies in one piece.
//! libbpf has a reader too; this one counts discarded records in what it reads at a time, so that a flood of them does not
//! keep the process from its other work, and tells the kernel its position once for many records: the cache line of the
//! position is the kernel's too, whenever it reserves a record.

use super::clock::Deadline;
use libbpf_sys as bpf;
use std::cell::Cell;
use std::ffi::c_void;
use std::ptr;
use std::sync::atomic::{AtomicI32, AtomicU32, AtomicUsize, Ordering};

/// The mapped memory of one ring buffer.
pub struct Ring {
    fd: i32,
    /// The position that the kernel sees, written by this process alone.
    published: &'static AtomicUsize,
    reserved: &'static AtomicUsize,
    data: *const u8,
    bytes: usize,
    /// Up to where records were handed over, while `hand_over` runs.
    read: Cell<usize>,
    runs: Cell<bool>,
}

/// Who takes the records.
pub enum Taker<'a> {
    /// A function of native code that takes the address of a record in the buffer and leaves it as it is. Each record has `size` bytes; it
    /// yields 0 to go on.
    InPlace { handler: extern "C" fn(*const c_void) -> i32, size: usize },
    /// Takes the bytes of a record, and yields 0 to go on.
    Any(&'a dyn Fn(&[u8]) -> i32),
}

/// How much is handed over at a time.
pub struct Limits<'a> {
    /// The most records, discarded ones included.
    pub records: u32,
    /// So many bytes of records, heads included, are handed over even after the deadline; less those that were.
    pub due: u64,
    pub deadline: Option<Deadline>,
    /// A number other than 0 ends the reading.
    pub signal: &'a AtomicI32,
}

/// Why the reading ended.
pub enum End {
    /// Nothing is left, or the next record is not submitted yet.
    Empty,
    /// One of the limits.
    Limit,
    /// A taker yielded this.
    Yielded(i32),
    /// A record has this number of bytes, and its taker takes another one.
    Misfit(usize),
}

/// After so many bytes of records the kernel is told the position, besides at the end.
const PUBLISHED_AFTER: usize = 4096;

impl Ring {
    /// Maps the ring buffer of a map with `bytes` bytes of data, for as long as the process lives. None if mmap fails, with `errno`.
    pub fn open(fd: i32, bytes: usize) -> Option<Ring> {
        // SAFETY: always safe to call.
        let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) } as usize;
        let read = map(fd, 0, page, libc::PROT_READ | libc::PROT_WRITE)?;
        let reserved = map(fd, page, page + 2 * bytes, libc::PROT_READ)?;
        // SAFETY: mapped for good, and aligned to pages; the kernel changes both positions atomically.
        let (published, reserved, data): (&AtomicUsize, &AtomicUsize, _) =
            unsafe { (&*read.cast(), &*reserved.cast(), reserved.add(page)) };
        let read = Cell::new(published.load(Ordering::Relaxed));
        Some(Ring { fd, published, reserved, data, bytes, read, runs: Cell::new(false) })
    }

    /// The descriptor of the map, to wait on.
    pub fn fd(&self) -> i32 {
        self.fd
    }

    /// How many bytes of records wait, heads and discarded ones included.
    pub fn filled(&self) -> usize {
        self.reserved.load(Ordering::Acquire).wrapping_sub(self.published.load(Ordering::Relaxed))
    }

    /// Tells the kernel, and who reads the same buffer next, what was handed over: a taker ends the process, or makes it another program.
    pub fn settle(&self) {
        if self.runs.get() {
            self.publish();
        }
    }

    fn publish(&self) {
        self.published.store(self.read.get(), Ordering::Release);
    }

    /// Hands over records in order.
    pub fn hand_over(&self, taker: &Taker, limits: &mut Limits) -> End {
        self.read.set(self.published.load(Ordering::Relaxed));
        self.runs.set(true);
        let end = self.walk(taker, limits);
        self.publish();
        self.runs.set(false);
        end
    }

    fn walk(&self, taker: &Taker, limits: &mut Limits) -> End {
        let mut at = self.read.get();
        let (mut reserved, mut published) = (at, at);
        loop {
            if at == reserved {
                reserved = self.reserved.load(Ordering::Acquire);
                if at == reserved {
                    return End::Empty;
                }
            }
            // SAFETY: the kernel has written a head at this position before it moved `reserved` past it.
            let head = unsafe { self.data.add(at & (self.bytes - 1)) };
            // SAFETY: heads are aligned to 8 bytes; the kernel changes the word atomically when the record is submitted.
            let word = unsafe { &*head.cast::<AtomicU32>() }.load(Ordering::Acquire);
            if word & bpf::BPF_RINGBUF_BUSY_BIT != 0 {
                // A poll finds the buffer readable as long as anything in it is reserved, so this record is not missed.
                return End::Empty;
            }
            let length = (word & !bpf::BPF_RINGBUF_DISCARD_BIT) as usize;
            let whole = (HEAD + length).next_multiple_of(8);
            let taken = if word & bpf::BPF_RINGBUF_DISCARD_BIT == 0 {
                // SAFETY: so many bytes of data follow the head, and stay as they are until `published` moves past them.
                take(taker, unsafe { std::slice::from_raw_parts(head.add(HEAD), length) })
            } else {
                None
            };
            at = at.wrapping_add(whole);
            self.read.set(at);
            if let Some(end) = taken.or_else(|| limits.after(whole)) {
                return end;
            }
            if at.wrapping_sub(published) >= PUBLISHED_AFTER {
                self.publish();
                published = at;
            }
        }
    }
}

/// None to go on.
#[inline]
fn take(taker: &Taker, sent: &[u8]) -> Option<End> {
    let result = match taker {
        Taker::InPlace { handler, size } if *size == sent.len() => handler(sent.as_ptr().cast()),
        Taker::InPlace { .. } => return Some(End::Misfit(sent.len())),
        Taker::Any(take) => take(sent),
    };
    (result != 0).then_some(End::Yielded(result))
}

impl Limits<'_> {
    /// Counts a record of so many bytes; none to go on.
    #[inline]
    fn after(&mut self, bytes: usize) -> Option<End> {
        self.records = self.records.saturating_sub(1);
        self.due = self.due.saturating_sub(bytes as u64);
        let is_over = self.records == 0
            || self.signal.load(Ordering::Relaxed) != 0
            || self.due == 0 && self.deadline.as_mut().is_some_and(Deadline::is_over);
        is_over.then_some(End::Limit)
    }
}

/// How many bytes a record has before its data.
const HEAD: usize = bpf::BPF_RINGBUF_HDR_SZ as usize;

fn map(fd: i32, offset: usize, length: usize, access: i32) -> Option<*const u8> {
    // SAFETY: a fresh mapping, which nothing else refers to.
    let found = unsafe { libc::mmap(ptr::null_mut(), length, access, libc::MAP_SHARED, fd, offset as libc::off_t) };
    (found != libc::MAP_FAILED).then(|| found.cast_const().cast())
}
