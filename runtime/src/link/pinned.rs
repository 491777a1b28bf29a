//! `pin` and `unpin` of links. A pinned link outlives the process.

use super::links::LINKS;
use crate::kernel::errors::complain;
use crate::kernel::program::bounded;
use crate::object::pins::asked;
use std::ffi::c_char;

/// See abi.rs.
///
/// # Safety
/// `name` is readable up to its NUL, or for `size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ks_pin_link(link: i64, name: *const c_char, size: u64) -> i32 {
    // SAFETY: as the caller promises.
    let name = unsafe { bounded(name, usize::try_from(size).unwrap_or(0)) };
    let mut links = LINKS.borrow_mut();
    let Some(entry) = place(link).and_then(|index| links.get_mut(index)?.as_mut()) else {
        complain("cannot pin: this is no link that is attached");
        return -libc::EINVAL;
    };
    let fds = entry.attached.links();
    if fds.is_empty() {
        complain("cannot pin: what is attached here is no link of the kernel, and goes with the process");
        return -libc::EOPNOTSUPP;
    }
    match asked::pin_all(&fds, name) {
        Ok(made) => {
            entry.pins.extend(made);
            0
        }
        Err(code) => -code,
    }
}

/// See abi.rs.
#[unsafe(no_mangle)]
pub extern "C" fn ks_unpin_link(link: i64) -> i32 {
    let mut links = LINKS.borrow_mut();
    let entry = place(link).and_then(|index| links.get_mut(index)?.as_mut());
    let Some(entry) = entry else { return -libc::ENOENT };
    if asked::remove(&std::mem::take(&mut entry.pins)) { 0 } else { -libc::ENOENT }
}

fn place(link: i64) -> Option<usize> {
    usize::try_from(link.checked_sub(1)?).ok()
}
