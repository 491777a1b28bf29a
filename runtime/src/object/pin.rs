//! `pin` and `unpin` of maps and programs.

use super::maps::map;
use super::pins::asked;
use super::{handles, load};
use crate::kernel::errors::complain;
use crate::kernel::program::{MainThread, bounded};
use std::cell::RefCell;
use std::ffi::c_char;

/// The pinned objects, each with its name.
static PINNED: MainThread<RefCell<Vec<(What, String)>>> = MainThread::new(RefCell::new(Vec::new()));

#[derive(Clone, Copy, PartialEq)]
enum What {
    Map(u32),
    Program(u32),
}

/// See abi.rs.
///
/// # Safety
/// `name` is readable up to its NUL, or for `size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ks_pin_map(map: u32, name: *const c_char, size: u64) -> i32 {
    // SAFETY: as the caller promises.
    let name = unsafe { bounded(name, usize::try_from(size).unwrap_or(0)) };
    pin(What::Map(map), map::descriptor(map), name)
}

/// See abi.rs.
///
/// # Safety
/// `name` is readable up to its NUL, or for `size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ks_pin_program(handle: u32, name: *const c_char, size: u64) -> i32 {
    // SAFETY: as the caller promises.
    let name = unsafe { bounded(name, usize::try_from(size).unwrap_or(0)) };
    let Some(prog) = handles::of_handle(handle) else {
        complain("cannot pin: the program was not loaded");
        return -libc::EINVAL;
    };
    pin(What::Program(handle), load::program_fd(prog), name)
}

/// See abi.rs.
#[unsafe(no_mangle)]
pub extern "C" fn ks_unpin_map(map: u32) -> i32 {
    unpin(What::Map(map))
}

/// See abi.rs.
#[unsafe(no_mangle)]
pub extern "C" fn ks_unpin_program(handle: u32) -> i32 {
    unpin(What::Program(handle))
}

fn pin(what: What, fd: i32, name: &[u8]) -> i32 {
    match asked::pin_all(&[fd], name) {
        Ok(made) => {
            PINNED.borrow_mut().extend(made.into_iter().map(|name| (what, name)));
            0
        }
        Err(code) => -code,
    }
}

/// 0, or −ENOENT where nothing is pinned.
fn unpin(what: What) -> i32 {
    let (gone, kept) = PINNED.take().into_iter().partition::<Vec<_>, _>(|(pinned, _)| *pinned == what);
    PINNED.replace(kept);
    let names: Vec<String> = gone.into_iter().map(|(_, name)| name).collect();
    if asked::remove(&names) { 0 } else { -libc::ENOENT }
}
