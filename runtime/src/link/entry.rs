//! Programs of entries of a devmap or cpumap: the entry holds the descriptor, and nothing else attaches them.

use super::attached::Attached;
use super::form::Form;
use super::request::Request;
use crate::kernel::errors::{Failure, complain};
use crate::kernel::program::text;
use crate::object::{handles, load};

/// The form `entry`.
#[unsafe(no_mangle)]
pub static ks_form_entry: Form = attach;

/// Always fails: the message says to put the program into the value of an entry.
pub fn attach(_request: &Request) -> Result<Box<dyn Attached>, Failure> {
    Err(Failure::new(
        libc::EOPNOTSUPP,
        "an entry of a devmap or cpumap runs it\n  help: put `prog_fd(handle)` into the value of an entry",
    ))
}

/// `prog_fd`: the descriptor of its program; −EINVAL, printed, for a handle of nothing.
#[unsafe(no_mangle)]
pub extern "C" fn ks_prog_fd(handle: u32) -> i32 {
    match handles::of_handle(handle) {
        Some(prog) => match handles::refusal(handle) {
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
