//! Names of addresses: functions of the kernel, and of processes.

pub mod elf;
pub mod kernel;
mod user;

use std::ffi::c_char;

/// `name+0x12`, or the address where it has no name.
fn shown(name: Option<(&str, u64)>, address: u64) -> String {
    match name {
        Some((name, offset)) => format!("{name}+{offset:#x}"),
        None => format!("{address:#x}"),
    }
}

/// Writes text, cut off where there is no room, and a NUL; the bytes behind it are zero.
///
/// # Safety
/// `out` is writable for `size` bytes.
pub unsafe fn fill(text: &str, out: *mut c_char, size: u64) {
    let Some(room) = usize::try_from(size).ok().and_then(|size| size.checked_sub(1)) else { return };
    let length = text.len().min(room);
    // SAFETY: as the caller promises.
    unsafe {
        out.write_bytes(0, room + 1);
        out.cast::<u8>().copy_from_nonoverlapping(text.as_ptr(), length);
    }
}
