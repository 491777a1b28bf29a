//! Trampolines of the kernel: at functions, and at hooks of the security modules. The load fixed where.

use super::attached::Attached;
use super::form::Form;
use super::loaded_for::{is_late, open, open_at, own_target};
use super::request::Request;
use super::traced;
use crate::kernel::errors::{Failure, reason};
use crate::kernel::{escape, privilege};

/// The security modules that run.
const ACTIVE: &str = "/sys/kernel/security/lsm";

/// The form `function`.
#[unsafe(no_mangle)]
pub static ks_form_function: Form = attach_function;

/// At the entry or the return of a function.
pub fn attach_function(request: &Request) -> Result<Box<dyn Attached>, Failure> {
    if is_late(request.handle) {
        return traced::attach(request);
    }
    let name = own_target(request, "a program on a function")?;
    open_at(request.fd, &name)
}

/// The form `lsm`.
#[unsafe(no_mangle)]
pub static ks_form_lsm: Form = attach_hook;

/// At a hook, where it decides.
pub fn attach_hook(request: &Request) -> Result<Box<dyn Attached>, Failure> {
    let is_late = is_late(request.handle);
    let name = if is_late { String::new() } else { own_target(request, "a program on a hook")? };
    // A hook calls no program unless the module `bpf` is active, though the kernel attaches it.
    if let Ok(active) = std::fs::read_to_string(ACTIVE)
        && !active.trim().split(',').any(|module| module == "bpf")
    {
        return Err(Failure::new(libc::EOPNOTSUPP, inactive(&active)));
    }
    if is_late {
        return traced::attach(request);
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
