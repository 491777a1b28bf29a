//! Replaces this process by a program.

use rustix::fs::{CWD, MemfdFlags, Mode, OFlags, memfd_create, openat};
use std::convert::Infallible;
use std::ffi::{CString, OsStr, OsString};
use std::fs::{File, Permissions};
use std::io::{Error, Result, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

/// The variable in which the program finds the folder of its source, where a kernel module of it may lie (`FOLDER` of
/// runtime/src/object/kernel_module.rs).
const FOLDER: &str = "KS_FOLDER";

/// A program that is to be executed.
pub struct Start<'a> {
    /// `argv[0]`
    pub name: &'a OsStr,
    pub arguments: &'a [OsString],
    /// The folder of the source.
    pub folder: &'a Path,
}

impl Start<'_> {
    /// Executes a file. Returns why that failed.
    pub fn file(&self, file: &Path) -> Error {
        Command::new(file).arg0(self.name).args(self.arguments).env(FOLDER, self.folder).exec()
    }

    /// Executes a program that has no file. `process` is what the kernel calls it. Returns why that failed.
    pub fn bytes(&self, bytes: &[u8], process: &OsStr) -> Error {
        let _ = in_memory(bytes, process).map(|descriptor| self.descriptor(&descriptor));
        // Where the kernel executes no memory (`vm.memfd_noexec`), a file may do.
        unnamed_file(bytes).map_or_else(|error| error, |descriptor| self.descriptor(&descriptor))
    }

    /// Executes an open file. Returns why that failed.
    fn descriptor(&self, descriptor: &OwnedFd) -> Error {
        self.try_descriptor(descriptor).map_or_else(|error| error, |never| match never {})
    }

    fn try_descriptor(&self, descriptor: &OwnedFd) -> Result<Infallible> {
        let mut words = vec![CString::new(self.name.as_bytes())?];
        for word in self.arguments {
            words.push(CString::new(word.as_bytes())?);
        }
        let mut variables = vec![CString::new([FOLDER.as_bytes(), b"=", self.folder.as_os_str().as_bytes()].concat())?];
        for (name, value) in std::env::vars_os().filter(|(name, _)| name != FOLDER) {
            variables.push(CString::new([name.into_vec(), b"=".to_vec(), value.into_vec()].concat())?);
        }
        let pointers = |texts: &[CString]| -> Vec<*const libc::c_char> {
            texts.iter().map(|text| text.as_ptr()).chain([std::ptr::null()]).collect()
        };
        let (words, variables) = (pointers(&words), pointers(&variables));
        // SAFETY: both lists end with a null pointer, and the texts live longer than the call.
        unsafe { libc::fexecve(descriptor.as_raw_fd(), words.as_ptr(), variables.as_ptr()) };
        Err(Error::last_os_error())
    }
}

fn in_memory(bytes: &[u8], process: &OsStr) -> Result<OwnedFd> {
    let process = CString::new(process.as_bytes())?;
    // Kernels before 6.3 do not know the flag, and make memory that can be executed without it.
    let made = memfd_create(&process, MemfdFlags::CLOEXEC | MemfdFlags::EXEC);
    let descriptor = made.or_else(|_| memfd_create(&process, MemfdFlags::CLOEXEC))?;
    File::from(descriptor.try_clone()?).write_all(bytes)?;
    Ok(descriptor)
}

/// A file of the temporary folder whose name is removed already.
fn unnamed_file(bytes: &[u8]) -> Result<OwnedFd> {
    let mut written = tempfile::Builder::new().permissions(Permissions::from_mode(0o700)).tempfile()?;
    written.write_all(bytes)?;
    // The kernel executes no file that is open for writing.
    Ok(openat(CWD, written.path(), OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?)
}
