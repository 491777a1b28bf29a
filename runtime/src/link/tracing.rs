//! Tracing programs: the kernel's raw tracepoints, and what a program was loaded for.

use super::attached::{Attached, Link};
use super::form::Form;
use super::request::{Request, Target};
use super::several::{self, Place, Together};
use super::{loaded_for, traced};
use crate::kernel::errors::{Failure, errno, reason};
use crate::kernel::{escape, log, net, privilege, program};
use crate::object::handles;
use crate::object::late::types;
use crate::object::optional::targets::Lookup;
use libbpf_sys as bpf;
use std::ffi::CString;
use std::os::fd::{FromRawFd, OwnedFd};
use std::ptr;

/// The form `tracing`.
#[unsafe(no_mangle)]
pub static ks_form_tracing: Form = attach_loaded;

/// A program whose target its load fixed.
pub fn attach_loaded(request: &Request) -> Result<Box<dyn Attached>, Failure> {
    if loaded_for::is_late(request.handle) {
        return traced::attach(request);
    }
    let name = loaded_for::own_target(request, "a tracing program")?;
    // SAFETY: a program's descriptor; without a name the kernel takes what the program was loaded for.
    let link = unsafe { bpf::bpf_raw_tracepoint_open(ptr::null(), request.fd) };
    held(link, &format!("the event `{name}`"))
}

/// The form `raw_tracepoint`.
#[unsafe(no_mangle)]
pub static ks_form_raw_tracepoint: Form = attach_event;

/// A raw tracepoint, by its name.
pub fn attach_event(request: &Request) -> Result<Box<dyn Attached>, Failure> {
    request.no_flags("a tracepoint")?;
    let Target::Text(name) = request.target else {
        return Err(Failure::new(libc::EINVAL, "a number names no event\n  help: give its name, \"sched_switch\""));
    };
    let name = String::from_utf8_lossy(name);
    if !several::is_several(&name) {
        return at_event(request, &name);
    }
    let mut links = Vec::new();
    for Place { name, .. } in several::places(&name, &types::events().into_iter().collect()) {
        match at_event(request, &name) {
            Ok(link) => links.push(link),
            Err(failure) if failure.code == libc::ENOENT => {}
            Err(failure) => return Err(failure),
        }
    }
    if links.is_empty() {
        return Err(Failure::new(libc::ENOENT, format!("no event of this kernel matches {}", several::shown(&name))));
    }
    Ok(Box::new(Together(links)))
}

fn at_event(request: &Request, name: &str) -> Result<Box<dyn Attached>, Failure> {
    // The compiler has compared the parameters of the event that the attribute names; of some events the kernel has no types.
    if let Some(prog) = handles::of_handle(request.handle).filter(|prog| program::text(prog.target) != name)
        && let Ok(place) = types::find(bpf::BPF_TRACE_RAW_TP, name)
    {
        loaded_for::compare(prog, &place.prototype, &escape::value(name))?;
    }
    // SAFETY: a program's descriptor, and a NUL-terminated name.
    let link =
        net::c_name(name.as_bytes()).map(|name| unsafe { bpf::bpf_raw_tracepoint_open(name.as_ptr(), request.fd) });
    held(link.unwrap_or(-libc::EINVAL), &format!("the event `{}`", escape::short(name)))
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

/// The lookup `event`.
#[unsafe(no_mangle)]
pub static ks_lookup_event: Lookup = exists;

/// Fails if the kernel's BTF has no tracepoint that the target names.
fn exists(target: &str) -> Result<(), Failure> {
    let known = || types::events().into_iter().collect();
    let names =
        if several::is_several(target) { several::places(target, &known()) } else { return one_exists(target) };
    let missing = || Failure::new(libc::ENOENT, format!("no event of this kernel matches {}", several::shown(target)));
    if names.iter().any(|place| place.known) { Ok(()) } else { Err(missing()) }
}

fn one_exists(name: &str) -> Result<(), Failure> {
    let c_name = CString::new(name).unwrap_or_default();
    // SAFETY: a NUL-terminated name.
    let id = unsafe { bpf::libbpf_find_vmlinux_btf_id(c_name.as_ptr(), bpf::BPF_TRACE_RAW_TP) };
    log::take();
    let missing = || Failure::new(id.abs(), format!("the event `{}`: {}", escape::value(name), reason(id)));
    if id > 0 { Ok(()) } else { Err(missing()) }
}
