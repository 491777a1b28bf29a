//! Maps without keys: queues, stacks and Bloom filters.

use super::map::map;
use crate::kernel::errors::errno;
use libbpf_sys as bpf;
use std::ffi::c_void;
use std::ptr;

/// See abi.rs.
///
/// # Safety
/// `value` has the size of the map's values.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ks_map_push(index: u32, value: *const c_void) -> i32 {
    // SAFETY: as the caller promises; such maps have no key.
    let result = unsafe { bpf::bpf_map_update_elem(map(index).fd, ptr::null(), value, 0) };
    if result == 0 { 0 } else { -errno() }
}

/// See abi.rs.
///
/// # Safety
/// `value` has the size of the map's values.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ks_map_pop(index: u32, value: *mut c_void) -> bool {
    let map = map(index);
    // SAFETY: as the caller promises; such maps have no key.
    unsafe {
        let found = bpf::bpf_map_lookup_and_delete_elem(map.fd, ptr::null(), value) == 0;
        if !found {
            ptr::write_bytes(value.cast::<u8>(), 0, map.value_size);
        }
        found
    }
}

/// See abi.rs.
///
/// # Safety
/// `value` has the size of the map's values.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ks_map_peek(index: u32, value: *mut c_void) -> bool {
    let map = map(index);
    // SAFETY: as the caller promises; such maps have no key.
    unsafe {
        let found = bpf::bpf_map_lookup_elem(map.fd, ptr::null(), value) == 0;
        if !found {
            ptr::write_bytes(value.cast::<u8>(), 0, map.value_size);
        }
        found
    }
}

/// See abi.rs.
///
/// # Safety
/// `value` has the size of the map's values.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ks_map_contains(index: u32, value: *const c_void) -> bool {
    // SAFETY: as the caller promises; the kernel only reads the value of a Bloom filter.
    unsafe { bpf::bpf_map_lookup_elem(map(index).fd, ptr::null(), value.cast_mut()) == 0 }
}
