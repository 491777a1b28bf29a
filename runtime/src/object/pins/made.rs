//! The folders that this process has made on bpffs. They belong to its user, and root's next start would refuse another user's: where the
//! start fails before anything is pinned, they go again.

use super::entry::Entry;
use std::ffi::CString;
use std::sync::{Mutex, PoisonError};

/// A folder by its name in another one, in the order in which they were made. `None` once something is pinned.
static MADE: Mutex<Option<Vec<(Entry, CString)>>> = Mutex::new(Some(Vec::new()));

/// Notes that this process has made a folder; `above` is the one that it is in.
pub fn note(above: Entry, name: CString) {
    extern "C" fn at_exit() {
        remove();
    }
    if let Some(made) = MADE.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
        if made.is_empty() {
            // SAFETY: a plain function; a failure only means that the folders stay.
            unsafe { libc::atexit(at_exit) };
        }
        made.push((above, name));
    }
}

/// From here on all folders stay.
pub fn keep() {
    *MADE.lock().unwrap_or_else(PoisonError::into_inner) = None;
}

fn remove() {
    let made = MADE.lock().unwrap_or_else(PoisonError::into_inner).take();
    for (above, name) in made.into_iter().flatten().rev() {
        // One that has something in it stays.
        // SAFETY: a live descriptor and a NUL-terminated name.
        unsafe { libc::unlinkat(above.fd(), name.as_ptr(), libc::AT_REMOVEDIR) };
    }
}
