//! The ends of a process: normal, and by `panic`. Each detaches everything.
//!
//! Links are file descriptors, so the kernel drops them with the process. It would keep clsact filters; these are
//! removed here, also when C code or libc calls `exit`.

use crate::abi::KsArg;
use crate::attach::watch;
use crate::errors::{self, complain};
use crate::program::{array, text};
use crate::{escape, output, print};
use std::ffi::c_char;
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
    // SAFETY: a plain function. libc calls the functions in reverse order of their registration, and the one that detaches is registered
    // after this.
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

/// Says why, detaches everything and ends the process.
pub fn die(status: i32, message: &str) -> ! {
    complain(message);
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

/// See abi.rs.
#[unsafe(no_mangle)]
pub extern "C" fn ks_exit(status: i32) -> ! {
    leave(output::status(watch::status(status)))
}

/// See abi.rs.
#[unsafe(no_mangle)]
pub extern "C" fn ks_uncaught(code: i32, file: *const c_char, line: u32) -> ! {
    let meant = errors::known(code).map_or(String::new(), |meant| format!("; as an error number: {meant}"));
    complain(&format!("uncaught throw {code} at {}:{line}{meant}", escape::value(text(file))));
    leave(1)
}

/// See abi.rs.
///
/// # Safety
/// The format has `format_len` bytes; `args` has `args_len` elements, whose addresses are readable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ks_panic(
    file: *const c_char,
    line: u32,
    format: *const u8,
    format_len: u64,
    args: *const KsArg,
    args_len: u64,
) -> ! {
    // SAFETY: as the caller promises.
    let message = print::text(unsafe { array(format, format_len) }, unsafe { array(args, args_len) }, true);
    let message = String::from_utf8_lossy(&message);
    complain(&format!("panic at {}:{line}: {}", escape::value(text(file)), message.trim_end_matches('\n')));
    leave(134)
}
