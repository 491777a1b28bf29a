//! Files of tracefs. Where it is not mounted this mounts it for the process alone, at no path, so that nothing is left behind.

use super::errors::errno;
use std::cell::OnceCell;
use std::ffi::CString;
use std::fs::File;
use std::io::Read;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

/// Where systems mount it (Documentation/trace/ftrace.rst of Linux).
const MOUNTS: [&str; 2] = ["/sys/kernel/tracing", "/sys/kernel/debug/tracing"];
/// A folder that every tracefs has.
const SIGN: &str = "events";
/// `FSCONFIG_CMD_CREATE` of include/uapi/linux/mount.h.
const CREATE: u32 = 6;

thread_local! {
    static ROOT: OnceCell<Result<OwnedFd, i32>> = const { OnceCell::new() };
}

/// The text of a file, by its path in tracefs; or an errno.
pub fn read(path: &str) -> Result<String, i32> {
    ROOT.with(|root| {
        let root = root.get_or_init(root_folder).as_ref().map_err(|code| *code)?;
        let mut file = File::from(open_at(root.as_raw_fd(), path, libc::O_RDONLY)?);
        let mut text = String::new();
        file.read_to_string(&mut text).map_err(|error| error.raw_os_error().unwrap_or(libc::EIO))?;
        Ok(text)
    })
}

fn root_folder() -> Result<OwnedFd, i32> {
    let mut denied = None;
    for mount in MOUNTS {
        let opened = open_at(libc::AT_FDCWD, mount, libc::O_PATH | libc::O_DIRECTORY);
        let Ok(folder) = opened else { continue };
        match open_at(folder.as_raw_fd(), SIGN, libc::O_PATH | libc::O_DIRECTORY) {
            Ok(_) => return Ok(folder),
            Err(libc::EACCES) => denied = Some(libc::EACCES),
            Err(_) => {}
        }
    }
    denied.map_or_else(mounted_nowhere, Err)
}

fn mounted_nowhere() -> Result<OwnedFd, i32> {
    // SAFETY: system calls with NUL-terminated names; each yields a descriptor that is nobody else's, or −1.
    unsafe {
        let context = held(libc::syscall(libc::SYS_fsopen, c"tracefs".as_ptr(), libc::FSOPEN_CLOEXEC))?;
        let no_text = std::ptr::null::<libc::c_char>();
        let created = libc::syscall(libc::SYS_fsconfig, context.as_raw_fd(), CREATE, no_text, no_text, 0);
        if created < 0 {
            return Err(errno());
        }
        held(libc::syscall(libc::SYS_fsmount, context.as_raw_fd(), libc::FSMOUNT_CLOEXEC, 0))
    }
}

fn open_at(folder: i32, path: &str, flags: i32) -> Result<OwnedFd, i32> {
    let path = CString::new(path).map_err(|_| libc::EINVAL)?;
    // SAFETY: a NUL-terminated path; the descriptor is nobody else's.
    unsafe { held(i64::from(libc::openat(folder, path.as_ptr(), flags | libc::O_CLOEXEC))) }
}

/// # Safety
/// What is no error is a descriptor that nobody owns.
unsafe fn held(descriptor: i64) -> Result<OwnedFd, i32> {
    if descriptor < 0 {
        return Err(errno());
    }
    // SAFETY: as the caller promises.
    Ok(unsafe { OwnedFd::from_raw_fd(descriptor as i32) })
}
