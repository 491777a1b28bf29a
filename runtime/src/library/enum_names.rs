//! `name(e)`: names of the variants of enums.

use crate::kernel::program;
use std::ffi::{CStr, c_char};

/// `name`: the name of the first variant that has the value, else the number. `variants` has a line `<number> <name>` for each.
///
/// # Safety
/// `variants` is a NUL-terminated text, and `out` is writable for `size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ks_enum_name(
    value: u64,
    is_signed: u32,
    variants: *const c_char,
    out: *mut c_char,
    size: u64,
) {
    // SAFETY: as the caller promises.
    let variants = unsafe { CStr::from_ptr(variants) }.to_string_lossy();
    let number = if is_signed == 0 { value.to_string() } else { value.cast_signed().to_string() };
    let name = variants.lines().filter_map(|line| line.split_once(' ')).find(|(of, _)| *of == number);
    // SAFETY: as the caller promises.
    unsafe { program::fill(name.map_or(&number, |(_, name)| name), out, size) }
}
