//! Copies of the programs that are loaded when they are attached.

use super::types::Place;
use crate::abi::KsProg;
use crate::kernel::errors::reason;
use crate::kernel::program;
use crate::object::copies::{self, Copied, Refused};
use crate::object::parts::{half_at_return, program_named};
use crate::object::{explain, load as object};
use libbpf_sys as bpf;
use std::os::fd::OwnedFd;

/// The program at the entry of a session, or its half at the return.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Half {
    Entry,
    Return,
}

/// Loads a program for a function; or errno, and why not.
pub fn load(prog: &KsProg, half: Half, place: &Place) -> Result<OwnedFd, (i32, String)> {
    let loaded = object::loaded();
    let found = match half {
        Half::Entry => program_named(loaded, prog.name),
        Half::Return => half_at_return(loaded, prog),
    };
    if found.is_null() {
        return Err((libc::EINVAL, "the program was not loaded".to_owned()));
    }
    // SAFETY: a program of the loaded object.
    let point = unsafe { bpf::bpf_program__expected_attach_type(found) };
    let copied = Copied { point, function: place.id, types: place.types, program: place.program };
    copies::load(found, &copied).map_err(|Refused { code, log }| {
        if log.trim().is_empty() {
            return (code, format!("the kernel does not load it: {}", reason(code)));
        }
        let name = program::text(prog.name);
        // As libbpf reports it of the programs that it loads.
        let log = format!("prog '{name}': -- BEGIN PROG LOAD LOG --\n{log}\n-- END PROG LOAD LOG --\n");
        (code, explain::text(-code, std::ptr::null_mut(), &log))
    })
}
