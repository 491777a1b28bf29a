//! Programs that are loaded when they are attached: the kernel checks such a program for one function, which the load names. libbpf makes
//! their instructions ready with those of the other programs, and each function gets a copy.

pub mod copy;
pub mod prototype;
pub mod types;

use super::parts::{half_at_return, program_named};
use crate::abi::{KS_PROG_LATE, KsForm, KsProg};
use crate::kernel::program;
use libbpf_sys as bpf;

/// Whether a program is loaded when it is attached.
pub fn is_late(prog: &KsProg) -> bool {
    prog.flags & KS_PROG_LATE != 0
}

/// Makes the instructions of such programs of an opened object ready, and loads none of them: 0 or −errno.
pub fn prepare(object: *mut bpf::bpf_object) -> i32 {
    let late = program::progs().iter().filter(|prog| {
        // Programs in the place of others are of an object of their own (`replacement.rs`).
        is_late(prog) && prog.form != KsForm::Freplace as u32 && program::needs_program(prog)
    });
    let late: Vec<*mut bpf::bpf_program> = late
        .flat_map(|prog| [program_named(object, prog.name), half_at_return(object, prog)])
        .filter(|program| !program.is_null())
        .collect();
    if late.is_empty() {
        return 0;
    }
    let load = |wanted: bool| {
        for &program in &late {
            // SAFETY: a program of an opened object that is not loaded yet.
            unsafe { bpf::bpf_program__set_autoload(program, wanted) };
        }
    };
    load(true);
    // SAFETY: an opened object.
    let result = unsafe { bpf::bpf_object__prepare(object) };
    load(false);
    result
}
