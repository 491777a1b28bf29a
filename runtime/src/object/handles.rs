//! Handles of programs, as `load` gives them. A handle names a program, at first the one of its number, from 1 on; `upgrade` lets it name
//! another one.

use super::optional::fates;
use crate::abi::KsProg;
use crate::kernel::program::{self, MainThread};
use std::cell::RefCell;
use std::ffi::c_char;

/// The program of each handle, by the number of the handle minus 1. Empty until a handle names another program than its number says.
static NAMED: MainThread<RefCell<Vec<u32>>> = MainThread::new(RefCell::new(Vec::new()));

/// The place in the descriptor of the program that a handle names.
fn place(handle: u32) -> Option<u32> {
    let number = handle.checked_sub(1)?;
    Some(NAMED.borrow().get(number as usize).copied().unwrap_or(number))
}

/// The program that a handle names.
pub fn of_handle(handle: u32) -> Option<&'static KsProg> {
    program::progs().get(place(handle)? as usize)
}

/// A handle that names the program at this place in the descriptor.
pub fn of_program(program: u32) -> u32 {
    let mut named = NAMED.borrow_mut();
    let found = match named.as_slice() {
        [] => Some(program as usize),
        named => named.iter().position(|&other| other == program),
    };
    let number = found.unwrap_or_else(|| {
        named.push(program);
        named.len() - 1
    });
    u32::try_from(number).unwrap_or(u32::MAX).saturating_add(1)
}

/// Lets a handle name the program that another one names. Does nothing where either is no handle.
pub fn rename(handle: u32, like: u32) {
    let (Some(number), Some(program)) = (handle.checked_sub(1), place(like)) else { return };
    let mut named = NAMED.borrow_mut();
    if named.is_empty() {
        named.extend(0..u32::try_from(program::progs().len()).unwrap_or(0));
    }
    if let Some(named) = named.get_mut(number as usize) {
        *named = program;
    }
}

/// Why the kernel refused the program of a handle, if it did.
pub fn refusal(handle: u32) -> Option<String> {
    fates::refusal(place(handle)? as usize)
}

/// `available`: whether the kernel took its program.
#[unsafe(no_mangle)]
pub extern "C" fn ks_available(handle: u32) -> bool {
    of_handle(handle).is_some() && refusal(handle).is_none()
}

/// `why`: why not, in one line; empty where it did.
///
/// # Safety
/// `out` is writable for `size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ks_why(handle: u32, out: *mut c_char, size: u64) {
    // SAFETY: as the caller promises.
    unsafe { program::fill(&refusal(handle).unwrap_or_default(), out, size) }
}
