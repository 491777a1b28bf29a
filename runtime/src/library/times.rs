//! `strftime`.

use crate::kernel::program::fill_bytes;
use std::ffi::{CStr, CString, c_char};
use std::mem::MaybeUninit;

const SECOND: u64 = 1_000_000_000;

/// No text is longer, however wide its parts are asked to be.
const MOST: usize = 4096;

/// `strftime`: a time in nanoseconds since 1970, in the time zone of the process.
///
/// # Safety
/// `format` is a NUL-terminated text, `out` is writable for `size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ks_strftime(format: *const c_char, time: u64, out: *mut c_char, size: u64) {
    // SAFETY: as the caller promises.
    unsafe { fill_bytes(&text(CStr::from_ptr(format).to_bytes(), time), out, size) }
}

fn text(format: &[u8], time: u64) -> Vec<u8> {
    let seconds = (time / SECOND) as libc::time_t;
    let Ok(format) = CString::new(with_microseconds(format, time)) else { return Vec::new() };
    let mut text = vec![0u8; MOST];
    let mut parts = MaybeUninit::uninit();
    // SAFETY: the parts are read where they were written; the buffer has the size that is said.
    let length = unsafe {
        if libc::localtime_r(&seconds, parts.as_mut_ptr()).is_null() {
            return Vec::new();
        }
        libc::strftime(text.as_mut_ptr().cast(), text.len(), format.as_ptr(), parts.as_ptr())
    };
    text.truncate(length);
    text
}

/// The format with digits in the place of `%f`, which C does not have, but Python and bpftrace do.
fn with_microseconds(format: &[u8], time: u64) -> Vec<u8> {
    let mut out = Vec::with_capacity(format.len());
    let mut bytes = format.iter();
    while let Some(&byte) = bytes.next() {
        match (byte, if byte == b'%' { bytes.next() } else { None }) {
            (b'%', Some(b'f')) => out.extend(format!("{:06}", time % SECOND / 1000).bytes()),
            (byte, next) => out.extend([byte].iter().chain(next)),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn microseconds() {
        let of =
            |format: &str| String::from_utf8_lossy(&with_microseconds(format.as_bytes(), 1_000_042_999)).into_owned();
        assert_eq!(of("%S.%f"), "%S.000042");
        assert_eq!(of("%%f %"), "%%f %");
    }

    #[test]
    fn a_text_that_is_too_long_is_empty() {
        assert_eq!(text(b"%99999d", 0), b"");
        assert_eq!(text(b"x", 0), b"x");
    }
}
