//! The file of a name in a folder, opened without following links.

use crate::kernel::errors::errno;
use std::ffi::{CStr, CString, OsString};
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;

/// BPF_FS_MAGIC of linux/magic.h.
const MAGIC: u32 = 0xcafe_4a11;

/// A file, folder or link that was opened by its name, with the facts that decide whether it is trusted.
pub struct Entry {
    fd: OwnedFd,
    mode: u32,
    owner: u32,
    on_bpffs: bool,
}

impl Entry {
    /// The error is an errno.
    pub fn open(folder: i32, name: &CStr) -> Result<Entry, i32> {
        // SAFETY: a NUL-terminated name; the structs are valid when zeroed, and are filled by the calls.
        unsafe {
            let fd = libc::openat(folder, name.as_ptr(), libc::O_PATH | libc::O_NOFOLLOW | libc::O_CLOEXEC);
            if fd < 0 {
                return Err(errno());
            }
            let fd = OwnedFd::from_raw_fd(fd);
            let mut stat: libc::stat = MaybeUninit::zeroed().assume_init();
            let mut system: libc::statfs = MaybeUninit::zeroed().assume_init();
            if libc::fstat(fd.as_raw_fd(), &mut stat) != 0 || libc::fstatfs(fd.as_raw_fd(), &mut system) != 0 {
                return Err(errno());
            }
            Ok(Entry { fd, mode: stat.st_mode, owner: stat.st_uid, on_bpffs: system.f_type as u32 == MAGIC })
        }
    }

    /// Names what is there, and opens nothing for reading or writing.
    pub fn fd(&self) -> i32 {
        self.fd.as_raw_fd()
    }

    /// The type and the permissions, as `st_mode` has them.
    pub fn mode(&self) -> u32 {
        self.mode
    }

    /// The user id of the owner.
    pub fn owner(&self) -> u32 {
        self.owner
    }

    /// Another user than this process's, or root, made it.
    pub fn is_foreign(&self) -> bool {
        // SAFETY: cannot fail.
        self.owner != 0 && self.owner != unsafe { libc::geteuid() }
    }

    /// Whether it lies in a file system of the type bpffs.
    pub fn is_on_bpffs(&self) -> bool {
        self.on_bpffs
    }

    /// Whether it is a symbolic link.
    pub fn is_link(&self) -> bool {
        self.mode & libc::S_IFMT == libc::S_IFLNK
    }

    /// Whether it is a folder.
    pub fn is_folder(&self) -> bool {
        self.mode & libc::S_IFMT == libc::S_IFDIR
    }

    /// Whether it is a regular file, which is what pinned objects look like.
    pub fn is_file(&self) -> bool {
        self.mode & libc::S_IFMT == libc::S_IFREG
    }

    /// Where the link leads.
    pub fn target(&self) -> OsString {
        let mut text = vec![0_u8; libc::PATH_MAX as usize];
        // SAFETY: a live descriptor, an empty name, which means the link itself, and a buffer of that length.
        let length =
            unsafe { libc::readlinkat(self.fd(), c"".as_ptr(), text.as_mut_ptr().cast::<libc::c_char>(), text.len()) };
        text.truncate(usize::try_from(length).unwrap_or(0));
        OsString::from_vec(text)
    }
}

/// A path to what a descriptor names, or to `name` in the folder that it names, for calls that take no descriptor (before
/// Linux 6.5, those for pins).
pub fn path_of(fd: i32, name: &str) -> CString {
    let slash = if name.is_empty() { "" } else { "/" };
    CString::new(format!("/proc/self/fd/{fd}{slash}{name}")).unwrap_or_default()
}
