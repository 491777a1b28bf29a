//! The lines of the trace pipe as they are written: a program at the kernel's tracepoint for them puts each into a ring.
//!
//! A perf event at that tracepoint would miss the lines of programs that run for a perf event themselves, as those of tracepoints do: the
//! kernel makes no such event inside another.

use super::assembled::{insn, load};
use super::errors::{errno, reason};
use super::{log, privilege};
use libbpf_sys as bpf;
use std::ffi::{CStr, c_int, c_void};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::ptr::{self, NonNull};
use std::slice;

/// The tracepoint: its argument is the line.
const LINES: &CStr = c"bpf_trace_printk";
/// The longest line with its NUL (`MAX_BPRINTF_BUF` of include/linux/bpf.h).
const LONGEST: u32 = 1024;
/// Of the ring, in bytes.
const ROOM: u32 = 1 << 19;
/// Lines of one look: programs may print as fast as they are copied.
const MOST: bpf::size_t = 1 << 14;

const LOOKUP: i32 = bpf::BPF_FUNC_map_lookup_elem as i32;
const READ: i32 = bpf::BPF_FUNC_probe_read_kernel_str as i32;
const OUTPUT: i32 = bpf::BPF_FUNC_ringbuf_output as i32;
/// Whoever waits looks again and again.
const NO_WAKEUP: i32 = bpf::BPF_RB_NO_WAKEUP as i32;

/// The ring and what fills it.
pub struct Lines {
    ring: NonNull<bpf::ring_buffer>,
    /// What came since the last look. It lives as long as the process, and libbpf hands it to `take`.
    lines: NonNull<Vec<Vec<u8>>>,
    _held: [OwnedFd; 4],
}

impl Lines {
    /// Or why they cannot be had.
    pub fn open() -> Result<Lines, String> {
        let opened = Lines::filled();
        log::take();
        opened.map_err(|code| match code {
            libc::EPERM | libc::EACCES => {
                format!("{}{}", reason(code), privilege::help("it", &[privilege::PERFMON]))
            }
            _ => reason(code),
        })
    }

    fn filled() -> Result<Lines, i32> {
        let line = map(bpf::BPF_MAP_TYPE_PERCPU_ARRAY, c"ks_line", (4, LONGEST), 1)?;
        let ring = map(bpf::BPF_MAP_TYPE_RINGBUF, c"ks_lines", (0, 0), ROOM)?;
        let code = program(line.as_raw_fd(), ring.as_raw_fd());
        let program = load(bpf::BPF_PROG_TYPE_RAW_TRACEPOINT, 0, &code)?;
        let lines = NonNull::from(Box::leak(Box::<Vec<Vec<u8>>>::default()));
        // SAFETY: descriptors of a ring and of a program, a NUL-terminated name, and a place that lives as long as the process; the link is
        // nobody else's.
        unsafe {
            let to = lines.as_ptr().cast::<c_void>();
            let reader = bpf::ring_buffer__new(ring.as_raw_fd(), Some(take), to, ptr::null());
            let reader = NonNull::new(reader).ok_or_else(errno)?;
            let link = bpf::bpf_raw_tracepoint_open(LINES.as_ptr(), program.as_raw_fd());
            if link < 0 {
                return Err(errno());
            }
            Ok(Lines { ring: reader, lines, _held: [line, ring, program, OwnedFd::from_raw_fd(link)] })
        }
    }

    /// The lines that came since the last time.
    pub fn take(&mut self) -> Vec<Vec<u8>> {
        // SAFETY: a ring of libbpf, which calls `take` with the place of the lines; nobody else looks at that meanwhile.
        unsafe {
            bpf::ring_buffer__consume_n(self.ring.as_ptr(), MOST);
            std::mem::take(self.lines.as_mut())
        }
    }
}

fn map(kind: bpf::bpf_map_type, name: &CStr, (key, value): (u32, u32), entries: u32) -> Result<OwnedFd, i32> {
    // SAFETY: a NUL-terminated name; the descriptor is nobody else's.
    unsafe {
        let map = bpf::bpf_map_create(kind, name.as_ptr(), key, value, entries, ptr::null());
        if map < 0 { Err(errno()) } else { Ok(OwnedFd::from_raw_fd(map)) }
    }
}

/// Copies the line into the CPU's place for one, then as much as it is into the ring. The kernel does not start it inside itself.
#[rustfmt::skip]
fn program(line: i32, ring: i32) -> [u64; 22] {
    [
        insn(0x79, (6, 1), 0, 0),              // r6 = the address of the line
        insn(0x62, (10, 0), -4, 0),            // the index of the place, on the stack
        insn(0x18, (1, 1), 0, line),           // r1 = the map with the place
        insn(0x00, (0, 0), 0, 0),
        insn(0xbf, (2, 10), 0, 0),             // r2 = r10
        insn(0x07, (2, 0), 0, -4),             // r2 += -4
        insn(0x85, (0, 0), 0, LOOKUP),         // r0 = bpf_map_lookup_elem(r1, r2)
        insn(0x15, (0, 0), 12, 0),             // if r0 == 0 goto end
        insn(0xbf, (7, 0), 0, 0),              // r7 = r0
        insn(0xbf, (1, 7), 0, 0),              // r1 = r7
        insn(0xb7, (2, 0), 0, LONGEST as i32), // r2 = the room
        insn(0xbf, (3, 6), 0, 0),              // r3 = r6
        insn(0x85, (0, 0), 0, READ),           // r0 = bpf_probe_read_kernel_str(r1, r2, r3)
        insn(0xd5, (0, 0), 6, 0),              // if r0 <= 0 goto end
        insn(0xbf, (3, 0), 0, 0),              // r3 = r0, which counts the NUL
        insn(0x18, (1, 1), 0, ring),           // r1 = the ring
        insn(0x00, (0, 0), 0, 0),
        insn(0xbf, (2, 7), 0, 0),              // r2 = r7
        insn(0xb7, (4, 0), 0, NO_WAKEUP),      // r4 = the flags
        insn(0x85, (0, 0), 0, OUTPUT),         // bpf_ringbuf_output(r1, r2, r3, r4)
        insn(0xb7, (0, 0), 0, 0),              // end: r0 = 0
        insn(0x95, (0, 0), 0, 0),              // return r0
    ]
}

unsafe extern "C" fn take(to: *mut c_void, line: *mut c_void, size: bpf::size_t) -> c_int {
    // SAFETY: libbpf hands over the place that it was given, and a record of the size.
    let (lines, line) =
        unsafe { (&mut *to.cast::<Vec<Vec<u8>>>(), slice::from_raw_parts(line.cast::<u8>(), size as usize)) };
    lines.push(line.split(|&byte| byte == 0).next().unwrap_or(line).to_vec());
    0
}
