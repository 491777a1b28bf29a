//! Who has a place that the kernel gives once: a link that this program has pinned, or another link.

use crate::kernel::{escape, net, program};
use crate::object::pins::project;
use libbpf_sys as bpf;
use std::fs;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// A help on how to free a place that a link holds: the link is one for which `is_it` holds. `otherwise` is the help if there is none.
pub fn help(is_it: impl Fn(&bpf::bpf_link_info) -> bool, otherwise: &str) -> String {
    if let Some(help) = pinned(&is_it) {
        return help;
    }
    match other(&is_it) {
        Some(id) => {
            format!("the link {id} has the place: stop the program that holds it (`bpftool link show id {id}`)")
        }
        None => otherwise.to_owned(),
    }
}

/// A help on how to free a place that a link which this program has pinned holds; none if there is no such link.
pub fn pinned(is_it: impl Fn(&bpf::bpf_link_info) -> bool) -> Option<String> {
    let pin = own_pin(is_it)?;
    Some(format!("a link has the place that is pinned at {pin}, and outlives its process: rm {pin} detaches it"))
}

/// The path of a link among the pins of the project.
fn own_pin(is_it: impl Fn(&bpf::bpf_link_info) -> bool) -> Option<String> {
    let folder = Path::new(program::pin_root()).join(project::project_name());
    let mut paths = fs::read_dir(folder).ok()?.filter_map(|entry| Some(entry.ok()?.path()));
    let pin = paths.find(|path| {
        let Some(name) = net::c_name(path.as_os_str().as_bytes()) else { return false };
        // SAFETY: a NUL-terminated path.
        let fd = unsafe { bpf::bpf_obj_get(name.as_ptr()) };
        // SAFETY: a descriptor that nobody else owns.
        let link = (fd >= 0).then(|| unsafe { OwnedFd::from_raw_fd(fd) });
        link.and_then(|link| about(&link)).is_some_and(|info| is_it(&info))
    })?;
    Some(escape::value(&pin.display().to_string()))
}

/// The number of a link. Only some processes may look at all of them.
fn other(is_it: impl Fn(&bpf::bpf_link_info) -> bool) -> Option<u32> {
    let mut id = 0;
    // SAFETY: writes a number.
    while unsafe { bpf::bpf_link_get_next_id(id, &mut id) } == 0 {
        // SAFETY: the descriptor is nobody else's.
        let link = unsafe {
            let fd = bpf::bpf_link_get_fd_by_id(id);
            (fd >= 0).then(|| OwnedFd::from_raw_fd(fd))
        };
        if link.and_then(|link| about(&link)).is_some_and(|info| is_it(&info)) {
            return Some(id);
        }
    }
    None
}

/// What the kernel says of a link; none of another object.
fn about(link: &OwnedFd) -> Option<bpf::bpf_link_info> {
    // The request for information answers for programs and maps too.
    let kind = fs::read_to_string(format!("/proc/self/fdinfo/{}", link.as_raw_fd())).unwrap_or_default();
    if !kind.contains("link_type:") {
        return None;
    }
    let mut info = bpf::bpf_link_info::default();
    let mut size = size_of::<bpf::bpf_link_info>() as u32;
    // SAFETY: the kernel fills at most `size` bytes of a zeroed struct.
    let result = unsafe { bpf::bpf_link_get_info_by_fd(link.as_raw_fd(), &mut info, &mut size) };
    (result == 0).then_some(info)
}
