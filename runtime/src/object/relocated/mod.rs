//! The types of the kernel that the relocations of the object name. libbpf looks through all types of the kernel for each of them, after
//! having checked all; it is given a file with those that matter.

mod part;
mod types;
mod wanted;

use super::tiers;
use crate::kernel::program::MainThread;
use std::cell::OnceCell;
use std::ffi::{CStr, CString};
use std::fs::File;
use std::io::Write;
use std::os::fd::{AsRawFd, FromRawFd};
use std::ptr;

/// Where kernels since 5.4 show their types.
const KERNEL: &str = "/sys/kernel/btf/vmlinux";

/// The file, as long as the process lives.
struct Given {
    path: CString,
    _file: File,
}

/// The path of such a file, for libbpf to open; none where it has to look itself.
pub fn types() -> Option<&'static CStr> {
    static GIVEN: MainThread<OnceCell<Option<Given>>> = MainThread::new(OnceCell::new());
    // The static is reached as such, so that the borrow lives as long as the process.
    let given: &'static OnceCell<Option<Given>> = &GIVEN;
    given.get_or_init(make).as_ref().map(|given| given.path.as_c_str())
}

fn make() -> Option<Given> {
    let wanted = wanted::of(tiers::object()?)?;
    if wanted.is_empty() {
        return None;
    }
    let part = with_kernel(|types| part::of(types, &wanted))??;
    // SAFETY: a NUL-terminated name; the descriptor is nobody else's.
    let mut file = unsafe {
        let fd = libc::memfd_create(c"types".as_ptr(), libc::MFD_CLOEXEC);
        if fd < 0 {
            return None;
        }
        File::from_raw_fd(fd)
    };
    file.write_all(&part).ok()?;
    let path = format!("/proc/self/fd/{}", file.as_raw_fd());
    std::fs::metadata(&path).is_ok().then_some(Given { path: CString::new(path).ok()?, _file: file })
}

/// Hands over the kernel's types. Since 6.16 they can be mapped.
fn with_kernel<R>(take: impl FnOnce(&[u8]) -> R) -> Option<R> {
    let file = File::open(KERNEL).ok()?;
    let size = usize::try_from(std::fs::metadata(KERNEL).ok()?.len()).ok()?;
    // SAFETY: a fresh mapping of a file that the kernel never changes, which ends after its only use.
    unsafe {
        let mapped = libc::mmap(ptr::null_mut(), size, libc::PROT_READ, libc::MAP_PRIVATE, file.as_raw_fd(), 0);
        if mapped != libc::MAP_FAILED {
            let result = take(std::slice::from_raw_parts(mapped.cast(), size));
            libc::munmap(mapped, size);
            return Some(result);
        }
    }
    std::fs::read(KERNEL).ok().map(|contents| take(&contents))
}
