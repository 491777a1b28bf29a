//! The folder of kept links, `<root>/<project>/links`: their pins, and which process owns which.
//!
//! A lock of the whole folder (`flock`) guards an exchange: what one process looks at and changes stays so until it is done. A process owns
//! an attachment as long as it holds a read lock (`fcntl`) of one byte of the folder. The offset of the byte is made of the attachment's key
//! and of a number, the generation, which is one more than that of the owner before: that one may still be on its way to its end. The kernel
//! drops such a lock with its process, however that ends, and tells others the number of the process. It also drops them when the process
//! closes any descriptor of the folder that is open for reading: there is one, which stays open.

use crate::kernel::errors::errno;
use crate::kernel::net::c_name;
use crate::kernel::program;
use crate::object::pins::folder::Folder;
use crate::object::pins::project::{project, project_name};
use std::fs;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

const NAME: &str = "links";
/// So many bits of an offset are the generation. Keys have 33 bits.
const GENERATIONS: u32 = 29;

/// The folder, with the descriptor that holds this process's locks.
pub struct Links {
    folder: Folder,
    fd: OwnedFd,
}

/// The path of the folder, which need not be there.
pub fn path() -> PathBuf {
    Path::new(program::pin_root()).join(project_name()).join(NAME)
}

/// Whether this process may make the folder, or write into it.
pub fn is_writable() -> bool {
    let path = path();
    let there = path.ancestors().find(|path| path.exists()).and_then(|path| c_name(path.as_os_str().as_bytes()));
    // SAFETY: a NUL-terminated path.
    there.is_some_and(|path| unsafe {
        libc::faccessat(libc::AT_FDCWD, path.as_ptr(), libc::W_OK | libc::X_OK, libc::AT_EACCESS) == 0
    })
}

impl Links {
    /// Opens the folder, makes it if it is missing, and waits until no other process exchanges links. None where it cannot be opened for
    /// reading. What else is wrong with it ends the process.
    pub fn open() -> Option<Links> {
        loop {
            let folder = project().below(NAME);
            let fd = folder.descriptor()?;
            let links = Links { folder, fd };
            links.begin();
            if !links.folder.is_removed() {
                return Some(links);
            }
        }
    }

    /// Begins an exchange: waits until no other process has one.
    pub fn begin(&self) {
        // SAFETY: a live descriptor. A signal interrupts the wait.
        while unsafe { libc::flock(self.fd.as_raw_fd(), libc::LOCK_EX) } != 0 && errno() == libc::EINTR {}
    }

    /// Ends the exchange.
    pub fn end(&self) {
        // SAFETY: a live descriptor.
        unsafe { libc::flock(self.fd.as_raw_fd(), libc::LOCK_UN) };
    }

    /// The last process that has come to own the attachment of a key, of those that are there, if that is another one; 0 for one that this
    /// process does not see.
    pub fn owner(&self, key: u64) -> Option<i32> {
        self.last(key).map(|lock| lock.l_pid.max(0))
    }

    /// Whether a process, which is another one, owns the attachment of a key.
    pub fn is_owner(&self, key: u64, process: i32) -> bool {
        self.all(key).any(|lock| lock.l_pid == process)
    }

    /// The generation of the next owner, 1 or more.
    pub fn next(&self, key: u64) -> u64 {
        self.last(key).map_or(1, |lock| lock.l_start.cast_unsigned() - (key << GENERATIONS) + 1)
    }

    /// Owns the attachment of a key from here on.
    pub fn own(&self, key: u64, generation: u64) {
        self.lock(key << GENERATIONS | generation, libc::F_RDLCK);
    }

    /// Owns it no longer.
    pub fn disown(&self, key: u64, generation: u64) {
        self.lock(key << GENERATIONS | generation, libc::F_UNLCK);
    }

    /// The names of all pins. Called before this process owns anything: reading a folder opens and closes it.
    pub fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(path()).into_iter().flatten().flatten();
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
    }

    /// The path of a pin, for messages.
    pub fn place(&self, name: &str) -> String {
        self.folder.place(name)
    }

    /// What is pinned at a name.
    pub fn get(&self, name: &str) -> Option<OwnedFd> {
        self.folder.get(name, 0)
    }

    /// 0 or −errno.
    pub fn pin(&self, name: &str, link: i32) -> i32 {
        self.folder.try_pin(name, link)
    }

    /// Removes a pin, if there is one.
    pub fn remove(&self, name: &str) {
        self.folder.remove(name);
    }

    /// Removes the folder, and that of the project, if they are empty and no other process owns anything; whether it is gone. During an
    /// exchange.
    pub fn remove_if_unused(&self) -> bool {
        let removed = self.locked(0, 0).is_none() && fs::remove_dir(path()).is_ok();
        if removed {
            path().parent().map(fs::remove_dir);
        }
        removed
    }

    /// The lock of the last generation that another process holds.
    fn last(&self, key: u64) -> Option<libc::flock> {
        self.all(key).last()
    }

    /// The locks of other processes for a key, by generation.
    fn all(&self, key: u64) -> impl Iterator<Item = libc::flock> {
        let (mut start, end) = (key << GENERATIONS, (key + 1) << GENERATIONS);
        std::iter::from_fn(move || {
            let lock = (start < end).then(|| self.locked(start, (end - start).cast_signed()))??;
            start = lock.l_start.cast_unsigned() + 1;
            Some(lock)
        })
    }

    /// The first lock of another process on one of these bytes; a length of 0 means all from there on.
    fn locked(&self, start: u64, length: i64) -> Option<libc::flock> {
        let mut lock = range(libc::F_WRLCK, start, length);
        // SAFETY: a live descriptor and a struct of the call.
        let asked = unsafe { libc::fcntl(self.fd.as_raw_fd(), libc::F_GETLK, &mut lock) };
        (asked == 0 && lock.l_type != libc::F_UNLCK as i16).then_some(lock)
    }

    fn lock(&self, offset: u64, kind: i32) {
        let lock = range(kind, offset, 1);
        // SAFETY: as above.
        unsafe { libc::fcntl(self.fd.as_raw_fd(), libc::F_SETLK, &lock) };
    }
}

fn range(kind: i32, start: u64, length: i64) -> libc::flock {
    // SAFETY: a struct of numbers.
    let mut lock: libc::flock = unsafe { MaybeUninit::zeroed().assume_init() };
    lock.l_type = kind as i16;
    lock.l_whence = libc::SEEK_SET as i16;
    (lock.l_start, lock.l_len) = (start.cast_signed(), length);
    lock
}
