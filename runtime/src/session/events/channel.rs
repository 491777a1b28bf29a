//! The buffers from which the kernel delivers events, one for each map: ring buffers, and libbpf's of perf event arrays.

use super::batch::{passed, read_batch, read_ring};
use super::receiver::Receiver;
use crate::kernel::end::die;
use crate::kernel::errors::{errno, reason};
use crate::object::{load, parts};
use ks_hot::Ring;
use libbpf_sys as bpf;
use std::cell::Cell;
use std::ffi::{CString, c_int, c_void};
use std::ptr;

/// The pages of a perf event array's buffer for one CPU: as large as a ring buffer without a given size.
const PERF_PAGES: usize = 64;

/// The buffers of one map.
pub struct Channel {
    kind: Kind,
    /// For each buffer, how many of the bytes that were there when `dispatch` began are not handed over yet.
    due: Vec<Cell<u64>>,
    /// The buffer that is read next.
    next: Cell<usize>,
}

enum Kind {
    Ring(Ring, &'static Receiver),
    Perf(*mut bpf::perf_buffer),
}

impl Channel {
    /// Opens the buffer of a map of the loaded object. A failure ends the process.
    pub fn open(receiver: &'static Receiver) -> Channel {
        let name = CString::new(receiver.name).unwrap_or_default();
        let map = parts::find_map(load::loaded(), name.as_ptr());
        if map.is_null() {
            let name = receiver.name;
            die(1, &format!("the BPF object has no map `{name}`\n  help: this is a fault of ksc; please report it"));
        }
        // SAFETY: a map of the loaded object; what the callbacks get lives as long as the process.
        let kind = unsafe {
            let fd = bpf::bpf_map__fd(map);
            if bpf::bpf_map__type(map) == bpf::BPF_MAP_TYPE_PERF_EVENT_ARRAY {
                let buffer = perf(fd, ptr::from_ref(receiver).cast_mut().cast());
                if buffer.is_null() {
                    unreadable(receiver);
                }
                Kind::Perf(buffer)
            } else {
                match Ring::open(fd, bpf::bpf_map__max_entries(map) as usize) {
                    Some(ring) => Kind::Ring(ring, receiver),
                    None => unreadable(receiver),
                }
            }
        };
        let due = vec![Cell::new(0); kind.buffers()];
        Channel { kind, due, next: Cell::new(0) }
    }

    /// Notes how many bytes each buffer has: these are handed over in any case.
    pub fn begin(&self) {
        for (index, due) in self.due.iter().enumerate() {
            due.set(self.kind.filled(index));
        }
    }

    /// Whether something is left of what was there at `begin`.
    pub fn is_due(&self) -> bool {
        self.due.iter().any(|due| due.get() != 0)
    }

    /// Maps the buffers of perf events again: the kernel leaves them out of copies of a process (`VM_DONTCOPY` of kernel/events/core.c).
    pub fn reopen(&self) {
        let Kind::Perf(buffer) = &self.kind else { return };
        for index in 0..self.kind.buffers() as c_int {
            let (mut start, mut size) = (ptr::null_mut(), 0);
            // SAFETY: an open buffer, and an index below their number. The address is free, since libbpf's mapping is not here; behind the
            // first page are `size` bytes.
            let mapped = unsafe {
                let page = libc::sysconf(libc::_SC_PAGESIZE) as usize;
                bpf::perf_buffer__buffer(*buffer, index, &mut start, &mut size) == 0
                    && libc::mmap(
                        start,
                        size as usize + page,
                        libc::PROT_READ | libc::PROT_WRITE,
                        libc::MAP_SHARED | libc::MAP_FIXED_NOREPLACE,
                        bpf::perf_buffer__buffer_fd(*buffer, index as bpf::size_t),
                        0,
                    ) == start
            };
            if !mapped {
                die(1, &format!("daemon: cannot read what is sent through a perf event array: {}", reason(errno())));
            }
        }
    }

    /// Tells the kernel how far a ring buffer was read, in the midst of it: the process is about to end, or to become another program.
    pub fn settle(&self) {
        if let Kind::Ring(ring, _) = &self.kind {
            ring.settle();
        }
    }

    /// Hands over what is there. 0, or a negative errno; that a handler wanted to stop is none.
    pub fn consume(&self) -> i32 {
        for _ in 0..self.due.len() {
            let index = self.next.get();
            self.next.set((index + 1) % self.due.len());
            let error = read_batch(&self.due[index], || self.kind.read(index));
            if error != 0 {
                return error;
            }
        }
        0
    }

