//! Traffic control: TCX links (kernel 6.6 and later), clsact filters elsewhere.
//!
//! Environment: `KS_TC=clsact` takes filters on every kernel.

use super::attached::Attached;
use super::clsact::Attachment;
use super::form::Form;
use super::interface::Interface;
use super::kept;
use super::order;
use super::request::{Request, not_permitted};
use crate::kernel::errors::{Failure, reason, unknown_to_kernel};
use libbpf_sys as bpf;

/// The form `tcx`.
#[unsafe(no_mangle)]
pub static ks_form_tcx: Form = attach;

/// Attaches to the ingress or the egress of an interface, by TCX if the kernel has it.
pub fn attach(request: &Request) -> Result<Box<dyn Attached>, Failure> {
    let interface = Interface::of(&request.target)?;
    request.no_flags("TC")?;
    let ingress = request.point == bpf::BPF_TCX_INGRESS;
    let failed = |code| failure(code, ingress, &interface);
    if std::env::var_os("KS_TC").is_none_or(|value| value != "clsact") {
        let is_here = |link: &bpf::bpf_link_info| {
            // SAFETY: the kernel has filled the part of links of this kind.
            let place = unsafe { link.__bindgen_anon_1.tcx };
            link.type_ == bpf::BPF_LINK_TYPE_TCX
                && (place.ifindex.cast_signed(), place.attach_type) == (interface.index, request.point)
                && order::has(request, interface.index, link.prog_id)
        };
        if let Some(taken) = kept::taken(request, &interface.name, &is_here)? {
            return Ok(taken);
        }
        let order = order::of(request, interface.index, &interface.name)?;
        match request.link_in(interface.index, order) {
            Ok(link) => return Ok(kept::made(request, &interface.name, link)),
            Err(code) if unknown_to_kernel(code) => {}
            Err(code) => return Err(failed(code)),
        }
    }
    if request.placement != 0 {
        return Err(order::unordered());
    }
    let filter = Attachment::new(request.handle, ingress, interface.index).map_err(failed)?;
    kept::filter(request, &interface.name, filter).unwrap_or_else(|code| Err(failed(code)))
}

fn failure(code: i32, ingress: bool, interface: &Interface) -> Failure {
    let (name, side) = (&interface.name, if ingress { "ingress" } else { "egress" });
    let said = reason(code);
    let why = match code.abs() {
        libc::EPERM => return not_permitted("an interface"),
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
