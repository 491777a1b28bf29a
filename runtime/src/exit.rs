//! The ends of a process: normal, and by `panic`. Each detaches what is attached.
//!
//! Links are file descriptors, so the kernel drops them with the process; what it would keep are clsact filters, and
//! those are removed here, also when C code or libc calls `exit`.

use crate::attach;
use crate::errors::complain;
use crate::program::text;
use std::ffi::c_char;

/// Registers the detaching with libc.
pub fn at_exit() {
    extern "C" fn detach() {
        attach::detach_everything();
    }
    // SAFETY: a plain function; a failure only means that no slot is left, and `leave` detaches by itself.
    unsafe { libc::atexit(detach) };
}

pub fn leave(status: i32) -> ! {
    attach::detach_everything();
    // SAFETY: runs what is registered and ends the process.
    unsafe { libc::exit(status) }
}

/// See abi.rs.
#[unsafe(no_mangle)]
pub extern "C" fn ks_exit(status: i32) -> ! {
    leave(status)
}

/// See abi.rs.
#[unsafe(no_mangle)]
pub extern "C" fn ks_uncaught(code: i32, file: *const c_char, line: u32) -> ! {
    complain(&format!("uncaught throw {code} at {}:{line}", text(file)));
    leave(1)
}

/// See abi.rs.
#[unsafe(no_mangle)]
pub extern "C" fn ks_panic(file: *const c_char, line: u32, message: *const c_char) -> ! {
    complain(&format!("panic at {}:{line}: {}", text(file), text(message)));
    leave(134)
}
