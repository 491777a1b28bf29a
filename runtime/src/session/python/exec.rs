//! `exec`: the process becomes Python. Maps and links are descriptors, which it keeps.

use super::{command, keeper};
use crate::kernel::end::die;
use crate::kernel::errors::{errno, reason};
use crate::kernel::program::{self, text};
use crate::object::{load, parts};
use crate::session::events;
use libbpf_sys as bpf;
use std::ffi::{CStr, CString, c_char};
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStringExt;

/// What Python runs first.
const BOOT: &str = concat!(include_str!("files.py"), include_str!("exec.py"));

/// See abi.rs.
///
/// # Safety
/// All are NUL-terminated texts.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ks_exec(
    name: *const c_char,
    files: *const c_char,
    module: *const c_char,
    code: *const c_char,
) -> i32 {
    let python = command::find();
    let maps = maps();
    keep_descriptors();
    let texts = [BOOT, text(name), text(files), text(module), text(code), &maps];
    let file = command::file(&texts.map(str::as_bytes));
    command::hand_over(file.as_raw_fd());
    let mut words = command::words(file.as_raw_fd());
    words.extend(std::env::args_os().skip(1).filter_map(|word| CString::new(word.into_vec()).ok()));
    keeper::start();
    let mut pointers: Vec<*const c_char> = words.iter().map(|word| word.as_ptr()).collect();
    pointers.push(std::ptr::null());
    events::settle();
    // SAFETY: a NUL-terminated path, and NUL-terminated words up to a null.
    unsafe { libc::execv(python.as_ptr(), pointers.as_ptr()) };
    die(1, &format!("exec: {}: {}", python.to_string_lossy(), reason(errno())))
}

/// A line for each map that was made: the number of its descriptor, a blank and its name. Loads the object, so that its maps are there.
fn maps() -> String {
    if program::objects().is_empty() {
        return String::new();
    }
    let mut lines = String::new();
    for map in parts::maps(load::loaded()) {
        // SAFETY: a map of the loaded object, whose name libbpf keeps.
        let (fd, name) = unsafe { (bpf::bpf_map__fd(map), CStr::from_ptr(bpf::bpf_map__name(map))) };
        if fd >= 0 {
            lines += &format!("{fd} {}\n", name.to_string_lossy());
        }
    }
    lines
}

/// Python keeps what the kernel knows by descriptors alone: maps, programs, links, perf events. They have no file (`anon_inode:`).
fn keep_descriptors() {
    let Ok(entries) = std::fs::read_dir("/proc/self/fd") else {
        die(1, "exec: there is no /proc, by which the descriptors of maps and links are found")
    };
    for entry in entries.flatten() {
        let number = entry.file_name().to_str().and_then(|name| name.parse().ok());
        let target = std::fs::read_link(entry.path()).unwrap_or_default().into_os_string().into_vec();
        if let Some(fd) = number.filter(|_| target.starts_with(b"anon_inode:") || target.starts_with(b"socket:")) {
            command::hand_over(fd);
        }
    }
}
