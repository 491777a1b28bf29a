//! Probes at instructions of the kernel and at returns of its functions: a perf event of the kernel's PMU `kprobe`, with a
//! `bpf_link` on it.

use super::{Attached, Failure, Request, Target, functions};
use crate::errors::{errno, reason};
use crate::load::log;
use crate::{escape, load, net};
use libbpf_sys as bpf;
use std::path::Path;
use std::ptr::NonNull;

/// Kernels that have kprobes as perf events say so here.
pub const PMU: &str = "/sys/bus/event_source/devices/kprobe";

/// At an instruction.
pub fn attach(request: &Request) -> Result<Box<dyn Attached>, Failure> {
    probe(request, false)
}

/// At the return of a function.
pub fn attach_return(request: &Request) -> Result<Box<dyn Attached>, Failure> {
    probe(request, true)
}

/// A link of libbpf, which its end destroys.
pub struct Probe(pub NonNull<bpf::bpf_link>);

impl Attached for Probe {
    fn detach(self: Box<Self>) -> i32 {
        0
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        // SAFETY: a link that nobody else owns.
        unsafe {
            bpf::bpf_link__destroy(self.0.as_ptr());
        }
    }
}

/// One for each function of a pattern, or for each place of a probe.
pub struct Probes(#[expect(dead_code, reason = "it is dropped")] pub Vec<Probe>);

impl Attached for Probes {
    fn detach(self: Box<Self>) -> i32 {
        0
    }
}

fn probe(request: &Request, at_return: bool) -> Result<Box<dyn Attached>, Failure> {
    request.no_flags("a kprobe")?;
    let Target::Text(target) = request.target else {
        return Err(Failure::new(libc::EINVAL, "a number names no function\n  help: give its name, \"tcp_connect\""));
    };
    if !Path::new(PMU).exists() {
        let why = "this kernel has no kprobes\n  help: it needs CONFIG_KPROBES=y and CONFIG_KPROBE_EVENTS=y";
        return Err(Failure::new(libc::EOPNOTSUPP, why));
    }
    let text = String::from_utf8_lossy(target);
    if functions::is_pattern(&text) {
        return every(request, &text, at_return);
    }
    let (name, offset) = text.split_once('+').unwrap_or((&text, "0"));
    let Some(offset) = number(offset) else {
        let why =
            format!("`{}` is neither a function nor an instruction of one, `tcp_connect+4`", escape::value(&text));
        return Err(Failure::new(libc::EINVAL, why));
    };
    match open(request, (name, offset), at_return) {
        Ok(probe) => Ok(Box::new(probe)),
        Err(code) => Err(refused(code, &text)),
    }
}

/// At each function that a pattern names and that lets a probe be.
fn every(request: &Request, pattern: &str, at_return: bool) -> Result<Box<dyn Attached>, Failure> {
    let mut all = Vec::new();
    for name in functions::matching(pattern) {
        match open(request, (&name, 0), at_return) {
            Ok(probe) => all.push(probe),
            // Of several functions of one name, and of those that must not be probed.
            Err(libc::EINVAL | libc::ENOENT | libc::EADDRNOTAVAIL) => {}
            Err(code) => return Err(refused(code, &name)),
        }
    }
    if all.is_empty() {
        let why = format!("no function of this kernel that can be probed matches `{}`", escape::value(pattern));
        return Err(Failure::new(libc::ENOENT, why));
    }
    Ok(Box::new(Probes(all)))
}

/// A probe at a function and an offset in it, or errno.
fn open(request: &Request, (name, offset): (&str, bpf::size_t), at_return: bool) -> Result<Probe, i32> {
    let Some(name) = net::c_name(name.as_bytes()) else { return Err(libc::EINVAL) };
    let mut options =
        bpf::bpf_kprobe_opts { sz: size_of::<bpf::bpf_kprobe_opts>() as bpf::size_t, ..Default::default() };
    options.retprobe = at_return;
    options.offset = offset;
    options.bpf_cookie = request.options.cookie.unwrap_or(0);
    options.attach_mode = bpf::PROBE_ATTACH_MODE_LINK;
    let program = load::find_program(request.handle);
    // SAFETY: a program of the loaded object, a NUL-terminated name, and options of their own size.
    let link = unsafe { bpf::bpf_program__attach_kprobe_opts(program, name.as_ptr(), &options) };
    let code = errno();
    // What libbpf says of a failure is said here in other words.
    log::take();
    NonNull::new(link).map(Probe).ok_or(code)
}

/// Decimal, or hexadecimal behind `0x`.
fn number(text: &str) -> Option<bpf::size_t> {
    match text.strip_prefix("0x") {
        Some(digits) => bpf::size_t::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

fn refused(code: i32, target: &str) -> Failure {
    let help = match code {
        libc::ENOENT => "this kernel has no function of this name",
        libc::EADDRNOTAVAIL => "this kernel has several functions of this name",
        libc::EILSEQ => "no instruction begins at this offset",
        libc::EINVAL => "this kernel lets no probe be here: see /sys/kernel/debug/kprobes/blacklist",
        libc::EPERM | libc::EACCES => "probes need CAP_PERFMON; run it as root, for instance with sudo",
        _ => return Failure::new(code, format!("`{}`: {}", escape::value(target), reason(code))),
    };
    Failure::new(code, format!("`{}`: {}\n  help: {help}", escape::value(target), reason(code)))
}
