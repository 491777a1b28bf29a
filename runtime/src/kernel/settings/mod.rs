//! Settings of the kernel, files below `/proc/sys`: a `@sysctl var` is read and written at each access.
//!
//! `value.rs` converts between the text of the kernel and values, `restore.rs` keeps what a test overwrites. A failure is kept by its place
//! in the source, so that the end of the process can name the file if nothing catches it.

mod restore;
mod value;

use super::errors::{Failure, errno, reason};
use super::failures;
use super::program::text;
use crate::abi::KsSetting;
use std::ffi::{CString, c_char};
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{FromRawFd, IntoRawFd};

/// See abi.rs.
///
/// # Safety
/// `out` is writable for `size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ks_sysctl_read(
    path: *const c_char,
    form: u32,
    out: *mut u8,
    size: u64,
    file: *const c_char,
    line: u32,
) -> i32 {
    // SAFETY: as the caller promises.
    let out = unsafe { std::slice::from_raw_parts_mut(out, size as usize) };
    let path = text(path);
    restore::alone();
    let value = contents(path).and_then(|contents| value::of_text(&contents, KsSetting::of(form), out));
    noted(value.map_err(|why| why.about("read", path)), (text(file), line))
}

/// See abi.rs.
///
/// # Safety
/// `value` is readable for `size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ks_sysctl_write(
    path: *const c_char,
    form: u32,
    value: *const u8,
    size: u64,
    file: *const c_char,
    line: u32,
) -> i32 {
    // SAFETY: as the caller promises.
    let value = unsafe { std::slice::from_raw_parts(value, size as usize) };
    let path = text(path);
    restore::alone();
    restore::keep(path);
    let written = write(path, &value::to_text(value, KsSetting::of(form)));
    noted(written.map_err(|why| why.about("write", path)), (text(file), line))
}

/// An errno, and what is wrong besides.
struct Refusal {
    code: i32,
    detail: Option<String>,
}

impl Refusal {
    fn of(error: &io::Error) -> Refusal {
        Refusal { code: error.raw_os_error().unwrap_or(libc::EIO), detail: None }
    }

    fn about(self, doing: &str, path: &str) -> Failure {
        let why = self.detail.unwrap_or_else(|| reason(self.code));
        Failure::new(self.code, format!("cannot {doing} `{path}`: {why}"))
    }
}

/// The errno; 0 for none.
fn noted(result: Result<(), Failure>, place: (&'static str, u32)) -> i32 {
    let Err(failure) = result else { return 0 };
    let code = failure.code;
    failures::note(place, failure);
    code
}

fn open(path: &str, flags: i32) -> Result<File, Refusal> {
    let path = CString::new(path).map_err(|_| Refusal { code: libc::EINVAL, detail: None })?;
    // SAFETY: a NUL-terminated path.
    let fd = unsafe { libc::open(path.as_ptr(), flags | libc::O_CLOEXEC) };
    if fd < 0 {
        return Err(Refusal { code: errno(), detail: None });
    }
    // SAFETY: the descriptor was just opened.
    Ok(unsafe { File::from_raw_fd(fd) })
}

/// All of the file. The kernel gives out a setting by one read: behind that there is nothing, however small the buffer was.
fn contents(path: &str) -> Result<Vec<u8>, Refusal> {
    let mut file = open(path, libc::O_RDONLY)?;
    let (mut buffer, mut all) = (vec![0; 1 << 16], Vec::new());
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok(all),
            Ok(count) => all.extend_from_slice(buffer.get(..count).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(Refusal::of(&error)),
        }
    }
}

/// By one write: the kernel takes each as a value of its own.
fn write(path: &str, text: &[u8]) -> Result<(), Refusal> {
    let fd = open(path, libc::O_WRONLY)?.into_raw_fd();
    let written = loop {
        // SAFETY: the pointer and length are those of a slice.
        let written = unsafe { libc::write(fd, text.as_ptr().cast(), text.len()) };
        if written >= 0 || errno() != libc::EINTR {
            break written;
        }
    };
    let code = errno();
    // SAFETY: the descriptor was opened above.
    unsafe { libc::close(fd) };
    match usize::try_from(written) {
        Err(_) => Err(Refusal { code, detail: None }),
        Ok(count) if count < text.len() => {
            Err(Refusal { code: libc::EINVAL, detail: Some(format!("the kernel takes {count} bytes")) })
        }
        Ok(_) => Ok(()),
    }
}
