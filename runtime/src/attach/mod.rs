//! `attach` and `detach`: targets, and the links that are held.
//!
//! A link is a `bpf_link` file descriptor, which the kernel drops with the process, or a clsact filter, which
//! `clsact.rs` removes at every end that lets code run.

pub mod clsact;
mod tc;
mod xdp;

use crate::abi::{KS_TARGET_INDEX, KS_TARGET_OWN, KsProg, KsProgKind};
use crate::errors::{complain, errno, reason};
use crate::program::{self, MainThread, bounded, text};
use crate::{escape, exit, load, net};
use libbpf_sys as bpf;
use std::cell::RefCell;
use std::ffi::c_char;
use std::os::fd::{FromRawFd, OwnedFd};

/// Something attached; dropping it detaches.
enum Attached {
    /// Never read: closing it is what counts.
    Link {
        _fd: OwnedFd,
    },
    Filter(clsact::Attachment),
}

struct Entry {
    handle: u32,
    attached: Attached,
}

/// By link id minus 1; None once detached.
static LINKS: MainThread<RefCell<Vec<Option<Entry>>>> = MainThread::new(RefCell::new(Vec::new()));

/// Why an attachment failed: errno, and the lines after the first.
struct Failure {
    code: i32,
    why: String,
}

impl Failure {
    fn new(code: i32, why: impl Into<String>) -> Failure {
        Failure { code, why: why.into() }
    }
}

/// A network interface.
struct Interface {
    index: i32,
    name: String,
}

/// See abi.rs.
///
/// # Safety
/// `target` is as `target_kind` says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ks_attach(
    handle: u32,
    target_kind: u32,
    target: *const c_char,
    target_value: i64,
    flags: u64,
) -> i64 {
    let Some(prog) = load::of_handle(handle) else {
        complain("cannot attach: the program was not loaded");
        return -i64::from(libc::EINVAL);
    };
    // SAFETY: as the caller promises.
    let result = unsafe { interface(prog, target_kind, target, target_value) }
        .and_then(|interface| attach(prog, handle, &interface, flags));
    match result {
        Ok(attached) => remember(handle, attached),
        Err(failure) => {
            complain(&format!("cannot attach `{}`: {}", text(prog.name), failure.why));
            -i64::from(failure.code.abs())
        }
    }
}

fn attach(prog: &KsProg, handle: u32, interface: &Interface, flags: u64) -> Result<Attached, Failure> {
    let fd = load::program_fd(prog);
    match prog.kind() {
        Some(KsProgKind::Xdp) => xdp::attach(fd, interface, flags),
        Some(KsProgKind::TcIngress) => tc::attach(fd, handle, tc::Direction::Ingress, interface, flags),
        Some(KsProgKind::TcEgress) => tc::attach(fd, handle, tc::Direction::Egress, interface, flags),
        None => Err(Failure::new(
            libc::EOPNOTSUPP,
            format!("programs of kind {} cannot be attached by this runtime library", prog.kind),
        )),
    }
}

fn remember(handle: u32, attached: Attached) -> i64 {
    let mut links = LINKS.borrow_mut();
    links.push(Some(Entry { handle, attached }));
    i64::try_from(links.len()).unwrap_or(i64::MAX)
}

/// # Safety
/// `target` is as `target_kind` says.
unsafe fn interface(prog: &KsProg, target_kind: u32, target: *const c_char, value: i64) -> Result<Interface, Failure> {
    if target_kind == KS_TARGET_INDEX {
        let index = i32::try_from(value).unwrap_or(-1);
        return match net::name_of(index) {
            Some(name) => Ok(Interface { index, name }),
            None => Err(no_such_interface(&format!("no interface has the index {value}"))),
        };
    }
    let (target, limit) = if target_kind == KS_TARGET_OWN {
        (prog.target, usize::MAX)
    } else {
        (target, usize::try_from(value).unwrap_or(usize::MAX))
    };
    // SAFETY: as the caller promises; descriptors hold NUL-terminated strings.
    let name = unsafe { bounded(target, limit) };
    let shown = escape::value(&String::from_utf8_lossy(name));
    if name.is_empty() {
        return Err(Failure::new(
            libc::EINVAL,
            "no interface is given\n  help: name one in the call, attach(handle, \"eth0\"), or in the program's attribute",
        ));
    }
    match net::c_name(name).and_then(|name| net::index_of(&name)) {
        Some(index) => Ok(Interface { index, name: shown }),
        None => Err(no_such_interface(&format!("no such interface `{shown}`"))),
    }
}

fn no_such_interface(what: &str) -> Failure {
    let names = net::all_names();
    let here = if names.is_empty() { String::new() } else { format!("\n  interfaces here: {}", names.join(", ")) };
    Failure::new(libc::ENODEV, format!("{what}{here}"))
}

/// Makes a `bpf_link` on an interface.
fn link(fd: i32, interface: &Interface, point: bpf::bpf_attach_type, flags: u32) -> Result<Attached, i32> {
    let mut options =
        bpf::bpf_link_create_opts { sz: size_of::<bpf::bpf_link_create_opts>() as bpf::size_t, ..Default::default() };
    options.flags = flags;
    // SAFETY: a program's descriptor and zeroed options of their own size.
    let link = unsafe { bpf::bpf_link_create(fd, interface.index, point, &options) };
    if link < 0 {
        return Err(errno());
    }
    // SAFETY: a descriptor that nobody else owns.
    Ok(Attached::Link { _fd: unsafe { OwnedFd::from_raw_fd(link) } })
}

/// What EPERM means for an attachment: loading may need less.
fn not_permitted() -> Failure {
    Failure::new(
        libc::EPERM,
        format!(
            "no privilege: {}\n  help: attaching to an interface needs CAP_NET_ADMIN; run it as root, for instance with sudo",
            reason(libc::EPERM)
        ),
    )
}

/// See abi.rs.
#[unsafe(no_mangle)]
pub extern "C" fn ks_attach_check(link: i64) {
    if link < 0 {
        exit::leave(1);
    }
}

/// See abi.rs.
#[unsafe(no_mangle)]
pub extern "C" fn ks_detach_handle(handle: u32) -> i32 {
    let gone: Vec<Option<Entry>> = {
        let mut links = LINKS.borrow_mut();
        let of_handle = links.iter_mut().filter(|entry| entry.as_ref().is_some_and(|entry| entry.handle == handle));
        of_handle.map(Option::take).collect()
    };
    gone.into_iter().flatten().map(detach).find(|result| *result != 0).unwrap_or(0)
}

/// See abi.rs.
#[unsafe(no_mangle)]
pub extern "C" fn ks_detach_link(link: i64) -> i32 {
    let index = usize::try_from(link).ok().and_then(|link| link.checked_sub(1));
    let entry = index.and_then(|index| LINKS.borrow_mut().get_mut(index).and_then(Option::take));
    entry.map_or(0, detach)
}

/// 0 or −errno. Closing a link cannot fail.
fn detach(entry: Entry) -> i32 {
    match entry.attached {
        Attached::Link { .. } => 0,
        Attached::Filter(filter) => {
            let result = filter.remove();
            if result != 0 {
                let name = load::of_handle(entry.handle).map_or("?", |prog| program::text(prog.name));
                complain(&format!("cannot detach `{name}`: {}", reason(result)));
            }
            result
        }
    }
}

/// At the end of the process, however it comes; more than once does no harm.
pub fn detach_everything() {
    if let Ok(mut links) = LINKS.try_borrow_mut() {
        links.clear();
    }
    clsact::remove_all();
}
