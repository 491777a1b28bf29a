//! `panic`.

use super::print;
use crate::abi::KsArg;
use crate::kernel::errors::complain;
use crate::kernel::program::{array, text};
use crate::kernel::{end, escape, verdict};
use std::ffi::c_char;

/// See abi.rs.
///
/// # Safety
/// The format has `format_len` bytes; `args` has `args_len` elements, whose addresses are readable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ks_panic(
    file: *const c_char,
    line: u32,
    format: *const u8,
    format_len: u64,
    args: *const KsArg,
    args_len: u64,
) -> ! {
    // SAFETY: as the caller promises.
    let message = print::text(unsafe { array(format, format_len) }, unsafe { array(args, args_len) }, true);
    let message = String::from_utf8_lossy(&message);
    if verdict::failed((text(file), line), message.trim_end_matches('\n')) {
        end::leave(134);
    }
    complain(&format!("panic at {}:{line}: {}", escape::value(text(file)), message.trim_end_matches('\n')));
    end::leave(134)
}
