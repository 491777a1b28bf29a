//! Lookup, update and delete of one entry.

use super::map::map;
use crate::kernel::errors::errno;
use crate::object::{handles, load};
use libbpf_sys as bpf;
use std::ffi::c_void;
use std::os::fd::{FromRawFd, OwnedFd};

/// See abi.rs.
///
/// # Safety
/// `key` is one of the map, or names an object; `value` has the size of the map's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ks_map_lookup(index: u32, key: *const c_void, value: *mut c_void) -> bool {
    let map = map(index);
    // SAFETY: as the caller promises.
    unsafe {
        let out = std::slice::from_raw_parts_mut(value.cast::<u8>(), map.value_size);
        let result = match (&map.percpu, map.key(key)) {
            (_, Err(error)) => error,
            (None, Ok(key)) => bpf::bpf_map_lookup_elem_flags(map.fd, key.as_ptr(), value, map.flags),
            (Some(percpu), Ok(_)) => {
                let mut stored = vec![0; percpu.stored_size()];
                let result = bpf::bpf_map_lookup_elem(map.fd, key, stored.as_mut_ptr().cast());
                percpu.gather(&stored, out);
                result
            }
        };
        if result != 0 {
            map.not_found(result);
            out.fill(0);
        }
        result == 0
    }
}

/// See abi.rs.
///
/// # Safety
/// `key` is one of the map, or names an object; `value` has the size of the map's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ks_map_update(index: u32, key: *const c_void, value: *const c_void, flags: u64) -> i32 {
    let map = map(index);
    // SAFETY: as the caller promises.
    unsafe {
        let result = match (&map.percpu, map.key(key)) {
            (_, Err(error)) => return error,
            (None, Ok(key)) if map.kind == bpf::BPF_MAP_TYPE_PROG_ARRAY => {
                let handle = std::ptr::read_unaligned(value.cast::<u32>());
                let Some(program) = handles::of_handle(handle) else { return -libc::EINVAL };
                let fd = load::program_fd(program);
                bpf::bpf_map_update_elem(map.fd, key.as_ptr(), (&raw const fd).cast(), flags)
            }
            (None, Ok(key)) if map.kind == bpf::BPF_MAP_TYPE_CGROUP_ARRAY => {
                // A cgroup is the path of its folder; the kernel keeps the cgroup, not the descriptor.
                let fd = libc::open(value.cast(), libc::O_RDONLY | libc::O_DIRECTORY | libc::O_CLOEXEC);
                if fd < 0 {
                    return -errno();
                }
                let fd = OwnedFd::from_raw_fd(fd);
                bpf::bpf_map_update_elem(map.fd, key.as_ptr(), (&raw const fd).cast(), flags)
            }
            (None, Ok(key)) => bpf::bpf_map_update_elem(map.fd, key.as_ptr(), value, flags | map.flags),
            (Some(percpu), Ok(_)) => {
                let stored = percpu.spread(std::slice::from_raw_parts(value.cast(), map.value_size));
                bpf::bpf_map_update_elem(map.fd, key, stored.as_ptr().cast(), flags)
            }
        };
        if result == 0 { 0 } else { -errno() }
    }
}

/// See abi.rs.
///
/// # Safety
/// `key` is one of the map, or names an object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ks_map_delete(index: u32, key: *const c_void) -> i32 {
    let map = map(index);
    // SAFETY: as the caller promises.
    unsafe {
        let key = match map.key(key) {
            Ok(key) => key,
            Err(error) => return error,
        };
        let result = bpf::bpf_map_delete_elem(map.fd, key.as_ptr());
        if result == 0 { 0 } else { -errno() }
    }
}
