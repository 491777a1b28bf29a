//! Programs of entries of a devmap or cpumap: the entry holds the descriptor, and nothing else attaches them.

use super::{Attached, Failure, Request};
use crate::errors::complain;
use crate::load;
use crate::program::text;

/// Always fails: the message says to put the program into the value of an entry.
pub fn attach(_request: &Request) -> Result<Box<dyn Attached>, Failure> {
    Err(Failure::new(
        libc::EOPNOTSUPP,
        "an entry of a devmap or cpumap runs it\n  help: put `prog_fd(handle)` into the value of an entry",
    ))
}

/// See abi.rs.
#[unsafe(no_mangle)]
pub extern "C" fn ks_prog_fd(handle: u32) -> i32 {
    match load::of_handle(handle) {
        Some(prog) => match load::refusal(handle) {
            None => load::program_fd(prog),
            Some(why) => {
                complain(&format!("no descriptor: `{}` is not available: {why}", text(prog.name)));
                -libc::EOPNOTSUPP
            }
        },
        None => {
            complain("no descriptor: the program was not loaded");
            -libc::EINVAL
        }
    }
}
