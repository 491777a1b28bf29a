//! Attaches `@probe` programs: the load has chosen a trampoline or a breakpoint for each.

use super::{Attached, Failure, Request, kprobe, trampoline};
use crate::load;

/// Attaches to the function in the form that the load has chosen.
pub fn attach(request: &Request) -> Result<Box<dyn Attached>, Failure> {
    let is_second = load::of_handle(request.handle).is_some_and(load::probes::is_second);
    if is_second { kprobe::attach(request) } else { trampoline::attach_function(request) }
}
