//! Iterators: a link, from which each walk is read through a descriptor of its own.

use super::attached::Attached;
use super::form::Form;
use super::links::LINKS;
use super::request::{Request, Target};
use crate::kernel::errors::{Failure, errno, reason};
use crate::kernel::privilege;
use libbpf_sys as bpf;
use std::ffi::c_void;
use std::mem::size_of;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::slice;

/// The link, and the walk that is being read.
struct Iterator {
    link: OwnedFd,
    walk: Option<OwnedFd>,
}

/// The form `iter`.
#[unsafe(no_mangle)]
pub static ks_form_iter: Form = attach;

/// Makes the link of an iterator: over the elements of a map, or over tasks, those of one process if an option names it.
pub fn attach(request: &Request) -> Result<Box<dyn Attached>, Failure> {
    request.no_flags("an iterator")?;
    let mut over = bpf::bpf_iter_link_info::default();
    match request.target {
        Target::Map(map) => over.map.map_fd = map as u32,
        Target::Text(_) => over.task.pid = request.options.pid()? as u32,
        Target::Number(_) | Target::Program(_) | Target::Options(_) => {
            return Err(Failure::new(libc::EINVAL, "a number names nothing to walk over\n  help: give a map, &map"));
        }
    }
    let mut options = bpf::bpf_link_create_opts {
        sz: size_of::<bpf::bpf_link_create_opts>() as bpf::size_t,
        iter_info: &raw mut over,
        iter_info_len: size_of::<bpf::bpf_iter_link_info>() as u32,
        ..Default::default()
    };
    // Kernels before 6.0 refuse more than they know; what is all zero is nothing to them.
    if matches!(request.target, Target::Text(_)) && request.options.pid.is_none() {
        options.iter_info_len = 0;
        options.iter_info = std::ptr::null_mut();
    }
    // SAFETY: a program's descriptor and options of their own size.
    let link = unsafe { bpf::bpf_link_create(request.fd, 0, request.point, &options) };
    if link < 0 {
        let code = errno();
        let help = match code {
            libc::EPERM => privilege::help("an iterator", &[privilege::PERFMON]),
            libc::EACCES => "\n  help: the map has smaller keys or values than the program reads".to_owned(),
            _ => String::new(),
        };
        return Err(Failure::new(code, format!("the iterator: {}{help}", reason(code))));
    }
    // SAFETY: a descriptor that nobody else owns.
    Ok(Box::new(Iterator { link: unsafe { OwnedFd::from_raw_fd(link) }, walk: None }))
}

impl Iterator {
    /// Begins a walk if there is none; the end of one is 0, and the next read begins another.
    fn fill(&mut self, out: &mut [u8]) -> Result<usize, i32> {
        let walk = match &self.walk {
            Some(walk) => walk.as_raw_fd(),
            None => {
                // SAFETY: the descriptor of a link.
                let walk = unsafe { bpf::bpf_iter_create(self.link.as_raw_fd()) };
                if walk < 0 {
                    return Err(errno());
                }
                // SAFETY: a descriptor that nobody else owns.
                self.walk = Some(unsafe { OwnedFd::from_raw_fd(walk) });
                walk
            }
        };
        loop {
            // SAFETY: the bytes are ours to write.
            let count = unsafe { libc::read(walk, out.as_mut_ptr().cast(), out.len()) };
            match usize::try_from(count) {
                Ok(0) => {
                    self.walk = None;
                    return Ok(0);
                }
                Ok(count) => return Ok(count),
                // The kernel pauses after a million elements that printed nothing.
                Err(_) if errno() == libc::EAGAIN => {}
                Err(_) => return Err(errno()),
            }
        }
    }
}

impl Attached for Iterator {
    fn detach(self: Box<Self>) -> i32 {
        0
    }

    fn links(&self) -> Vec<RawFd> {
        vec![self.link.as_raw_fd()]
    }

    fn read(&mut self, out: &mut [u8]) -> i32 {
        if out.is_empty() {
            return 0;
        }
        self.fill(out).map_or_else(|code| -code, |count| i32::try_from(count).unwrap_or(i32::MAX))
    }
}

/// `read`: reads at most `count` bytes of what an iterator prints, and no more than `size`; 0 at the end, after which the next read
/// begins another walk; or −errno, silent. With `text` the bytes are a string, which is terminated.
///
/// # Safety
/// `out` has room for `size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ks_read_bytes(link: i64, out: *mut c_void, size: u64, count: u64, text: u32) -> i32 {
    let size = usize::try_from(size).unwrap_or(usize::MAX).min(i32::MAX as usize);
    // SAFETY: as the caller promises.
    let out = unsafe { slice::from_raw_parts_mut(out.cast::<u8>(), size) };
    let room = if text == 0 { size } else { size.saturating_sub(1) };
    let wanted = usize::try_from(count).unwrap_or(usize::MAX).min(room);
    let index = usize::try_from(link).ok().and_then(|link| link.checked_sub(1));
    let mut links = LINKS.borrow_mut();
    let entry = index.and_then(|index| links.get_mut(index)).and_then(Option::as_mut);
    let result = entry.map_or(-libc::EBADF, |entry| entry.attached.read(&mut out[..wanted]));
    if text != 0 {
        // The bytes after the end of a string are zero.
        let read = usize::try_from(result).unwrap_or(0);
        let end = out[..read].iter().position(|&byte| byte == 0).unwrap_or(read);
        out[end..].fill(0);
    }
    result
}
