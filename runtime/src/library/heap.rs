//! Objects of `new`.

use std::ffi::c_void;

/// See abi.rs.
#[unsafe(no_mangle)]
pub extern "C" fn ks_new(size: u64) -> *mut c_void {
    // SAFETY: any size may be asked for. An object without bytes has an address of its own too.
    unsafe { libc::calloc(1, (size as usize).max(1)) }
}

/// # Safety
/// See abi.rs.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ks_delete(object: *mut c_void) {
    // SAFETY: the caller hands over what `ks_new` gave, or null.
    unsafe { libc::free(object) };
}
