//! Memory of maps. User space can map that which is a file, without a name.

use crate::fault::Fault;
use std::fs::File;
use std::os::fd::{AsRawFd, FromRawFd};

/// Bytes of a file, mapped; its tail may be mapped twice in a row.
pub struct Shared {
    file: Option<File>,
    start: *mut u8,
    length: usize,
}

impl Shared {
    /// Zeros that only this process has.
    pub fn private(length: usize) -> Result<Shared, Fault> {
        let length = length.max(1).next_multiple_of(page());
        let (both, private) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
        // SAFETY: the kernel chooses addresses that nothing has.
        let start = unsafe { libc::mmap(std::ptr::null_mut(), length, both, private, -1, 0) };
        if start == libc::MAP_FAILED {
            return Err(Fault::wrong(format!("no memory for a map: {}", std::io::Error::last_os_error())));
        }
        Ok(Shared { file: None, start: start.cast(), length })
    }

    /// Zeros of at least this length, with the last `again` bytes mapped once more behind them.
    pub fn new(length: usize, again: usize) -> Result<Shared, Fault> {
        let failed = |what: &str| Fault::wrong(format!("{what}: {}", std::io::Error::last_os_error()));
        let page = page();
        let length = length.max(1).next_multiple_of(page);
        // SAFETY: the name is a C string; a descriptor that is returned belongs to nobody else.
        let file = unsafe {
            match libc::memfd_create(c"bpf-map".as_ptr(), libc::MFD_CLOEXEC) {
                fd if fd < 0 => return Err(failed("no memory for a map")),
                fd => File::from_raw_fd(fd),
            }
        };
        file.set_len(length as u64).map_err(|error| Fault::wrong(format!("no memory for a map: {error}")))?;
        let (both, shared) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED);
        // SAFETY: the first call reserves addresses that nothing has; the others replace parts of them. The file has the bytes.
        unsafe {
            let private = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
            let start = libc::mmap(std::ptr::null_mut(), length + again, libc::PROT_NONE, private, -1, 0);
            if start == libc::MAP_FAILED {
                return Err(failed("no addresses for a map"));
            }
            let fd = file.as_raw_fd();
            let mapped = Shared { file: Some(file), start: start.cast(), length: length + again };
            let parts = [(0, length, 0), (length, again, length - again)];
            for (at, size, offset) in parts.into_iter().filter(|(_, size, _)| *size > 0) {
                let to = mapped.start.add(at).cast();
                if libc::mmap(to, size, both, shared | libc::MAP_FIXED, fd, offset as libc::off_t) == libc::MAP_FAILED {
                    return Err(failed("no memory for a map"));
                }
            }
            Ok(mapped)
        }
    }

    /// Where a byte is in this process.
    pub fn at(&self, offset: usize) -> *mut u8 {
        assert!(offset <= self.length, "an offset within the map");
        self.start.wrapping_add(offset)
    }

    /// None if it is no file.
    pub fn file(&self) -> Option<i32> {
        self.file.as_ref().map(File::as_raw_fd)
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // SAFETY: `new` mapped these bytes, and nothing uses them after their map.
        unsafe { libc::munmap(self.start.cast(), self.length) };
    }
}

/// Bytes of a page.
pub fn page() -> usize {
    // SAFETY: it takes no pointers.
    unsafe { libc::sysconf(libc::_SC_PAGESIZE) as usize }
}
