//! `print` and `print_raw`: printf with typed arguments, one write per call. `warn`.

mod format;
pub mod values;

use crate::abi::KsArg;
use crate::kernel::errors::complain;
use crate::kernel::output;
use crate::kernel::program::{array, fill_bytes};
use std::ffi::{CStr, c_char};

/// See abi.rs.
///
/// # Safety
/// The format has `format_len` bytes; `args` has `args_len` elements, whose addresses are readable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ks_print(format: *const u8, format_len: u64, args: *const KsArg, args_len: u64, newline: u32) {
    // SAFETY: as the caller promises.
    let (format, args) = unsafe { (array(format, format_len), array(args, args_len)) };
    let mut out = text(format, args, newline == 0);
    if newline != 0 && out.last() != Some(&b'\n') {
        out.push(b'\n');
    }
    output::write(&out);
}

/// See abi.rs.
///
/// # Safety
/// As for `ks_print`; `out` is writable for `size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ks_format(
    out: *mut c_char,
    size: u64,
    format: *const u8,
    format_len: u64,
    args: *const KsArg,
    args_len: u64,
) {
    // SAFETY: as the caller promises. The text is whole before the place is written, which may be one of the values.
    unsafe { fill_bytes(&text(array(format, format_len), array(args, args_len), true), out, size) }
}

/// `warn`: a line on standard error, behind the name of the program.
///
/// # Safety
/// `line` is a NUL-terminated text.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ks_warn(line: *const c_char) {
    // SAFETY: as the caller promises.
    complain(&unsafe { CStr::from_ptr(line) }.to_string_lossy());
}

/// The text of a format with its values; `raw`: values that are text are not escaped.
pub fn text(format: &[u8], args: &[KsArg], raw: bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(format.len() + 16 * args.len() + 1);
    format::format(&mut out, format, args, raw);
    out
}
