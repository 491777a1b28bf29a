//! Programs of routes: `ip route` puts a pinned program on a route, and nothing else attaches them.

use super::attached::Attached;
use super::form::Form;
use super::request::Request;
use crate::kernel::errors::Failure;

/// The form `route`.
#[unsafe(no_mangle)]
pub static ks_form_route: Form = attach;

/// Always fails: the message says how a route gets the program.
pub fn attach(_request: &Request) -> Result<Box<dyn Attached>, Failure> {
    Err(Failure::new(
        libc::EOPNOTSUPP,
        "a route runs it\n  help: pin it, and name the pin: `ip route add 10.0.0.0/8 encap bpf xmit pinned /sys/fs/bpf/PROJECT/NAME dev eth0`",
    ))
}
