//! The lines of the trace pipe as events: the kernel raises one for each line, on the CPU where a program printed it.

use super::errors::{errno, reason};
use super::{privilege, tracefs};
use libbpf_sys as bpf;
use std::ffi::c_void;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::ptr::{self, NonNull};
use std::slice;

/// The event, in tracefs.
const ID: &str = "events/bpf_trace/bpf_trace_printk/id";
/// For the lines of each CPU.
const PAGES: bpf::size_t = 16;
/// In an event: where the text is, as its place and its length (`__data_loc` of Documentation/trace/events.rst), behind the fields that all
/// events have.
const TEXT: usize = 8;

/// The perf buffers of all CPUs, one record for each line.
pub struct Events {
    buffers: NonNull<bpf::perf_buffer>,
    /// What came since the last look. It lives as long as the process, and libbpf hands it to `take`.
    lines: NonNull<Vec<Vec<u8>>>,
    _map: OwnedFd,
}

impl Events {
    /// Or why they cannot be had.
    pub fn open() -> Result<Events, String> {
        let id = tracefs::read(ID).map_err(|code| format!("tracefs: {}", reason(code)))?;
        let id = id.trim().parse().map_err(|_| "tracefs has no such event".to_owned())?;
        let mut attributes = bpf::perf_event_attr {
            type_: bpf::PERF_TYPE_TRACEPOINT,
            size: size_of::<bpf::perf_event_attr>() as u32,
            config: id,
            sample_type: u64::from(bpf::PERF_SAMPLE_RAW),
            ..Default::default()
        };
        attributes.__bindgen_anon_1.sample_period = 1;
        attributes.__bindgen_anon_2.wakeup_events = 1;
        let refused = |code: i32| {
            let help = match code {
                libc::EPERM | libc::EACCES => privilege::help("it", &[privilege::PERFMON]),
                _ => String::new(),
            };
            format!("{}{help}", reason(code))
        };
        // libbpf keeps the buffers of CPUs in such a map.
        // SAFETY: a NUL-terminated name; the descriptor is nobody else's.
        let map = unsafe {
            let kind = bpf::BPF_MAP_TYPE_PERF_EVENT_ARRAY;
            let cpus = bpf::libbpf_num_possible_cpus().max(1).unsigned_abs();
            let fd = bpf::bpf_map_create(kind, c"ks_lines".as_ptr(), 4, 4, cpus, ptr::null());
            if fd < 0 {
                return Err(refused(errno()));
            }
            OwnedFd::from_raw_fd(fd)
        };
        let lines = NonNull::from(Box::leak(Box::<Vec<Vec<u8>>>::default()));
        // SAFETY: a map's descriptor, attributes of their own size, and a place that lives as long as the process.
        let buffers = unsafe {
            let to = lines.as_ptr().cast::<c_void>();
            bpf::perf_buffer__new_raw(map.as_raw_fd(), PAGES, &mut attributes, Some(take), to, ptr::null())
        };
        match NonNull::new(buffers) {
            Some(buffers) => Ok(Events { buffers, lines, _map: map }),
            None => Err(refused(errno())),
        }
    }

    /// The lines that came since the last time.
    pub fn take(&mut self) -> Vec<Vec<u8>> {
        // SAFETY: buffers of libbpf, which calls `take` with the place of the lines; nobody else looks at that meanwhile.
        unsafe {
            bpf::perf_buffer__consume(self.buffers.as_ptr());
            std::mem::take(self.lines.as_mut())
        }
    }
}

unsafe extern "C" fn take(to: *mut c_void, _cpu: i32, header: *mut bpf::perf_event_header) -> bpf::bpf_perf_event_ret {
    // SAFETY: libbpf hands over the place that it was given, and an event of the size that its header has.
    let (lines, event) = unsafe {
        let header = &*header;
        let bytes = slice::from_raw_parts(ptr::from_ref(header).cast::<u8>(), header.size.into());
        (&mut *to.cast::<Vec<Vec<u8>>>(), (header.type_ == bpf::PERF_RECORD_SAMPLE).then_some(bytes))
    };
    if let Some(line) = event.and_then(|event| text(event.get(size_of::<bpf::perf_event_header>()..)?)) {
        lines.push(line.to_vec());
    }
    bpf::LIBBPF_PERF_EVENT_CONT
}

/// The text of an event: its size, then what the kernel wrote.
fn text(sample: &[u8]) -> Option<&[u8]> {
    let (size, raw) = sample.split_first_chunk::<4>()?;
    let raw = raw.get(..u32::from_ne_bytes(*size) as usize)?;
    let place = u32::from_ne_bytes(*raw.get(TEXT..)?.first_chunk()?);
    let (start, length) = ((place & 0xffff) as usize, (place >> 16) as usize);
    let text = raw.get(start..start + length)?;
    Some(text.split(|&byte| byte == 0).next().unwrap_or(text))
}

#[cfg(test)]
mod tests {
    use super::text;

    #[test]
    fn the_text_of_an_event() {
        let raw = [&[9, 0, 0, 0, 7, 0, 0, 0, 12, 0, 5, 0][..], b"line\0\0\0\0"].concat();
        let sample = [&(raw.len() as u32).to_ne_bytes()[..], &raw].concat();
        assert_eq!(text(&sample), Some(&b"line"[..]));
        assert_eq!(text(&sample[..20]), None);
        assert_eq!(text(&[]), None);
    }
}
