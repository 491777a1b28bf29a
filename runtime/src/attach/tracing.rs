//! Tracing programs: the kernel's raw tracepoints, and what a program was loaded for.

use super::{Attached, Failure, Link, Request, Target};
use crate::errors::{errno, reason};
use crate::{escape, net, privilege};
use libbpf_sys as bpf;
use std::os::fd::{FromRawFd, OwnedFd};
use std::ptr;

/// A program whose target its load fixed.
pub fn attach_loaded(request: &Request) -> Result<Box<dyn Attached>, Failure> {
    request.no_flags("a tracing program")?;
    // SAFETY: a program's descriptor; without a name the kernel takes what the program was loaded for.
    let link = unsafe { bpf::bpf_raw_tracepoint_open(ptr::null(), request.fd) };
    held(link, "what the program traces")
}

/// A raw tracepoint, by its name.
pub fn attach_event(request: &Request) -> Result<Box<dyn Attached>, Failure> {
    request.no_flags("a tracepoint")?;
    let Target::Text(name) = request.target else {
        return Err(Failure::new(libc::EINVAL, "a number names no event\n  help: give its name, \"sched_switch\""));
    };
    let shown = format!("the event `{}`", escape::short(&String::from_utf8_lossy(name)));
    // SAFETY: a program's descriptor, and a NUL-terminated name.
    let link = net::c_name(name).map(|name| unsafe { bpf::bpf_raw_tracepoint_open(name.as_ptr(), request.fd) });
    held(link.unwrap_or(-libc::EINVAL), &shown)
}

fn held(link: i32, to: &str) -> Result<Box<dyn Attached>, Failure> {
    if link >= 0 {
        // SAFETY: a descriptor that nobody else owns.
        return Ok(Box::new(Link { fd: unsafe { OwnedFd::from_raw_fd(link) } }));
    }
    let code = errno();
    let help = match code {
        libc::ENOENT => "\n  help: this kernel has no event of this name".to_owned(),
        libc::EPERM => privilege::help("tracing", &[privilege::PERFMON]),
        _ => String::new(),
    };
    Err(Failure::new(code, format!("{to}: {}{help}", reason(code))))
}
