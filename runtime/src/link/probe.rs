//! Attaches `@probe` programs: the load has chosen a trampoline or a breakpoint for each.

use super::attached::Attached;
use super::form::Form;
use super::request::Request;
use super::{kprobe, trampoline};
use crate::kernel::errors::Failure;
use crate::object::load;

/// The form `probe`.
#[unsafe(no_mangle)]
pub static ks_form_probe: Form = attach;

/// Attaches to the function in the form that the load has chosen.
pub fn attach(request: &Request) -> Result<Box<dyn Attached>, Failure> {
    let is_second = load::is_second(request.handle);
    if is_second { kprobe::attach(request) } else { trampoline::attach_function(request) }
}
