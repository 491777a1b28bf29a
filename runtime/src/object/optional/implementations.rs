//! Structs of functions that the kernel may refuse: all functions of one are tried together.

use super::fates::{Fate, fate, set_fate};
use super::trial::{leave_out, load_and_close};
use crate::abi::{KS_PROG_OPTIONAL, KsForm, KsProg, KsStructOps};
use crate::kernel::program::{self, text};
use crate::object::open::open;
use crate::object::parts::{do_not_create, find_map, programs};
use libbpf_sys as bpf;
use std::ffi::CStr;

/// Decides for each struct whose functions are optional, and leaves it out with them if the kernel refuses it.
pub fn settle(object: *mut bpf::bpf_object) {
    for table in program::struct_ops().iter().filter(|table| program::needs_struct_ops(table)) {
        let members = members(table);
        if !members.iter().any(|(_, prog)| prog.flags & KS_PROG_OPTIONAL != 0) {
            continue;
        }
        if let Err(why) = tried(object, table, &members) {
            do_not_create(find_map(object, table.name));
            for (at, prog) in members {
                leave_out(object, prog);
                set_fate(at, Fate::Refused(why.clone()));
            }
        }
    }
}

/// Why the kernel refused a struct of functions, if it did.
pub fn refusal_of(table: &KsStructOps) -> Option<String> {
    let refused = |(at, _): (usize, &KsProg)| if let Fate::Refused(why) = fate(at) { Some(why) } else { None };
    members(table).into_iter().find_map(refused)
}

/// The functions of a struct, with the numbers of their programs: their names begin with its name.
fn members(table: &KsStructOps) -> Vec<(usize, &'static KsProg)> {
    let owner = |prog: &KsProg| {
        let own = |table: &&KsStructOps| {
            text(prog.name).strip_prefix(text(table.name)).is_some_and(|member| member.starts_with('_'))
        };
        program::struct_ops().iter().filter(own).map(|table| text(table.name)).max_by_key(|name| name.len())
    };
    let is_member = |prog: &KsProg| prog.form == KsForm::StructOps as u32 && owner(prog) == Some(text(table.name));
    program::progs().iter().enumerate().filter(|(_, prog)| is_member(prog)).collect()
}

fn tried(
    object: *mut bpf::bpf_object,
    table: &KsStructOps,
    members: &[(usize, &'static KsProg)],
) -> Result<(), String> {
    let trial = open();
    // SAFETY: programs of an open object, whose names are strings of libbpf, as those of the tables are.
    let name = unsafe {
        for program in programs(trial) {
            let name = CStr::from_ptr(bpf::bpf_program__name(program));
            let is_member = members.iter().any(|(_, prog)| CStr::from_ptr(prog.name) == name);
            bpf::bpf_program__set_autoload(program, is_member);
        }
        CStr::from_ptr(table.name)
    };
    let progs: Vec<&KsProg> = members.iter().map(|(_, prog)| *prog).collect();
    load_and_close(object, trial, &progs, Some(name))
}
