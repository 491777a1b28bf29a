//! Mappings. Of arrays the descriptor's own file is mapped; of ring buffers their data twice in a row, as the kernel does it.

use crate::{calls, with};
use ks_vm::syscall::Kernel;
use std::ffi::{c_int, c_long, c_void};

/// # Safety
/// As that of libc.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mmap(
    to: *mut c_void,
    length: usize,
    access: c_int,
    flags: c_int,
    fd: c_int,
    offset: libc::off_t,
) -> *mut c_void {
    let ring = |kernel: &mut Kernel| {
        kernel.map_event(fd, length);
        kernel.ring(fd)
    };
    let ring = if fd < 0 { None } else { with(ring).flatten() };
    // SAFETY: as the caller promises.
    unsafe {
        let Some(size) = ring else { return map(to, length, access, flags, fd, offset) };
        let page = libc::sysconf(libc::_SC_PAGESIZE) as usize;
        // Behind the pages of positions the file has the data once.
        let once = (2 * page + size).saturating_sub(offset as usize);
        let start = map(to, length, access, flags, fd, offset);
        if start == libc::MAP_FAILED || length <= once {
            return start;
        }
        let again = start.cast::<u8>().add(once).cast();
        let second = map(again, length - once, access, flags | libc::MAP_FIXED, fd, 2 * page as libc::off_t);
        if second == libc::MAP_FAILED { second } else { start }
    }
}

/// # Safety
/// As that of libc.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mmap64(
    to: *mut c_void,
    length: usize,
    access: c_int,
    flags: c_int,
    fd: c_int,
    offset: libc::off64_t,
) -> *mut c_void {
    // SAFETY: as the caller promises. Both kinds of offsets have 64 bits.
    unsafe { mmap(to, length, access, flags, fd, offset) }
}

/// libc's `mmap`.
///
/// # Safety
/// As that of libc.
unsafe fn map(to: *mut c_void, length: usize, access: c_int, flags: c_int, fd: c_int, offset: i64) -> *mut c_void {
    let arguments = [to as c_long, length as c_long, access.into(), flags.into(), fd.into(), offset];
    // SAFETY: as the caller promises.
    unsafe { calls::system(libc::SYS_mmap, arguments) as *mut c_void }
}
