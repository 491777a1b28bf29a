//! Programs on the ends of netkit devices, through `bpf_link`.

use super::attached::Attached;
use super::form::Form;
use super::interface::Interface;
use super::order;
use super::request::{Request, not_permitted};
use crate::kernel::errors::{Failure, reason};

/// The form `netkit`.
#[unsafe(no_mangle)]
pub static ks_form_netkit: Form = attach;

/// Attaches to the end of a netkit device, in the order that the attribute asks for.
pub fn attach(request: &Request) -> Result<Box<dyn Attached>, Failure> {
    let interface = Interface::of(&request.target)?;
    request.no_flags("a netkit device")?;
    let order = order::of(request, interface.index, &interface.name)?;
    request.link_in(interface.index, order).map_err(|code| failure(code, &interface.name))
}

fn failure(code: i32, name: &str) -> Failure {
    let said = reason(code);
    let why = match code {
        libc::EPERM => return not_permitted("an interface"),
        libc::ENXIO | libc::EINVAL | libc::EACCES => format!(
            "`{name}` is not the primary end of a netkit device: {said}\n  \
             help: programs of both ends attach to the primary one; the device needs kernel 6.7 with CONFIG_NETKIT"
        ),
        libc::EEXIST | libc::EBUSY => format!("it is attached to `{name}` already: {said}"),
        _ => format!("`{name}`: {said}"),
    };
    Failure::new(code, why)
}
