//! Links of programs where their load says: at a function, an event or a hook.

use super::attached::{Attached, Link};
use super::request::{Request, Target};
use crate::abi::{KsForm, KsProg};
use crate::kernel::errors::{Failure, errno, reason};
use crate::kernel::{escape, privilege, program};
use crate::object::late::prototype::Prototype;
use crate::object::{handles, late};
use libbpf_sys as bpf;
use std::os::fd::{FromRawFd, OwnedFd};
use std::ptr;

/// A link of a program at the function for which it was loaded.
pub fn open_at(program: i32, name: &str) -> Result<Box<dyn Attached>, Failure> {
    open(program).map_err(|code| refused(code, name))
}

/// Why the kernel lets no program be at a function.
pub fn refused(code: i32, name: &str) -> Failure {
    let help = match code {
        libc::EPERM => privilege::help("tracing", &[privilege::PERFMON]),
        libc::EBUSY => "\n  help: another user of ftrace has this function".to_owned(),
        _ => "\n  help: this kernel lets no trampoline be at this function; `@kprobe` may be possible".to_owned(),
    };
    Failure::new(code, format!("`{name}`: {}{help}", reason(code)))
}

/// Fails if a target has other parameters than the program declares.
pub fn compare(prog: &KsProg, prototype: &Prototype, name: &str) -> Result<(), Failure> {
    let takes = program::text(prog.takes);
    if prototype.fits(takes, prog.form == KsForm::RawTracepoint as u32) {
        return Ok(());
    }
    let why = format!(
        "`{name}` has other parameters: {}\n  the program declares ({takes})\n  `{name}` has {}\n  help: parameters at the \
         end may be left out",
        reason(libc::EINVAL),
        prototype.text()
    );
    Err(Failure::new(libc::EINVAL, why))
}

/// The target of the attribute, which is the only one that the program has.
pub fn own_target(request: &Request, what: &str) -> Result<String, Failure> {
    request.no_flags(what)?;
    let own = handles::of_handle(request.handle).map_or("", |prog| program::text(prog.target));
    match request.target {
        Target::Text(name) if name == own.as_bytes() => Ok(escape::value(own)),
        Target::Text(_) | Target::Number(_) | Target::Program(_) | Target::Map(_) | Target::Options(_) => {
            Err(Failure::new(
                libc::EINVAL,
                format!("it was loaded for `{}`, as its attribute says, and for nothing else", escape::value(own)),
            ))
        }
    }
}

/// Whether the program of a handle is loaded when it is attached.
pub fn is_late(handle: u32) -> bool {
    handles::of_handle(handle).is_some_and(late::is_late)
}

/// A link where the load of the program says, or errno.
pub fn open(program: i32) -> Result<Box<dyn Attached>, i32> {
    // SAFETY: a program's descriptor; without a name the kernel takes what the program was loaded for.
    let link = unsafe { bpf::bpf_raw_tracepoint_open(ptr::null(), program) };
    if link < 0 {
        return Err(errno());
    }
    // SAFETY: a descriptor that nobody else owns.
    Ok(Box::new(Link { fd: unsafe { OwnedFd::from_raw_fd(link) } }))
}
