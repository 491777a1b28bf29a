//! Attaches `@probe` programs: the load has chosen a trampoline or a breakpoint for each.

use super::attached::Attached;
use super::form::Form;
use super::request::Request;
use super::{kprobe, loaded_for, traced, trampoline};
use crate::kernel::errors::Failure;
use crate::object::load;

/// The form `probe`.
#[unsafe(no_mangle)]
pub static ks_form_probe: Form = attach;

/// Attaches to the function in the form that the load has chosen. Without a function in the attribute both forms are there.
pub fn attach(request: &Request) -> Result<Box<dyn Attached>, Failure> {
    if loaded_for::is_late(request.handle) {
        return match traced::attach(request) {
            // That is so of the other form too.
            Err(failure) if failure.code != libc::EINVAL && load::is_second(request.handle) => kprobe::attach(request)
                .map_err(|second| {
                    Failure::new(second.code, format!("as kprobe: {}\n  as fentry: {}", second.why, failure.why))
                }),
            attached => attached,
        };
    }
    let is_second = load::is_second(request.handle);
    if is_second { kprobe::attach(request) } else { trampoline::attach_function(request) }
}
