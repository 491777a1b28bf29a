//! Handles of programs, as `load` gives them: the number of the program, from 1 on.

use super::optional::fates;
use crate::abi::KsProg;
use crate::kernel::program;
use std::ffi::c_char;

/// The program behind a handle that `ks_load` gave.
pub fn of_handle(handle: u32) -> Option<&'static KsProg> {
    program::progs().get(handle.checked_sub(1)? as usize)
}

/// Why the kernel refused the program of a handle, if it did.
pub fn refusal(handle: u32) -> Option<String> {
    fates::refusal(handle.checked_sub(1)? as usize)
}

/// `available`: whether the kernel took its program.
#[unsafe(no_mangle)]
pub extern "C" fn ks_available(handle: u32) -> bool {
    of_handle(handle).is_some() && refusal(handle).is_none()
}

/// `why`: why not, in one line; empty where it did.
///
/// # Safety
/// `out` is writable for `size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ks_why(handle: u32, out: *mut c_char, size: u64) {
    // SAFETY: as the caller promises.
    unsafe { program::fill(&refusal(handle).unwrap_or_default(), out, size) }
}
