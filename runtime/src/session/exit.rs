//! The ends of `main`: its own, and that by what was thrown and not caught. Each detaches everything.
//!
//! Links are file descriptors, so the kernel drops them with the process. It would keep clsact filters; these are
//! removed here, also when C code or libc calls `exit`.

use crate::kernel::end::leave;
use crate::kernel::errors::{self, complain};
use crate::kernel::program::text;
use crate::kernel::{escape, failures, output, verdict};
use crate::link::watch;
use std::ffi::c_char;

/// See abi.rs.
#[unsafe(no_mangle)]
pub extern "C" fn ks_exit(status: i32) -> ! {
    leave(output::status(watch::status(status)))
}

/// See abi.rs.
#[unsafe(no_mangle)]
pub extern "C" fn ks_uncaught(code: i32, file: *const c_char, line: u32) -> ! {
    let failure = failures::at((text(file), line), code).map(|why| format!(": {why}"));
    let why = format!("uncaught {code}{}", failure.as_deref().unwrap_or_default());
    if verdict::failed((text(file), line), &why) {
        leave(1);
    }
    if let Some(why) = failure {
        complain(&format!("uncaught throw {code} at {}:{line}{why}", escape::value(text(file))));
        leave(1)
    }
    let meant = errors::known(code).map_or(String::new(), |meant| format!("; as an error number: {meant}"));
    complain(&format!("uncaught throw {code} at {}:{line}{meant}", escape::value(text(file))));
    leave(1)
}
