//! Whether a signal has asked the program to end.

use std::sync::atomic::{AtomicBool, Ordering};

static CAME: AtomicBool = AtomicBool::new(false);

extern "C" fn note(_: libc::c_int) {
    CAME.store(true, Ordering::Relaxed);
}

/// From here on SIGINT and SIGTERM are noted.
pub fn catch() {
    let handler = note as extern "C" fn(libc::c_int) as libc::sighandler_t;
    // SAFETY: the handler only writes an atomic variable.
    unsafe {
        libc::signal(libc::SIGINT, handler);
        libc::signal(libc::SIGTERM, handler);
    }
}

/// Whether one of them came.
pub fn came() -> bool {
    CAME.load(Ordering::Relaxed)
}
