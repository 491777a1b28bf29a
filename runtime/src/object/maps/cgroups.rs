//! Arrays of cgroups: `groups[i] = "/sys/fs/cgroup/name"`, an assignment, which has nobody to hand an error to.

use super::access::ks_map_update;
use crate::kernel::end::die;
use crate::kernel::errors::reason;
use std::ffi::{CStr, c_char, c_void};

/// See abi.rs.
///
/// # Safety
/// `key` is one of the map, and `path` a NUL-terminated text.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ks_cgroup_enter(index: u32, key: *const c_void, path: *const c_void, flags: u64) -> i32 {
    // SAFETY: as the caller promises.
    let status = unsafe { ks_map_update(index, key, path, flags) };
    if status != 0 {
        // SAFETY: as the caller promises.
        let path = unsafe { CStr::from_ptr(path.cast::<c_char>()) };
        die(1, &format!("cannot enter the cgroup {}: {}", path.to_string_lossy(), reason(status)));
    }
    status
}