    /// Readable when something was sent.
    pub fn fd(&self) -> i32 {
        match &self.kind {
            Kind::Ring(ring, _) => ring.fd(),
            // SAFETY: an open buffer.
            Kind::Perf(buffer) => unsafe { bpf::perf_buffer__epoll_fd(*buffer) },
        }
    }
}

impl Kind {
    fn buffers(&self) -> usize {
        match self {
            Kind::Ring(..) => 1,
            // SAFETY: an open buffer.
            Kind::Perf(buffer) => unsafe { bpf::perf_buffer__buffer_cnt(*buffer) as usize },
        }
    }

    /// How many bytes of a buffer wait.
    fn filled(&self, index: usize) -> u64 {
        match self {
            Kind::Ring(ring, _) => ring.filled() as u64,
            Kind::Perf(buffer) => {
                let (mut header, mut size) = (ptr::null_mut(), 0);
                // SAFETY: an open buffer, and an index below their number. Its memory begins with this header, whose positions the kernel
                // and libbpf write.
                unsafe {
                    if bpf::perf_buffer__buffer(*buffer, index as c_int, &mut header, &mut size) != 0 {
                        return 0;
                    }
                    let header = header.cast::<bpf::perf_event_mmap_page>();
                    let head = ptr::read_volatile(&raw const (*header).data_head);
                    head.wrapping_sub(ptr::read_volatile(&raw const (*header).data_tail))
                }
            }
        }
    }

    /// 0, or a negative errno.
    fn read(&self, index: usize) -> i32 {
        match self {
            Kind::Ring(ring, receiver) => {
                read_ring(ring, receiver);
                0
            }
            Kind::Perf(buffer) => {
                // SAFETY: an open buffer, and an index below their number.
                let result = unsafe { bpf::perf_buffer__consume_buffer(*buffer, index as bpf::size_t) };
                if result == bpf::LIBBPF_PERF_EVENT_ERROR { 0 } else { result.min(0) }
            }
        }
    }
}

fn unreadable(receiver: &Receiver) -> ! {
    die(1, &format!("cannot read what is sent through `{}`: {}", receiver.name, reason(errno())))
}

/// Buffers of all CPUs. The raw form, since its callback can stop after an event.
///
/// # Safety
/// `context` is what `on_event` takes.
unsafe fn perf(fd: c_int, context: *mut c_void) -> *mut bpf::perf_buffer {
    let mut wanted = bpf::perf_event_attr {
        type_: bpf::PERF_TYPE_SOFTWARE,
        size: size_of::<bpf::perf_event_attr>() as u32,
        config: bpf::PERF_COUNT_SW_BPF_OUTPUT.into(),
        sample_type: bpf::PERF_SAMPLE_RAW.into(),
        ..Default::default()
    };
    wanted.__bindgen_anon_1.sample_period = 1;
    wanted.__bindgen_anon_2.wakeup_events = 1;
    // SAFETY: a map's descriptor and a complete description.
    unsafe {
        bpf::perf_buffer__new_raw(fd, PERF_PAGES as bpf::size_t, &mut wanted, Some(on_event), context, ptr::null())
    }
}

/// The raw data of a sample: its size, then so many bytes (include/uapi/linux/perf_event.h).
#[repr(C)]
struct Sample {
    header: bpf::perf_event_header,
    size: u32,
}

unsafe extern "C" fn on_event(
    context: *mut c_void,
    _cpu: c_int,
    event: *mut bpf::perf_event_header,
) -> bpf::bpf_perf_event_ret {
    // SAFETY: the context is the receiver that `open` gave; an event of this type is a sample.
    let go_on = unsafe {
        if (*event).type_ != bpf::PERF_RECORD_SAMPLE {
            // A record of losses needs no handling: BPF code has seen that `output` failed.
            return bpf::LIBBPF_PERF_EVENT_CONT;
        }
        let sample = event.cast::<Sample>();
        let data = sample.add(1).cast::<u8>();
        let sent = std::slice::from_raw_parts(data, (*sample).size as usize);
        // The size and the bytes after it fill words of 64 bits.
        let result = (*context.cast::<Receiver>()).take(sent, |size| (size + 4).next_multiple_of(8) - 4);
        passed(result, (*event).size.into())
    };
    if go_on { bpf::LIBBPF_PERF_EVENT_CONT } else { bpf::LIBBPF_PERF_EVENT_ERROR }
}
