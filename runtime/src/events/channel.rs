//! The buffers from which the kernel delivers events: libbpf's, one for each map.

use super::{Source, begin_batch};
use crate::errors::{errno, reason};
use crate::exit::die;
use crate::load;
use libbpf_sys as bpf;
use std::ffi::{CString, c_int, c_void};
use std::ptr;

/// Of a perf event array, for each CPU: as many bytes as a ring buffer has if its size is not given.
const PERF_PAGES: usize = 64;

/// Of one CPU.
const PERF_BYTES: u64 = PERF_PAGES as u64 * 4096;

pub enum Channel {
    /// With its size in bytes.
    Ring(*mut bpf::ring_buffer, u64),
    Perf(*mut bpf::perf_buffer),
}

impl Channel {
    /// Of a map of the loaded object. A failure ends the process.
    pub fn open(source: &'static Source) -> Channel {
        let name = CString::new(source.name).unwrap_or_default();
        let map = load::find_map(load::loaded(), name.as_ptr());
        if map.is_null() {
            let name = source.name;
            die(1, &format!("the BPF object has no map `{name}`\n  help: this is a fault of ksc; please report it"));
        }
        // SAFETY: a map of the loaded object; what the callbacks get lives as long as the process.
        unsafe {
            let fd = bpf::bpf_map__fd(map);
            let context = ptr::from_ref(source).cast_mut().cast();
            if bpf::bpf_map__type(map) == bpf::BPF_MAP_TYPE_PERF_EVENT_ARRAY {
                let buffer = perf(fd, context);
                opened(source, buffer.is_null());
                Channel::Perf(buffer)
            } else {
                let buffer = bpf::ring_buffer__new(fd, Some(on_record), context, ptr::null());
                opened(source, buffer.is_null());
                Channel::Ring(buffer, bpf::bpf_map__max_entries(map).into())
            }
        }
    }

    /// How many bytes may be waiting.
    pub fn room(&self) -> u64 {
        match *self {
            Channel::Ring(_, bytes) => bytes,
            Channel::Perf(_) => self.buffers() as u64 * PERF_BYTES,
        }
    }

    fn buffers(&self) -> usize {
        match *self {
            Channel::Ring(..) => 1,
            // SAFETY: an open buffer.
            Channel::Perf(buffer) => unsafe { bpf::perf_buffer__buffer_cnt(buffer) as usize },
        }
    }

    /// Hands over what is there. 0, or a negative errno; that a handler wanted to stop is none.
    pub fn consume(&self) -> i32 {
        for index in (0..self.buffers()).take_while(|_| begin_batch()) {
            // SAFETY: an open buffer, of which there are so many.
            let result = unsafe {
                match *self {
                    Channel::Ring(buffer, _) => bpf::ring_buffer__consume(buffer),
                    Channel::Perf(buffer) => bpf::perf_buffer__consume_buffer(buffer, index as bpf::size_t),
                }
            };
            if result < 0 && result != STOP && result != bpf::LIBBPF_PERF_EVENT_ERROR {
                return result;
            }
        }
        0
    }

    /// Readable when something was sent.
    pub fn fd(&self) -> i32 {
        // SAFETY: an open buffer.
        unsafe {
            match *self {
                Channel::Ring(buffer, _) => bpf::ring_buffer__epoll_fd(buffer),
                Channel::Perf(buffer) => bpf::perf_buffer__epoll_fd(buffer),
            }
        }
    }
}

fn opened(source: &Source, failed: bool) {
    if failed {
        die(1, &format!("cannot read what is sent through `{}`: {}", source.name, reason(errno())));
    }
}

/// Stops the ring buffer after the record; libbpf passes it on.
const STOP: c_int = -libc::ECANCELED;

unsafe extern "C" fn on_record(context: *mut c_void, data: *mut c_void, size: bpf::size_t) -> c_int {
    // SAFETY: the context is the source that `open` gave; libbpf's data has that size.
    let (source, sent) =
        unsafe { (&*context.cast::<Source>(), std::slice::from_raw_parts(data.cast(), size as usize)) };
    if source.take(sent, |size| size) { 0 } else { STOP }
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
    // SAFETY: the context is the source that `open` gave; an event of this type is a sample.
    let go_on = unsafe {
        if (*event).type_ != bpf::PERF_RECORD_SAMPLE {
            // What was lost, BPF code has seen: `output` failed.
            return bpf::LIBBPF_PERF_EVENT_CONT;
        }
        let sample = event.cast::<Sample>();
        let data = sample.add(1).cast::<u8>();
        let sent = std::slice::from_raw_parts(data, (*sample).size as usize);
        // The size and the bytes after it fill words of 64 bits.
        (*context.cast::<Source>()).take(sent, |size| (size + 4).next_multiple_of(8) - 4)
    };
    if go_on { bpf::LIBBPF_PERF_EVENT_CONT } else { bpf::LIBBPF_PERF_EVENT_ERROR }
}
