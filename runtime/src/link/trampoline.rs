//! Trampolines of the kernel: at functions, and at hooks of the security modules. The load fixed where.

use super::attached::{Attached, Link};
use super::form::Form;
use super::request::{Request, Target};
use crate::kernel::errors::{Failure, errno, reason};
use crate::kernel::{escape, privilege, program};
use crate::object::handles;
use libbpf_sys as bpf;
use std::os::fd::{FromRawFd, OwnedFd};
use std::ptr;

/// The security modules that run.
const ACTIVE: &str = "/sys/kernel/security/lsm";

/// The form `function`.
#[unsafe(no_mangle)]
pub static ks_form_function: Form = attach_function;

/// At the entry or the return of a function.
pub fn attach_function(request: &Request) -> Result<Box<dyn Attached>, Failure> {
    let name = own_target(request, "a program on a function")?;
    open_at(request.fd, &name)
}

/// A link of a program at the function for which it was loaded.
pub fn open_at(program: i32, name: &str) -> Result<Box<dyn Attached>, Failure> {
    open(program).map_err(|code| {
        let help = match code {
            libc::EPERM => privilege::help("tracing", &[privilege::PERFMON]),
            libc::EBUSY => "\n  help: another user of ftrace has this function".to_owned(),
            _ => "\n  help: this kernel lets no trampoline be at this function; `@kprobe` may be possible".to_owned(),
        };
        Failure::new(code, format!("`{name}`: {}{help}", reason(code)))
    })
}

/// The form `lsm`.
#[unsafe(no_mangle)]
pub static ks_form_lsm: Form = attach_hook;

/// At a hook, where it decides.
pub fn attach_hook(request: &Request) -> Result<Box<dyn Attached>, Failure> {
    let name = own_target(request, "a program on a hook")?;
    // A hook calls no program unless the module `bpf` is active, though the kernel attaches it.
    if let Ok(active) = std::fs::read_to_string(ACTIVE)
        && !active.trim().split(',').any(|module| module == "bpf")
    {
        return Err(Failure::new(libc::EOPNOTSUPP, inactive(&active)));
    }
    open(request.fd).map_err(|code| {
        let help = match code {
            libc::EPERM => privilege::help("it", &[privilege::MAC_ADMIN]),
            _ => String::new(),
        };
        Failure::new(code, format!("the hook `{name}`: {}{help}", reason(code)))
    })
}

/// Why no program on a hook runs.
fn inactive(active: &str) -> String {
    let active = active.trim();
    format!(
        "`bpf` is no active security module of this kernel, so its hooks call no program\n  \
         active: {}\n  help: start the kernel with lsm={active},bpf (CONFIG_BPF_LSM=y)",
        escape::value(active)
    )
}

/// The target of the attribute, which is the only one that the program has.
pub fn own_target(request: &Request, what: &str) -> Result<String, Failure> {
    request.no_flags(what)?;
    let own = handles::of_handle(request.handle).map_or("", |prog| program::text(prog.target));
    match request.target {
        Target::Text(name) if name == own.as_bytes() => Ok(escape::value(own)),
        Target::Text(_) | Target::Number(_) | Target::Map(_) | Target::Options(_) => Err(Failure::new(
            libc::EINVAL,
            format!("it was loaded for `{}`, as its attribute says, and for nothing else", escape::value(own)),
        )),
    }
}

/// A link, or errno.
fn open(program: i32) -> Result<Box<dyn Attached>, i32> {
    // SAFETY: a program's descriptor; without a name the kernel takes what the program was loaded for.
    let link = unsafe { bpf::bpf_raw_tracepoint_open(ptr::null(), program) };
    if link < 0 {
        return Err(errno());
    }
    // SAFETY: a descriptor that nobody else owns.
    Ok(Box::new(Link { fd: unsafe { OwnedFd::from_raw_fd(link) } }))
}
