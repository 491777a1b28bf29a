//! Messages of the runtime to people: one message, one write to standard error; errno values by name.

use super::{escape, program};
use std::ffi::{CStr, c_char};

/// Writes everything to a file descriptor; gives up silently where nothing can be done (a closed or full output).
pub fn write_all(fd: i32, bytes: &[u8]) {
    try_write(fd, bytes).ok();
}

/// The same; the errno where nothing can be done.
pub fn try_write(fd: i32, mut bytes: &[u8]) -> Result<(), i32> {
    while !bytes.is_empty() {
        // SAFETY: the pointer and length are those of a slice.
        let written = unsafe { libc::write(fd, bytes.as_ptr().cast(), bytes.len()) };
        match usize::try_from(written) {
            Ok(0) => return Err(libc::EIO),
            Ok(count) => bytes = bytes.get(count..).unwrap_or(&[]),
            Err(_) if errno() == libc::EINTR => {}
            Err(_) if errno() == libc::EAGAIN => wait_writable(fd),
            Err(_) => return Err(errno()),
        }
    }
    Ok(())
}

/// A non-blocking terminal or pipe that is full.
fn wait_writable(fd: i32) {
    let mut poll = libc::pollfd { fd, events: libc::POLLOUT, revents: 0 };
    // SAFETY: one pollfd.
    unsafe { libc::poll(&mut poll, 1, -1) };
}

/// `<program>: <message>` on standard error.
pub fn complain(message: &str) {
    let name = program::started_as();
    let text = if name.is_empty() { format!("{message}\n") } else { format!("{name}: {message}\n") };
    write_all(2, escape::message(&text).as_bytes());
}

/// What failed: the errno, and the reason, whose further lines are helps.
pub struct Failure {
    pub code: i32,
    pub why: String,
}

impl Failure {
    /// With an errno of either sign.
    pub fn new(code: i32, why: impl Into<String>) -> Failure {
        Failure { code, why: why.into() }
    }
}

/// Errors by which a kernel says that it does not know a request.
pub fn unknown_to_kernel(error: i32) -> bool {
    [libc::EINVAL, libc::EOPNOTSUPP, libc::ENOSYS, ENOTSUPP as i32].contains(&error.abs())
}

/// The errno of this thread, as the last failed call of libc has left it.
pub fn errno() -> i32 {
    // SAFETY: always valid on the calling thread.
    unsafe { *libc::__errno_location() }
}

/// The kernel's reason in words, with its name where it has a well-known one: `Operation not permitted (EPERM)`.
pub fn reason(code: i32) -> String {
    let code = code.unsigned_abs();
    match errno_name(code) {
        Some(name) => format!("{} ({name})", describe(code)),
        None => format!("{} (error {code})", describe(code)),
    }
}

/// The same of a code that may be an error number: none if it has no well-known name.
pub fn known(code: i32) -> Option<String> {
    errno_name(code.unsigned_abs()).map(|_| reason(code))
}

fn describe(code: u32) -> String {
    // The kernel's own ENOTSUPP, which reaches user space though libc does not know it.
    if code == ENOTSUPP {
        return "Operation not supported by this kernel".to_owned();
    }
    // SAFETY: strerror returns a NUL-terminated string, valid until the next call.
    unsafe { CStr::from_ptr(libc::strerror(code as i32)) }.to_string_lossy().into_owned()
}

/// `strerror`: the text of an errno, of either sign.
///
/// # Safety
/// `out` is writable for `size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ks_strerror(code: i32, out: *mut c_char, size: u64) {
    // SAFETY: as the caller promises.
    unsafe { program::fill(&describe(code.unsigned_abs()), out, size) }
}

/// An errno of the kernel that libc has no name for (include/linux/errno.h).
pub const ENOTSUPP: u32 = 524;

fn errno_name(code: u32) -> Option<&'static str> {
    const NAMES: &[(i32, &str)] = &[
        (libc::EPERM, "EPERM"),
        (libc::ENOENT, "ENOENT"),
        (libc::EINTR, "EINTR"),
        (libc::EIO, "EIO"),
        (libc::ENXIO, "ENXIO"),
        (libc::E2BIG, "E2BIG"),
        (libc::EBADF, "EBADF"),
        (libc::EAGAIN, "EAGAIN"),
        (libc::ENOMEM, "ENOMEM"),
        (libc::EACCES, "EACCES"),
        (libc::EBUSY, "EBUSY"),
        (libc::EEXIST, "EEXIST"),
        (libc::ENODEV, "ENODEV"),
        (libc::EINVAL, "EINVAL"),
        (libc::EFAULT, "EFAULT"),
        (libc::ENFILE, "ENFILE"),
        (libc::EMFILE, "EMFILE"),
        (libc::ENOSPC, "ENOSPC"),
        (libc::EDQUOT, "EDQUOT"),
        (libc::EFBIG, "EFBIG"),
        (libc::EPIPE, "EPIPE"),
        (libc::EROFS, "EROFS"),
        (libc::EIO, "EIO"),
        (libc::ERANGE, "ERANGE"),
        (libc::ENOSYS, "ENOSYS"),
        (libc::ENOTSOCK, "ENOTSOCK"),
        (libc::EOPNOTSUPP, "EOPNOTSUPP"),
        (libc::ESRCH, "ESRCH"),
        (libc::EINTR, "EINTR"),
        (libc::EIO, "EIO"),
        (libc::ENXIO, "ENXIO"),
        (libc::EFAULT, "EFAULT"),
        (libc::ENOTDIR, "ENOTDIR"),
        (libc::EISDIR, "EISDIR"),
        (libc::EMFILE, "EMFILE"),
        (libc::EPIPE, "EPIPE"),
        (libc::EDOM, "EDOM"),
        (libc::ENAMETOOLONG, "ENAMETOOLONG"),
        (libc::ELOOP, "ELOOP"),
        (libc::EPROTO, "EPROTO"),
        (libc::EOVERFLOW, "EOVERFLOW"),
        (libc::EMSGSIZE, "EMSGSIZE"),
        (libc::EADDRINUSE, "EADDRINUSE"),
        (libc::EADDRNOTAVAIL, "EADDRNOTAVAIL"),
        (libc::ENETUNREACH, "ENETUNREACH"),
        (libc::ECONNRESET, "ECONNRESET"),
        (libc::ENOTCONN, "ENOTCONN"),
        (libc::ETIMEDOUT, "ETIMEDOUT"),
        (libc::ECONNREFUSED, "ECONNREFUSED"),
        (libc::EALREADY, "EALREADY"),
        (ENOTSUPP as i32, "ENOTSUPP"),
    ];
    NAMES.iter().find(|(number, _)| number.unsigned_abs() == code).map(|(_, name)| *name)
}
