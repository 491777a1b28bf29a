//! Programs in the place of a function of a loaded program: loaded for it, with the maps of this process.

use super::attached::{Attached, Link};
use super::form::Form;
use super::request::{Request, Target};
use crate::kernel::errors::{Failure, errno, reason};
use crate::kernel::{escape, net, privilege};
use crate::object::replacement;
use libbpf_sys as bpf;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::ptr;

/// The form `freplace`.
#[unsafe(no_mangle)]
pub static ks_form_freplace: Form = attach;

/// Loads the program again for the function that it replaces, and links it there.
pub fn attach(request: &Request) -> Result<Box<dyn Attached>, Failure> {
    request.no_flags("a program in the place of a function")?;
    let other = other(&request.target)?;
    let program = replacement::load(request.handle, other.as_raw_fd());
    let program = program.map_err(|(code, why)| Failure::new(code, why))?;
    // SAFETY: a program's descriptor; without a name the kernel takes what the program was loaded for.
    let link = unsafe { bpf::bpf_raw_tracepoint_open(ptr::null(), program.as_raw_fd()) };
    if link < 0 {
        let code = errno();
        let help = match code {
            libc::EBUSY => "\n  help: another program is in the place of this function".to_owned(),
            libc::EPERM => privilege::help("it", &[privilege::PERFMON]),
            _ => {
                "\n  help: this kernel lets no program replace functions: it needs the trampolines of fentry".to_owned()
            }
        };
        return Err(Failure::new(code, format!("{}{help}", reason(code))));
    }
    // SAFETY: a descriptor that nobody else owns.
    Ok(Box::new(Link { fd: unsafe { OwnedFd::from_raw_fd(link) } }))
}

/// The program with the function.
fn other(target: &Target) -> Result<OwnedFd, Failure> {
    let help =
        "\n  help: attach(handle, other), with what `load` of the other program returned, or the path of its pin";
    match *target {
        Target::Number(_) | Target::Program(_) => {
            let fd = match *target {
                Target::Program(fd) => fd,
                Target::Number(number) => i32::try_from(number).unwrap_or(-1),
                Target::Text(_) | Target::Map(_) | Target::Options(_) => -1,
            };
            if fd < 0 {
                return Err(Failure::new(fd.saturating_neg(), format!("the other program is not loaded{help}")));
            }
            // SAFETY: the compiler hands over the descriptor of a program that stays open.
            let fd = unsafe { BorrowedFd::borrow_raw(fd) };
            fd.try_clone_to_owned()
                .map_err(|error| Failure::new(error.raw_os_error().unwrap_or(libc::EBADF), error.to_string()))
        }
        Target::Text(path) if !path.is_empty() => {
            let shown = escape::value(&String::from_utf8_lossy(path));
            // SAFETY: a NUL-terminated path.
            let fd = net::c_name(path).map_or(-1, |path| unsafe { bpf::bpf_obj_get(path.as_ptr()) });
            if fd < 0 {
                let code = errno();
                return Err(Failure::new(code, format!("no program is pinned at `{shown}`: {}", reason(code))));
            }
            // SAFETY: a descriptor that nobody else owns.
            Ok(unsafe { OwnedFd::from_raw_fd(fd) })
        }
        Target::Text(_) | Target::Map(_) | Target::Options(_) => {
            Err(Failure::new(libc::EINVAL, format!("it has the place of a function of another program{help}")))
        }
    }
}
