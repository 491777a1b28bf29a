//! Programs on the ends of netkit devices, through `bpf_link`.

use super::attached::Attached;
use super::form::Form;
use super::interface::Interface;
use super::kept;
use super::order;
use super::request::{Request, not_permitted};
use crate::kernel::errors::{Failure, reason};
use libbpf_sys as bpf;

/// The form `netkit`.
#[unsafe(no_mangle)]
pub static ks_form_netkit: Form = attach;

/// Attaches to the end of a netkit device, in the order that the attribute asks for.
pub fn attach(request: &Request) -> Result<Box<dyn Attached>, Failure> {
    let interface = Interface::of(&request.target)?;
    request.no_flags("a netkit device")?;
    let is_here = |link: &bpf::bpf_link_info| {
        // SAFETY: the kernel has filled the part of links of this kind.
        let place = unsafe { link.__bindgen_anon_1.netkit };
        link.type_ == bpf::BPF_LINK_TYPE_NETKIT
            && (place.ifindex.cast_signed(), place.attach_type) == (interface.index, request.point)
            && order::has(request, interface.index, link.prog_id)
    };
    if let Some(taken) = kept::taken(request, &interface.name, &is_here)? {
        return Ok(taken);
    }
    let order = order::of(request, interface.index, &interface.name)?;
    let link = request.link_in(interface.index, order).map_err(|code| failure(code, &interface.name))?;
    Ok(kept::made(request, &interface.name, link))
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
