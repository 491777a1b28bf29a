//! Programs on hooks of netfilter, through `bpf_link`. The kernel takes the namespace of the thread that makes the link.

use super::attached::{Attached, Link};
use super::form::Form;
use super::request::{Request, not_permitted};
use super::{held, netns};
use crate::kernel::errors::{Failure, errno, reason};
use crate::kernel::privilege;
use libbpf_sys as bpf;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::thread;

/// The form `netfilter`.
#[unsafe(no_mangle)]
pub static ks_form_netfilter: Form = attach;

/// Attaches to the hook of the program's form, in the network namespace that the target names.
pub fn attach(request: &Request) -> Result<Box<dyn Attached>, Failure> {
    request.no_flags("a hook of netfilter")?;
    let (file, shown) = netns::open(&request.target)?;
    let (prog, point, priority) = (request.fd, request.point, request.placement as i32);
    let made = if netns::is_own(&file) {
        link(prog, point, priority)
    } else {
        // A thread can leave its namespace alone, and need not return to it.
        let linked = thread::scope(|scope| scope.spawn(|| enter(&file).map(|()| link(prog, point, priority))).join());
        linked.unwrap_or(Err(libc::EAGAIN)).map_err(|code| not_entered(code, &shown))?
    };
    match made {
        Ok(link) => Ok(Box::new(Link { fd: link })),
        Err(code) => Err(failure(code, &shown, point, priority)),
    }
}

fn not_entered(code: i32, path: &str) -> Failure {
    let help = match code {
        libc::EPERM => privilege::help("entering another network namespace", &[privilege::SYS_ADMIN]),
        libc::EINVAL => "\n  help: it is no network namespace; `ip netns list` names them".to_owned(),
        _ => String::new(),
    };
    Failure::new(code, format!("`{path}`: {}{help}", reason(code)))
}

fn enter(namespace: &OwnedFd) -> Result<(), i32> {
    // SAFETY: a descriptor of a namespace; of this thread alone.
    if unsafe { libc::setns(namespace.as_raw_fd(), libc::CLONE_NEWNET) } == 0 { Ok(()) } else { Err(errno()) }
}

fn link(prog: i32, point: bpf::bpf_attach_type, priority: i32) -> Result<OwnedFd, i32> {
    let mut options =
        bpf::bpf_link_create_opts { sz: size_of::<bpf::bpf_link_create_opts>() as bpf::size_t, ..Default::default() };
    options.__bindgen_anon_1.netfilter = bpf::bpf_link_create_opts__bindgen_ty_1__bindgen_ty_5 {
        pf: point >> 8,
        hooknum: point & 0xff,
        priority,
        flags: 0,
    };
    // SAFETY: a program's descriptor and options of their own size.
    let link = unsafe { bpf::bpf_link_create(prog, 0, bpf::BPF_NETFILTER, &options) };
    // SAFETY: a descriptor that nobody else owns.
    if link < 0 { Err(errno()) } else { Ok(unsafe { OwnedFd::from_raw_fd(link) }) }
}

fn is_at(link: &bpf::bpf_link_info, point: bpf::bpf_attach_type, priority: i32) -> bool {
    // SAFETY: the kernel has filled the part of links of this kind.
    let hook = unsafe { link.__bindgen_anon_1.netfilter };
    link.type_ == bpf::BPF_LINK_TYPE_NETFILTER && (hook.pf << 8 | hook.hooknum, hook.priority) == (point, priority)
}

fn failure(code: i32, path: &str, point: bpf::bpf_attach_type, priority: i32) -> Failure {
    let said = reason(code);
    let why = match code {
        libc::EPERM => return not_permitted("a hook of netfilter"),
        libc::EBUSY | libc::EEXIST => format!(
            "another program has the priority {priority} at this hook in `{path}`: {said}\n  help: {}",
            held::pinned(|link| is_at(link, point, priority)).unwrap_or("give another one, `priority: n`".to_owned())
        ),
        libc::ERANGE | libc::EINVAL => format!(
            "the hook does not take the priority {priority}: {said}\n  \
             help: priorities are more than -2147483648 and less than 2147483647"
        ),
        libc::EAFNOSUPPORT => format!("`{path}` has no netfilter of this protocol: {said}"),
        _ => format!("the hook of netfilter in `{path}`: {said}"),
    };
    Failure::new(code, why)
}
