//! The end of a process. The layers above register what they have to undo before it; `leave` and the end of libc do that.

use super::errors::complain;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

static DETACH: OnceLock<fn()> = OnceLock::new();

/// Says what detaches everything; registers it with libc.
pub fn detach_by(detach: fn()) {
    extern "C" fn at_exit() {
        detach_everything();
    }
    let _ = DETACH.set(detach);
    // SAFETY: a plain function; a failure only means that no slot is left, and `leave` detaches by itself.
    unsafe { libc::atexit(at_exit) };
}

/// Does something once everything is detached, by whatever path the process ends. Called before anything is attached.
pub fn at_end(act: fn()) {
    static LAST: OnceLock<fn()> = OnceLock::new();
    extern "C" fn at_exit() {
        if let Some(act) = LAST.get() {
            act();
        }
    }
    let _ = LAST.set(act);
    // SAFETY: a plain function. `leave` has detached everything before libc calls it.
    unsafe { libc::atexit(at_exit) };
}

fn detach_everything() {
    if let Some(detach) = DETACH.get() {
        detach();
    }
}

/// Detaches everything and ends the process with this status.
pub fn leave(status: i32) -> ! {
    detach_everything();
    // SAFETY: runs what is registered and ends the process.
    unsafe { libc::exit(status) }
}

/// Who takes the reason of `die` instead of standard error; false: nobody.
static REASON: OnceLock<fn(&str) -> bool> = OnceLock::new();

/// Says who takes the reason for which the process ends.
pub fn reason_goes_to(takes: fn(&str) -> bool) {
    let _ = REASON.set(takes);
}

/// Says why, detaches everything and ends the process.
pub fn die(status: i32, message: &str) -> ! {
    if !REASON.get().is_some_and(|takes| takes(message)) {
        complain(message);
    }
    leave(status)
}

/// The reader of standard output has gone, as in `program | head -1`: detaches everything and ends the process with the status that a shell
/// reports of a tool which SIGPIPE has ended.
pub fn reader_gone() {
    static ENDING: AtomicBool = AtomicBool::new(false);
    // Prints made meanwhile are lost too.
    if !ENDING.swap(true, Ordering::Relaxed) {
        leave(128 + libc::SIGPIPE);
    }
}
