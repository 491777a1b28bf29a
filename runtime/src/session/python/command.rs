//! The command that starts Python with texts of the executable.

use crate::kernel::end::die;
use crate::kernel::errors::{errno, reason, write_all};
use crate::kernel::program;
use std::ffi::{CString, OsStr};
use std::os::fd::{FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

/// The status where the machine has no fitting Python.
const NO_PYTHON: i32 = 3;

/// Runs before anything else of Python: removes the current folder from the places of modules, refuses old versions, and runs the first text
/// of the file with all others in `parts`. Versions from 2.7 on can read it.
const START: &str = "\
import sys
if sys.path[:1] == ['']: sys.path.pop(0)
if sys.version_info < (3, 11):
    sys.stderr.write('@NAME@: Python 3.11 or later is needed, and `python3` is %d.%d\\n' % sys.version_info[:2])
    sys.exit(3)
def start():
    import os
    with os.fdopen(@FD@, 'rb') as file: data = file.read()
    parts, at = [], 0
    while at < len(data):
        size = int.from_bytes(data[at:at + 8], 'little')
        parts.append(data[at + 8:at + 8 + size])
        at += 8 + size
    exec(compile(parts[0], '<ksc>', 'exec'), {'__name__': '<ksc>', 'parts': parts[1:]})
start()
";

/// The path of `python3`. Without one the process ends with status 3.
pub fn find() -> CString {
    let folders = std::env::var_os("PATH").unwrap_or_else(|| OsStr::new("/usr/local/bin:/usr/bin:/bin").to_owned());
    let candidates = folders.as_bytes().split(|&byte| byte == b':').filter(|folder| !folder.is_empty());
    let mut candidates = candidates.filter_map(|folder| {
        let path = PathBuf::from(OsStr::from_bytes(folder)).join("python3");
        CString::new(path.as_os_str().as_bytes()).ok()
    });
    // SAFETY: a NUL-terminated path.
    let found = candidates.find(|path| unsafe { libc::access(path.as_ptr(), libc::X_OK) } == 0);
    found.unwrap_or_else(|| {
        die(NO_PYTHON, "there is no `python3`, which runs a part of the program\n  help: install Python 3.11 or later")
    })
}

/// A file in memory with these texts, for the process that this one becomes or makes.
pub fn file(parts: &[&[u8]]) -> OwnedFd {
    // SAFETY: a NUL-terminated name; the result is a descriptor of its own.
    let fd = unsafe { libc::memfd_create(c"ksc-python".as_ptr(), libc::MFD_CLOEXEC) };
    if fd < 0 {
        die(1, &format!("Python cannot be started: no file in memory: {}", reason(errno())));
    }
    let mut bytes = Vec::new();
    for part in parts {
        bytes.extend((part.len() as u64).to_le_bytes());
        bytes.extend(*part);
    }
    write_all(fd, &bytes);
    // SAFETY: the descriptor was just made, and nobody else closes it.
    unsafe {
        libc::lseek(fd, 0, libc::SEEK_SET);
        OwnedFd::from_raw_fd(fd)
    }
}

/// The words of the command, for the file of this number.
pub fn words(file: i32) -> Vec<CString> {
    let name: String = program::started_as().chars().filter(|c| !"'\\\n%".contains(*c)).collect();
    let start = START.replace("@NAME@", &name).replace("@FD@", &file.to_string());
    let words = ["python3".to_owned(), "-c".to_owned(), start];
    words.into_iter().filter_map(|word| CString::new(word).ok()).collect()
}

/// Lets what a process becomes keep a descriptor.
pub fn hand_over(fd: i32) {
    // SAFETY: changes the flags of a descriptor.
    unsafe { libc::fcntl(fd, libc::F_SETFD, 0) };
}
