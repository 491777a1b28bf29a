//! `getenv`, `read_file`, `write_file`, `append_file`.

use crate::kernel::program::fill_bytes;
use std::ffi::{CStr, OsStr, c_char};
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStrExt;

/// `getenv`: a variable of the environment; false, and an empty text, where there is none.
///
/// # Safety
/// `name` is a NUL-terminated text, `out` is writable for `size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ks_getenv(name: *const c_char, out: *mut c_char, size: u64) -> bool {
    // SAFETY: as the caller promises.
    unsafe {
        // The name of a variable has no `=`: libc would find it within a value's.
        let name = CStr::from_ptr(name).to_bytes();
        let known = !name.is_empty() && !name.contains(&b'=');
        let value = known.then(|| std::env::var_os(OsStr::from_bytes(name))).flatten();
        fill_bytes(value.as_deref().unwrap_or_default().as_bytes(), out, size);
        value.is_some()
    }
}

/// `read_file`: as much of a file as has room, up to a NUL; false, and an empty text, where it cannot be read.
///
/// # Safety
/// `path` is a NUL-terminated text, `out` is writable for `size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ks_read_file(path: *const c_char, out: *mut c_char, size: u64) -> bool {
    // SAFETY: as the caller promises.
    unsafe {
        let text = read(os(path), size.saturating_sub(1));
        fill_bytes(text.as_deref().unwrap_or_default(), out, size);
        text.is_ok()
    }
}

fn read(path: &OsStr, most: u64) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    File::open(path)?.take(most).read_to_end(&mut text)?;
    Ok(text)
}

/// `write_file`: makes a text all that a file has; 0 or a negative errno.
///
/// # Safety
/// Both are NUL-terminated texts.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ks_write_file(path: *const c_char, text: *const c_char) -> i32 {
    // SAFETY: as the caller promises.
    unsafe { write(OpenOptions::new().write(true).create(true).truncate(true), path, text) }
}

/// `append_file`: adds a text to the end of a file; 0 or a negative errno.
///
/// # Safety
/// Both are NUL-terminated texts.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ks_append_file(path: *const c_char, text: *const c_char) -> i32 {
    // SAFETY: as the caller promises.
    unsafe { write(OpenOptions::new().append(true).create(true), path, text) }
}

/// # Safety
/// Both are NUL-terminated texts.
unsafe fn write(options: &OpenOptions, path: *const c_char, text: *const c_char) -> i32 {
    // SAFETY: as the caller promises.
    let (path, text) = unsafe { (os(path), CStr::from_ptr(text).to_bytes()) };
    match options.open(path).and_then(|mut file| file.write_all(text)) {
        Ok(()) => 0,
        Err(error) => -error.raw_os_error().unwrap_or(libc::EIO),
    }
}

/// # Safety
/// A NUL-terminated text.
unsafe fn os<'a>(path: *const c_char) -> &'a OsStr {
    // SAFETY: as the caller promises.
    OsStr::from_bytes(unsafe { CStr::from_ptr(path) }.to_bytes())
}
