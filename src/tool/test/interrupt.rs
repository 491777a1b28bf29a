//! SIGINT and SIGTERM: the running tests end, and what they have made is removed.

use std::sync::atomic::{AtomicI32, Ordering};

static CAUGHT: AtomicI32 = AtomicI32::new(0);

extern "C" fn note(signal: i32) {
    CAUGHT.store(signal, Ordering::Relaxed);
}

/// From here on the signals do not end the process.
pub fn listen() {
    let handler: extern "C" fn(i32) = note;
    for signal in [libc::SIGINT, libc::SIGTERM] {
        // SAFETY: the handler only stores a number.
        unsafe { libc::signal(signal, handler as libc::sighandler_t) };
    }
}

/// The signal that came, if one did.
pub fn signal() -> Option<u8> {
    u8::try_from(CAUGHT.load(Ordering::Relaxed)).ok().filter(|signal| *signal != 0)
}
