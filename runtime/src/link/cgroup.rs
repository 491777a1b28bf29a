//! Programs on cgroups, through `bpf_link`. All programs of a cgroup and of those above it run; a packet passes if all let it.

use super::attached::Attached;
use super::form::Form;
use super::kept;
use super::request::{Request, Target, not_permitted};
use crate::kernel::errors::{Failure, errno, reason};
use crate::kernel::{escape, net, own_sys};
use crate::object::optional::targets::Lookup;
use libbpf_sys as bpf;
use std::fs;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// The form `cgroup`.
#[unsafe(no_mangle)]
pub static ks_form_cgroup: Form = attach;

/// Attaches to the cgroup whose folder the target names.
pub fn attach(request: &Request) -> Result<Box<dyn Attached>, Failure> {
    request.no_flags("a cgroup")?;
    let Target::Text(path) = request.target else {
        return Err(Failure::new(libc::EINVAL, "a number names no cgroup\n  help: give the path of its folder"));
    };
    if path.is_empty() {
        return Err(Failure::new(
            libc::EINVAL,
            "no cgroup is given\n  help: name its folder in the call, attach(handle, \"/sys/fs/cgroup/web\"), or in the program's attribute",
        ));
    }
    let shown = escape::value(&String::from_utf8_lossy(path));
    let opened = net::c_name(path).map_or(-1, |path| {
        // SAFETY: a NUL-terminated path.
        unsafe { libc::open(path.as_ptr(), libc::O_RDONLY | libc::O_DIRECTORY | libc::O_CLOEXEC) }
    });
    if opened < 0 {
        let code = errno();
        let help = own_sys::help(&shown).filter(|_| code == libc::ENOENT);
        let help = help.map_or(String::new(), |help| format!("\n  help: {help}"));
        return Err(Failure::new(code, format!("the folder `{shown}`: {}{help}", reason(code))));
    }
    // SAFETY: just opened, and nobody else's. The link holds the cgroup itself.
    let folder = unsafe { OwnedFd::from_raw_fd(opened) };
    let target = String::from_utf8_lossy(path);
    let number = fs::metadata(&*target).map_or(0, |folder| folder.ino());
    let is_here = |link: &bpf::bpf_link_info| {
        // SAFETY: the kernel has filled the part of links of this kind.
        let place = unsafe { link.__bindgen_anon_1.cgroup };
        // The number of a cgroup is that of its folder (`cgroup_id` of linux/cgroup.h).
        link.type_ == bpf::BPF_LINK_TYPE_CGROUP && place.cgroup_id == number && place.attach_type == request.point
    };
    if let Some(taken) = kept::taken(request, &target, &is_here)? {
        return Ok(taken);
    }
    let link = request.link(folder.as_raw_fd(), 0).map_err(|code| failure(code, &shown))?;
    Ok(kept::made(request, &target, link))
}

fn failure(code: i32, path: &str) -> Failure {
    let said = reason(code);
    let why = match code {
        libc::EPERM => return not_permitted("a cgroup"),
        libc::EBADF | libc::EINVAL => {
            let help = own_sys::help(path).unwrap_or_else(|| "`mount -t cgroup2` shows where those are".to_owned());
            format!("`{path}` is no cgroup of version 2: {said}\n  help: {help}")
        }
        _ => format!("the cgroup `{path}`: {said}"),
    };
    Failure::new(code, why)
}

/// The lookup `folder`.
#[unsafe(no_mangle)]
pub static ks_lookup_folder: Lookup = exists;

/// Fails if there is no folder at this path.
fn exists(path: &str) -> Result<(), Failure> {
    match Path::new(path).is_dir() {
        true => Ok(()),
        false => Err(Failure::new(libc::ENOENT, format!("there is no folder `{}`", escape::value(path)))),
    }
}
