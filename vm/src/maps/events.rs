//! Buffers of events as perf has them (include/uapi/linux/perf_event.h): a page with positions, then the data. libbpf maps them and reads what
//! programs send through arrays of events.

use super::Errno;
use super::shared::page;
use crate::facts::uapi;

/// Where the positions are in `struct perf_event_mmap_page`: that of the machine, and that of the process.
const HEAD: usize = 1024;
const TAIL: usize = 1032;
/// `PERF_RECORD_SAMPLE`
const SAMPLE: u32 = 9;
/// Bytes of `struct perf_event_header`, and of the size of the sample's data.
const HEADER: usize = 12;

/// The buffer of one CPU. It has no memory until the process maps it.
#[derive(Default)]
pub struct EventBuffer {
    memory: Option<Memory>,
}

/// Bytes of a file, mapped as long as the machine lives.
struct Memory {
    start: *mut u8,
    /// Bytes of data, a power of two.
    size: u64,
}

impl EventBuffer {
    /// Takes the memory of a file, which gets this length.
    pub fn map(&mut self, file: i32, length: usize) -> Result<(), Errno> {
        let size = length.saturating_sub(page());
        if !size.is_power_of_two() {
            return Err(uapi::EINVAL);
        }
        // SAFETY: the kernel chooses addresses that nothing has; the file gets the bytes first.
        let start = unsafe {
            libc::ftruncate(file, length as libc::off_t);
            let both = libc::PROT_READ | libc::PROT_WRITE;
            libc::mmap(std::ptr::null_mut(), length, both, libc::MAP_SHARED, file, 0)
        };
        if start == libc::MAP_FAILED {
            return Err(uapi::ENOMEM);
        }
        self.memory = Some(Memory { start: start.cast(), size: size as u64 });
        Ok(())
    }

    /// Adds an event; the error is that of `bpf_perf_event_output`.
    pub fn send(&mut self, data: &[u8]) -> Result<(), Errno> {
        let memory = self.memory.as_ref().ok_or(uapi::ENOSPC)?;
        let whole = (HEADER + data.len()).next_multiple_of(8);
        let record_size = u16::try_from(whole).map_err(|_| uapi::E2BIG)?;
        let (head, tail) = memory.positions();
        if head - tail + whole as u64 > memory.size {
            return Err(uapi::ENOSPC);
        }
        let mut record = Vec::with_capacity(whole);
        record.extend(SAMPLE.to_ne_bytes());
        record.extend(0_u16.to_ne_bytes());
        record.extend(record_size.to_ne_bytes());
        record.extend(((whole - HEADER) as u32).to_ne_bytes());
        record.extend(data);
        record.resize(whole, 0);
        memory.write(head, &record);
        Ok(())
    }

    /// Whether it has events that the process has not read.
    pub fn is_filled(&self) -> bool {
        self.memory.as_ref().is_some_and(|memory| {
            let (head, tail) = memory.positions();
            head != tail
        })
    }
}

impl Memory {
    fn positions(&self) -> (u64, u64) {
        // SAFETY: the first page is mapped; the process may change the second number at any time.
        unsafe {
            (self.start.add(HEAD).cast::<u64>().read_volatile(), self.start.add(TAIL).cast::<u64>().read_volatile())
        }
    }

    /// Writes a record at a position, which may go on at the start, and moves the position behind it.
    fn write(&self, at: u64, record: &[u8]) {
        for (next, byte) in (at..).zip(record) {
            // SAFETY: the data behind the first page have `size` bytes.
            unsafe { self.start.add(page() + (next & (self.size - 1)) as usize).write_volatile(*byte) };
        }
        // SAFETY: the first page is mapped.
        unsafe { self.start.add(HEAD).cast::<u64>().write_volatile(at + record.len() as u64) };
    }
}
