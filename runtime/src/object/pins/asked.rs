//! `pin(x, "name")`: `<root>/<project>/<name>`, of a map, a program or a link.

use super::identity::Identity;
use super::project::{existing, project};
use crate::kernel::errors::{complain, reason};
use crate::kernel::escape;
use crate::kernel::program::{MainThread, bounded};
use std::cell::RefCell;
use std::ffi::c_char;
use std::os::fd::{AsRawFd, RawFd};

/// The names that this process has pinned something at, or has taken over.
static OWN: MainThread<RefCell<Vec<String>>> = MainThread::new(RefCell::new(Vec::new()));

/// Pins what has these descriptors at a name, the second and the ones behind it with a number. What is pinned there already stays. The
/// names of the pins, or an errno, printed.
pub fn pin_all(fds: &[RawFd], name: &[u8]) -> Result<Vec<String>, i32> {
    let name = checked(name, "pin at")?;
    let folder = project();
    let mut made: Vec<String> = Vec::new();
    for (place, &fd) in fds.iter().enumerate() {
        let own = numbered(&name, place);
        let result = folder.try_pin(&own, fd);
        let is_there = || folder.try_get(&own).and_then(|there| Identity::of(there.as_raw_fd()));
        if result != 0 && !(result == -libc::EEXIST && is_there().is_some_and(|there| Some(there) == Identity::of(fd)))
        {
            let help =
                if result == -libc::EEXIST { "\n  help: remove what is there, or pin at another name" } else { "" };
            complain(&format!("cannot pin at {}: {}{help}", folder.place(&own), reason(result)));
            remove(&made);
            return Err(result.abs());
        }
        own_name(&own);
        made.push(own);
    }
    Ok(made)
}

/// Removes those of these pins of the project that are this process's still; whether there were any.
pub fn remove(names: &[String]) -> bool {
    let mut own = OWN.borrow_mut();
    let before = own.len();
    let names: Vec<&String> = names.iter().filter(|name| own.contains(name)).collect();
    own.retain(|name| !names.contains(&name));
    if before == own.len() {
        return false;
    }
    let folder = project();
    names.into_iter().for_each(|name| folder.remove(name));
    true
}

/// What is pinned at a name is this process's from here on.
pub fn own_name(name: &str) {
    OWN.borrow_mut().push(name.to_owned());
}

/// Whether this process has pinned what is at a name, or has taken it over.
pub fn is_own(name: &str) -> bool {
    OWN.borrow().iter().any(|own| own == name)
}

/// `unpin` of a name, whoever has pinned something there: 0, or −ENOENT where nothing is. What has several links is at several names.
///
/// # Safety
/// `name` is readable up to its NUL, or for `size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ks_unpin_name(name: *const c_char, size: u64) -> i32 {
    // SAFETY: as the caller promises.
    let name = match checked(unsafe { bounded(name, usize::try_from(size).unwrap_or(0)) }, "unpin") {
        Ok(name) => name,
        Err(code) => return -code,
    };
    let Some(folder) = existing().filter(|folder| folder.has(&name)) else { return -libc::ENOENT };
    let of = |name: &str| folder.try_get(name).and_then(|there| Identity::of(there.as_raw_fd()));
    let first = of(&name);
    let is_of_first = |name: &String| of(name).zip(first).is_some_and(|(of, first)| of.shares_program(&first));
    let others = (1..).map(|place| numbered(&name, place)).take_while(|name| folder.has(name) && is_of_first(name));
    let names: Vec<String> = std::iter::once(name.clone()).chain(others).collect();
    OWN.borrow_mut().retain(|own| !names.contains(own));
    names.iter().for_each(|name| folder.remove(name));
    0
}

/// `pinned`: whether something is pinned at a name.
///
/// # Safety
/// `name` is a NUL-terminated text.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ks_pinned(name: *const c_char) -> bool {
    // SAFETY: as the caller promises.
    let name = unsafe { bounded(name, usize::MAX) };
    std::str::from_utf8(name).is_ok_and(|name| is_name(name) && existing().is_some_and(|folder| folder.has(name)))
}

/// A name of a pin, or EINVAL, printed.
fn checked(name: &[u8], what: &str) -> Result<String, i32> {
    let name = String::from_utf8_lossy(name).into_owned();
    if is_name(&name) {
        return Ok(name);
    }
    let shown = escape::short(&name);
    complain(&format!(
        "cannot {what} `{shown}`: this is no name of a pin\n  help: a name without slashes and dots, \"counts\""
    ));
    Err(libc::EINVAL)
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(['/', '.', '\0'])
}

/// The name of one of several pins.
fn numbered(name: &str, place: usize) -> String {
    if place == 0 { name.to_owned() } else { format!("{name}_{place}") }
}
