//! Descriptors of maps, programs and BTF: files without a name, one for each, so that the process can close, copy and map them as it does those
//! of the kernel. They are known by their inodes, which copies share. The machine keeps one descriptor of each.

use crate::facts::uapi;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};

/// What a descriptor stands for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Object {
    /// The number of a map.
    Map(u32),
    /// The number of a program.
    Program(u32),
    /// The number of a buffer of events.
    Event(u32),
    /// The place of BTF among all that was loaded.
    Btf(usize),
}

/// All descriptors.
#[derive(Default)]
pub struct Descriptors {
    kept: BTreeMap<Object, OwnedFd>,
    objects: BTreeMap<Inode, Object>,
    /// What is readable where a ring buffer or a buffer of events has data.
    pub events: BTreeMap<Object, OwnedFd>,
}

/// The number of a device, and that of a file on it.
type Inode = (u64, u64);

fn inode(fd: RawFd) -> Option<Inode> {
    let mut stat = std::mem::MaybeUninit::<libc::stat>::zeroed();
    // SAFETY: the call fills the struct; zeros are one too.
    let (result, stat) = unsafe { (libc::fstat(fd, stat.as_mut_ptr()), stat.assume_init()) };
    (result == 0).then_some((stat.st_dev, stat.st_ino))
}

/// The error of the last call of libc.
fn errno() -> i64 {
    std::io::Error::last_os_error().raw_os_error().map_or(uapi::EINVAL, i64::from)
}

/// Takes a descriptor that a call has made.
fn made(fd: RawFd) -> Result<OwnedFd, i64> {
    // SAFETY: a descriptor that is returned belongs to nobody else.
    if fd < 0 { Err(errno()) } else { Ok(unsafe { OwnedFd::from_raw_fd(fd) }) }
}

/// A copy for the process, above the standard streams.
fn copy(of: RawFd) -> Result<i32, i64> {
    // SAFETY: the call takes no pointers.
    let fd = unsafe { libc::fcntl(of, libc::F_DUPFD_CLOEXEC, 3) };
    if fd < 0 { Err(errno()) } else { Ok(fd) }
}

impl Descriptors {
    /// A descriptor for the process, of the file that holds the object's memory or of an empty one.
    pub fn add(&mut self, object: Object, file: Option<RawFd>) -> Result<i32, i64> {
        let kept = match file {
            Some(file) => made(copy(file)?)?,
            // SAFETY: the name is a C string.
            None => made(unsafe { libc::memfd_create(c"bpf".as_ptr(), libc::MFD_CLOEXEC) })?,
        };
        let fd = copy(kept.as_raw_fd())?;
        let inode = inode(fd).ok_or(uapi::EBADF)?;
        self.objects.insert(inode, object);
        self.kept.insert(object, kept);
        Ok(fd)
    }

    /// Another descriptor of an object; None if there is no such object.
    pub fn again(&self, object: Object) -> Option<Result<i32, i64>> {
        self.kept.get(&object).map(|kept| copy(kept.as_raw_fd()))
    }

    /// What a descriptor stands for.
    pub fn object(&self, fd: RawFd) -> Option<Object> {
        self.objects.get(&inode(fd)?).copied()
    }

    /// What is readable where an object has data.
    pub fn event(&mut self, of: Object) -> Option<RawFd> {
        let event = match self.events.entry(of) {
            Entry::Occupied(event) => event.into_mut(),
            Entry::Vacant(place) => {
                // SAFETY: the call takes no pointers.
                place.insert(made(unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) }).ok()?)
            }
        };
        Some(event.as_raw_fd())
    }
}

/// Makes an event readable, or not.
pub fn set(event: RawFd, is_readable: bool) {
    // SAFETY: both calls have a number of 8 bytes; without one to read the first fails at once.
    unsafe {
        let mut number = 0;
        libc::eventfd_read(event, &mut number);
        if is_readable {
            libc::eventfd_write(event, 1);
        }
    }
}
