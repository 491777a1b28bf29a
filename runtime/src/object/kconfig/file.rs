//! Files with the kernel's configuration, plain or compressed, for libbpf too: its calls of zlib for such files end here, so that only the
//! executables of programs with variables of the configuration have what inflates.

use crate::kernel::program;
use std::ffi::{CStr, OsStr, c_char, c_int, c_void};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::ptr;

/// What inflates; `KsProgram::configuration`.
pub struct Inflater {
    /// The contents of a file of gzip; none if it is damaged.
    pub inflate: fn(&[u8]) -> Option<Vec<u8>>,
}

/// How files of gzip begin.
const MAGIC: [u8; 2] = [0x1f, 0x8b];

/// The lines of a file, and the place of the next one.
struct File {
    contents: Vec<u8>,
    at: usize,
}

/// What a file says; none if it cannot be read.
pub fn contents(path: &CStr) -> Option<Vec<u8>> {
    let contents = std::fs::read(Path::new(OsStr::from_bytes(path.to_bytes()))).ok()?;
    if !contents.starts_with(&MAGIC) {
        return Some(contents);
    }
    // SAFETY: the compiler points to `ks_configuration`, or to nothing.
    let inflater = unsafe { program::configuration().cast::<Inflater>().as_ref() }?;
    (inflater.inflate)(&contents)
}

/// Opens a file, as libbpf asks zlib to; null if it cannot be read.
///
/// # Safety
/// The path is NUL-terminated.
#[unsafe(no_mangle)]
unsafe extern "C" fn gzopen64(path: *const c_char, _mode: *const c_char) -> *mut c_void {
    // SAFETY: as the caller promises.
    match contents(unsafe { CStr::from_ptr(path) }) {
        Some(contents) => Box::into_raw(Box::new(File { contents, at: 0 })).cast(),
        None => ptr::null_mut(),
    }
}

/// Reads a line with its end, or as much of it as there is room for besides a NUL; null at the end of the file.
///
/// # Safety
/// The file is of `gzopen64`, and the buffer has `size` bytes.
#[unsafe(no_mangle)]
unsafe extern "C" fn gzgets(file: *mut c_void, buffer: *mut c_char, size: c_int) -> *mut c_char {
    // SAFETY: as the caller promises.
    let (file, room) = unsafe {
        let room = usize::try_from(size).unwrap_or(0);
        (&mut *file.cast::<File>(), std::slice::from_raw_parts_mut(buffer.cast::<u8>(), room))
    };
    let left = file.contents.get(file.at..).unwrap_or_default();
    let Some(most) = room.len().checked_sub(1).filter(|_| !left.is_empty()) else { return ptr::null_mut() };
    let line = left.iter().position(|&byte| byte == b'\n').map_or(left.len(), |end| end + 1).min(most);
    room[..line].copy_from_slice(&left[..line]);
    room[line] = 0;
    file.at += line;
    buffer
}

/// Closes a file.
///
/// # Safety
/// The file is of `gzopen64` and not used again.
#[unsafe(no_mangle)]
unsafe extern "C" fn gzclose(file: *mut c_void) -> c_int {
    // SAFETY: as the caller promises.
    drop(unsafe { Box::from_raw(file.cast::<File>()) });
    0
}
