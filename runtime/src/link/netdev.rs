//! Programs on network interfaces: XDP, through `bpf_link`. Without a mode flag the kernel uses the driver's XDP if
//! there is one, else the generic one.

use super::attached::Attached;
use super::form::Form;
use super::held;
use super::interface::Interface;
use super::kept;
use super::request::{Request, not_permitted};
use crate::kernel::errors::{Failure, reason};
use libbpf_sys as bpf;

const MODES: u64 = (bpf::XDP_FLAGS_SKB_MODE | bpf::XDP_FLAGS_DRV_MODE | bpf::XDP_FLAGS_HW_MODE) as u64;

/// The form `netdev`.
#[unsafe(no_mangle)]
pub static ks_form_netdev: Form = attach;

/// The form `device`.
#[unsafe(no_mangle)]
pub static ks_form_device: Form = attach;

/// Attaches an XDP program to the interface that the target names.
pub fn attach(request: &Request) -> Result<Box<dyn Attached>, Failure> {
    let interface = Interface::of(&request.target)?;
    // A link never replaces what is attached: what this flag asks for.
    let flags = request.flags & !u64::from(bpf::XDP_FLAGS_UPDATE_IF_NOEXIST);
    if flags & !MODES != 0 || (flags & MODES).count_ones() > 1 {
        return Err(Failure::new(
            libc::EINVAL,
            format!(
                "the XDP flags {flags:#x} do not go together\n  help: give one of XDP_FLAGS_SKB_MODE, XDP_FLAGS_DRV_MODE, XDP_FLAGS_HW_MODE, or 0"
            ),
        ));
    }
    if let Some(taken) = kept::taken(request, &interface.name, &|link| is_at(link, &interface))? {
        return Ok(taken);
    }
    let link = request.link(interface.index, flags as u32).map_err(|code| failure(code, &interface, flags))?;
    Ok(kept::made(request, &interface.name, link))
}

fn failure(code: i32, interface: &Interface, flags: u64) -> Failure {
    let name = &interface.name;
    let said = reason(code);
    let why = match code {
        libc::EPERM => return not_permitted("an interface"),
        libc::EBUSY | libc::EEXIST => format!(
            "another XDP program{} is attached to `{name}`: {said}\n  help: {}",
            attached_id(interface).map_or(String::new(), |id| format!(" (id {id})")),
            held::help(|link| is_at(link, interface), &without_link(name))
        ),
        libc::ENODEV => format!("the interface `{name}` is gone: {said}"),
        _ if flags & u64::from(bpf::XDP_FLAGS_SKB_MODE) == 0 => format!(
            "the driver of `{name}` does not take this XDP program: {said}\n  \
             a large MTU, too few queues, or no XDP in the driver can be the reason (see `dmesg`)\n  \
             help: attach(handle, \"{name}\", XDP_FLAGS_SKB_MODE) uses the generic XDP of the kernel"
        ),
        _ => format!("`{name}`: {said}"),
    };
    Failure::new(code, why)
}

fn is_at(link: &bpf::bpf_link_info, interface: &Interface) -> bool {
    // SAFETY: the kernel has filled the part of links of this kind.
    let index = unsafe { link.__bindgen_anon_1.xdp.ifindex };
    // An interface of another namespace may have the same number.
    link.type_ == bpf::BPF_LINK_TYPE_XDP
        && index.cast_signed() == interface.index
        && attached_id(interface) == Some(link.prog_id)
}

/// Programs that were attached without a link stay until they are removed.
fn without_link(name: &str) -> String {
    format!("stop the program that attached it (`bpftool net` shows it), or `ip link set dev {name} xdp off`")
}

fn attached_id(interface: &Interface) -> Option<u32> {
    let mut id = 0;
    // SAFETY: writes the id.
    let result = unsafe { bpf::bpf_xdp_query_id(interface.index, 0, &mut id) };
    (result == 0 && id != 0).then_some(id)
}
