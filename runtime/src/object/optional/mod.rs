//! Programs that the kernel may refuse. Which ones it takes is found out before the load, so that the others load.
//!
//! Each is loaded alone from a second object with the same initial values, which is closed again, and its target is looked up. Maps that
//! only refused programs use are not created.
//!
//! `Loading` of a program's role says so (`@optional`, `@fallback`). Before the load the runtime tries each such program alone, from a
//! second object with the same initial values, and looks up its target (`targets.rs`); of those
//! that the kernel refuses it switches off the load, and of maps that only they use the creation. The descriptor has the maps of each
//! program for that. `@freplace` programs are loaded by `attach`, from another object that shares the maps (`object/replacement.rs`).
//! `passes/rules` finds the programs that sleep.

pub mod fates;
pub mod implementations;
pub mod targets;
mod trial;

use super::parts::{do_not_create, find_map, half_at_return, program_named, programs};
use super::{late, open, probes};
use crate::abi::{KS_MAP_USED, KS_PROG_OPTIONAL, KS_PROG_SPARE, KsForm, KsProg};
use crate::kernel::program;
use fates::{FATES, Fate, LEFT_OUT, SETTLED, fate, may_fail, set_fate};
use libbpf_sys as bpf;
use std::ffi::CStr;
use std::ptr;
use trial::{leave_out, load_and_close, maps_of, one_line};

/// Decides for each program of an opened object.
pub fn settle(object: *mut bpf::bpf_object) {
    let progs = program::progs();
    if SETTLED.replace(true) || !progs.iter().any(may_fail) {
        return;
    }
    let is_spare = |prog: &KsProg| prog.flags & KS_PROG_SPARE != 0 || !program::needs_program(prog);
    for prog in progs.iter().filter(|prog| is_spare(prog)) {
        leave_out(object, prog);
    }
    let fates = progs.iter().map(|prog| if is_spare(prog) { Fate::Spare } else { Fate::Loaded });
    FATES.replace(fates.collect());
    implementations::settle(object);
    for (at, prog) in progs.iter().enumerate().filter(|(_, prog)| !is_spare(prog)) {
        choose(object, at, prog.flags & KS_PROG_OPTIONAL != 0);
    }
    leave_out_maps(object);
}

/// Tries a program, and after it those that take its place. `forgiven`: nothing is lost if the kernel refuses all of them.
fn choose(object: *mut bpf::bpf_object, at: usize, forgiven: bool) {
    let Some(prog) = program::progs().get(at) else { return };
    let other = usize::try_from(prog.fallback).ok().and_then(|number| number.checked_sub(1));
    if fate(at) == Fate::Spare {
        // SAFETY: a program of an open object.
        unsafe { bpf::bpf_program__set_autoload(program_named(object, prog.name), true) };
    } else if fate(at) != Fate::Loaded {
        return;
    }
    let forgiven = forgiven || prog.flags & KS_PROG_OPTIONAL != 0;
    // Some are loaded when they are attached; members of a struct are tried with it.
    let tried = if late::is_late(prog) || prog.form == KsForm::StructOps as u32 {
        Ok(())
    } else if forgiven || other.is_some() {
        try_alone(object, prog)
    } else {
        Ok(())
    };
    let Err(why) = tried else { return set_fate(at, Fate::Loaded) };
    leave_out(object, prog);
    set_fate(at, Fate::Refused(why));
    if let Some(other) = other {
        choose(object, other, forgiven);
    }
}

/// Leaves out the maps that only programs use that are left out themselves.
fn leave_out_maps(object: *mut bpf::bpf_object) {
    let of = |loaded: bool| {
        let progs = program::progs().iter().enumerate().filter(move |(at, _)| (fate(*at) == Fate::Loaded) == loaded);
        progs.flat_map(|(_, prog)| maps_of(prog)).map(|&map| map as usize).collect::<Vec<usize>>()
    };
    let (used, unused) = (of(true), of(false));
    for (at, map) in program::maps().iter().enumerate() {
        let found = find_map(object, map.name);
        // A map that user space uses is created if this kernel has such maps.
        if unused.contains(&at) && !used.contains(&at) && !(map.flags & KS_MAP_USED != 0 && is_possible(found)) {
            do_not_create(found);
            LEFT_OUT.borrow_mut().push(at);
        }
    }
}

/// Whether the kernel has maps of this kind.
fn is_possible(map: *mut bpf::bpf_map) -> bool {
    // SAFETY: a map of an open object.
    !map.is_null() && unsafe { bpf::libbpf_probe_bpf_map_type(bpf::bpf_map__type(map), ptr::null()) == 1 }
}

/// Why the kernel refuses a program, or its target is not there.
fn try_alone(object: *mut bpf::bpf_object, prog: &KsProg) -> Result<(), String> {
    probes::choose_form(object, prog).map_err(|why| one_line(&why))?;
    if let Some(why) = targets::missing(object, prog) {
        return Err(one_line(&why));
    }
    let wanted =
        if probes::is_second(object, prog) { probes::second(object, prog) } else { program_named(object, prog.name) };
    let trial = open::open();
    // SAFETY: programs of open objects, whose names are strings of libbpf.
    unsafe {
        let name = CStr::from_ptr(bpf::bpf_program__name(wanted));
        for program in programs(trial) {
            let is_wanted = CStr::from_ptr(bpf::bpf_program__name(program)) == name;
            bpf::bpf_program__set_autoload(program, is_wanted || program == half_at_return(trial, prog));
        }
    }
    load_and_close(object, trial, &[prog], None)
}
