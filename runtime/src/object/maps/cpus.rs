//! The value of one CPU in a per-CPU map.

use super::map::{Map, map};
use crate::kernel::errors::errno;
use libbpf_sys as bpf;
use std::ffi::c_void;

/// One CPU's value of an entry as all CPUs' are stored: None where the key is absent or there is no such CPU.
fn stored_of(map: &Map, key: *const c_void) -> Option<Vec<u8>> {
    let mut stored = vec![0; map.stored_size()];
    // SAFETY: the caller's key has the map's size; the buffer holds every CPU's value.
    let found = unsafe { bpf::bpf_map_lookup_elem(map.fd, key, stored.as_mut_ptr().cast()) } == 0;
    found.then_some(stored)
}

/// See abi.rs.
///
/// # Safety
/// `key` has the size of the map's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ks_map_cpus(index: u32, key: *const c_void) -> u32 {
    let map = map(index);
    let cpus = map.percpu.as_ref().map_or(0, |percpu| percpu.cpus as u32);
    if stored_of(map, key).is_some() { cpus } else { 0 }
}

/// See abi.rs.
///
/// # Safety
/// `key` and `value` have the sizes of the map.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ks_map_lookup_cpu(index: u32, key: *const c_void, cpu: u32, value: *mut c_void) -> bool {
    let map = map(index);
    // SAFETY: as the caller promises.
    let out = unsafe { std::slice::from_raw_parts_mut(value.cast::<u8>(), map.value_size) };
    let range = map.percpu.as_ref().and_then(|percpu| percpu.of_cpu(cpu));
    let stored = stored_of(map, key);
    match (range, stored) {
        (Some(range), Some(stored)) => {
            out.copy_from_slice(&stored[range]);
            true
        }
        (_, _) => {
            out.fill(0);
            false
        }
    }
}

/// See abi.rs.
///
/// # Safety
/// `key` and `value` have the sizes of the map.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ks_map_update_cpu(index: u32, key: *const c_void, cpu: u32, value: *const c_void) -> i32 {
    let map = map(index);
    let Some(range) = map.percpu.as_ref().and_then(|percpu| percpu.of_cpu(cpu)) else { return -libc::EINVAL };
    let mut stored = stored_of(map, key).unwrap_or_else(|| vec![0; map.stored_size()]);
    // SAFETY: as the caller promises.
    let value = unsafe { std::slice::from_raw_parts(value.cast::<u8>(), map.value_size) };
    stored[range].copy_from_slice(value);
    // SAFETY: the buffer holds every CPU's value.
    let result = unsafe { bpf::bpf_map_update_elem(map.fd, key, stored.as_ptr().cast(), 0) };
    if result == 0 { 0 } else { -errno() }
}
