//! Programs of network namespaces, through `bpf_link`.

use super::attached::Attached;
use super::form::Form;
use super::held;
use super::kept;
use super::request::{Request, Target, not_permitted};
use crate::kernel::errors::{Failure, errno, reason};
use crate::kernel::{escape, net};
use crate::object::optional::targets::Lookup;
use libbpf_sys as bpf;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

/// Where `ip netns add` keeps names.
const NAMES: &[u8] = b"/run/netns/";
const OWN: &[u8] = b"/proc/self/ns/net";

/// The form `netns`.
#[unsafe(no_mangle)]
pub static ks_form_netns: Form = attach;

/// Attaches to the network namespace that the target names. The failure names the program that is there already, if there is one.
pub fn attach(request: &Request) -> Result<Box<dyn Attached>, Failure> {
    request.no_flags("a network namespace")?;
    let (file, shown) = open(&request.target)?;
    let inode = identity(&path_of(&file)).map(|(_, inode)| inode);
    let is_here = |link: &bpf::bpf_link_info| {
        // SAFETY: the kernel has filled the part of links of this kind.
        let place = unsafe { link.__bindgen_anon_1.netns };
        link.type_ == bpf::BPF_LINK_TYPE_NETNS
            && place.attach_type == request.point
            && Some(u64::from(place.netns_ino)) == inode
    };
    let target = if let Target::Text(name) = request.target { String::from_utf8_lossy(name) } else { "".into() };
    if let Some(taken) = kept::taken(request, &target, &is_here)? {
        return Ok(taken);
    }
    let link = request.link(file.as_raw_fd(), 0).map_err(|code| failure(code, &shown, is_here))?;
    Ok(kept::made(request, &target, link))
}

/// The file of the namespace, and its path. A link does not hold the namespace: it ends with it.
pub fn open(target: &Target) -> Result<(OwnedFd, String), Failure> {
    let Target::Text(name) = *target else {
        return Err(Failure::new(
            libc::EINVAL,
            "a number names no network namespace\n  help: give its name or the path of its file",
        ));
    };
    let path = path(name);
    let shown = escape::value(&path.to_string_lossy());
    let opened = net::c_name(path.as_os_str().as_bytes()).map_or(-1, |path| {
        // SAFETY: a NUL-terminated path.
        unsafe { libc::open(path.as_ptr(), libc::O_RDONLY | libc::O_CLOEXEC) }
    });
    if opened < 0 {
        let code = errno();
        return Err(Failure::new(code, format!("the network namespace `{shown}`: {}", reason(code))));
    }
    // SAFETY: just opened, and nobody else's.
    Ok((unsafe { OwnedFd::from_raw_fd(opened) }, shown))
}

/// The file of a namespace, by its name or path; of the process's own, if the name is empty.
pub fn path(name: &[u8]) -> PathBuf {
    let path = match name {
        [] => OWN.to_vec(),
        name if name.contains(&b'/') => name.to_vec(),
        name => [NAMES, name].concat(),
    };
    OsString::from_vec(path).into()
}

/// Whether a file is the namespace that this process is in.
pub fn is_own(file: &OwnedFd) -> bool {
    identity(OsStr::from_bytes(OWN)).is_some_and(|own| identity(&path_of(file)) == Some(own))
}

fn path_of(file: &OwnedFd) -> OsString {
    format!("/proc/self/fd/{}", file.as_raw_fd()).into()
}

fn identity(path: &OsStr) -> Option<(u64, u64)> {
    fs::metadata(path).ok().map(|about| (about.dev(), about.ino()))
}

fn failure(code: i32, path: &str, is_it: impl Fn(&bpf::bpf_link_info) -> bool) -> Failure {
    let said = reason(code);
    let why = match code {
        libc::EPERM => return not_permitted("a network namespace"),
        libc::EINVAL => format!("`{path}` is no network namespace: {said}\n  help: `ip netns list` names them"),
        libc::E2BIG => format!("`{path}` has as many programs of this kind as it takes: {said}"),
        libc::EEXIST => format!(
            "`{path}` has another program of this kind, and takes one: {said}\n  help: {}",
            held::help(is_it, "stop the program that attached it")
        ),
        _ => format!("the network namespace `{path}`: {said}"),
    };
    Failure::new(code, why)
}

/// The lookup `namespace`.
#[unsafe(no_mangle)]
pub static ks_lookup_namespace: Lookup = exists;

/// Fails if there is no network namespace of this name.
fn exists(name: &str) -> Result<(), Failure> {
    open(&Target::Text(name.as_bytes())).map(drop)
}
