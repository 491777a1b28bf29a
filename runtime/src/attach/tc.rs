//! TC: TCX links (kernel 6.6 and later), clsact filters elsewhere.
//!
//! Environment: `KS_TC=clsact` takes filters on every kernel.

use super::clsact::Attachment;
use super::{Attached, Failure, Interface, link, not_permitted};
use crate::errors::reason;
use crate::load::unknown_to_kernel;
use libbpf_sys as bpf;

#[derive(Clone, Copy, PartialEq)]
pub enum Direction {
    Ingress,
    Egress,
}

impl Direction {
    fn name(self) -> &'static str {
        match self {
            Direction::Ingress => "ingress",
            Direction::Egress => "egress",
        }
    }
}

pub fn attach(
    fd: i32,
    handle: u32,
    direction: Direction,
    interface: &Interface,
    flags: u64,
) -> Result<Attached, Failure> {
    if flags != 0 {
        return Err(Failure::new(
            libc::EINVAL,
            format!("the flags {flags:#x} mean nothing for TC\n  help: pass 0, or leave them out"),
        ));
    }
    if std::env::var_os("KS_TC").is_none_or(|value| value != "clsact") {
        let point = match direction {
            Direction::Ingress => bpf::BPF_TCX_INGRESS,
            Direction::Egress => bpf::BPF_TCX_EGRESS,
        };
        match link(fd, interface, point, 0) {
            Ok(attached) => return Ok(attached),
            Err(code) if unknown_to_kernel(code) => {}
            Err(code) => return Err(failure(code, direction, interface)),
        }
    }
    Attachment::make(fd, handle, direction == Direction::Ingress, interface.index)
        .map(Attached::Filter)
        .map_err(|code| failure(code, direction, interface))
}

fn failure(code: i32, direction: Direction, interface: &Interface) -> Failure {
    let (name, side) = (&interface.name, direction.name());
    let said = reason(code);
    let why = match code.abs() {
        libc::EPERM => return not_permitted(),
        libc::EEXIST | libc::EBUSY => format!(
            "it is attached to the {side} of `{name}` already: {said}\n  help: detach it first; one program attaches once to each place"
        ),
        libc::ENODEV => format!("the interface `{name}` is gone: {said}"),
        libc::ENOENT | libc::EINVAL | libc::EOPNOTSUPP => format!(
            "the {side} of `{name}`: {said}\n  \
             help: before kernel 6.6 the modules sch_ingress and cls_bpf are needed (CONFIG_NET_SCH_INGRESS, CONFIG_NET_CLS_BPF)"
        ),
        _ => format!("the {side} of `{name}`: {said}"),
    };
    Failure::new(code, why)
}
