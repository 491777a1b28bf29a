//! Texts that functions of C have written or yield.

use crate::kernel::program::{bounded, fill_bytes};
use std::ffi::c_char;

/// Copies a text of C, cut off where there is no room; null is empty.
///
/// # Safety
/// `text` is null or a NUL-terminated text, or readable for `size` bytes; `out` is writable for `size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ks_c_text(text: *const c_char, out: *mut c_char, size: u64) {
    // SAFETY: as the caller promises.
    unsafe { fill_bytes(bounded(text, size as usize), out, size) }
}

/// Ends a text that C may have written, so that it is one of the language: with a NUL, and zeros behind it.
///
/// # Safety
/// `text` is writable for `size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ks_c_settle(text: *mut c_char, size: u64) {
    let size = size as usize;
    // SAFETY: as the caller promises.
    unsafe {
        let length = libc::strnlen(text, size.saturating_sub(1));
        text.add(length).write_bytes(0, size - length);
    }
}
