//! Implementations that a killed program has left registered: on kernels without links to implementations a registration outlives its
//! process.

use super::users;
use crate::abi::KsStructOps;
use libbpf_sys as bpf;
use std::ffi::CStr;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

/// The kernel keeps so many characters of a name (BPF_OBJ_NAME_LEN less the NUL).
const KEPT: usize = 15;

/// Unregisters implementations of this name that no process holds, and returns whether there was one. One that a process still holds, or
/// that
/// the kernel does not show, stays.
pub fn remove(table: &KsStructOps) -> bool {
    let own = kept_name(table);
    let mut removed = false;
    for id in users::unused_maps() {
        let Some((map, name)) = implementation(id) else { continue };
        let zero = 0u32;
        // SAFETY: a map's descriptor, and its only key.
        removed |= name == own && unsafe { bpf::bpf_map_delete_elem(map.as_raw_fd(), (&raw const zero).cast()) } == 0;
    }
    removed
}

/// What the kernel keeps of the name of the map.
pub fn kept_name(table: &KsStructOps) -> &[u8] {
    // SAFETY: descriptors hold NUL-terminated strings.
    let name = unsafe { CStr::from_ptr(table.name) }.to_bytes();
    name.get(..KEPT).unwrap_or(name)
}

/// The map of this number and its name, if it is an implementation of functions.
pub fn implementation(id: u32) -> Option<(OwnedFd, Vec<u8>)> {
    let mut info = bpf::bpf_map_info::default();
    let mut size = size_of::<bpf::bpf_map_info>() as u32;
    // SAFETY: the descriptor is nobody else's, the struct is of the size that is passed, and the kernel ends the name by a NUL.
    unsafe {
        let fd = bpf::bpf_map_get_fd_by_id(id);
        let map = (fd >= 0).then(|| OwnedFd::from_raw_fd(fd))?;
        let known = bpf::bpf_map_get_info_by_fd(map.as_raw_fd(), &mut info, &mut size) == 0;
        let name = CStr::from_ptr(info.name.as_ptr()).to_bytes().to_vec();
        (known && info.type_ == bpf::BPF_MAP_TYPE_STRUCT_OPS).then_some((map, name))
    }
}
