//! Programs that the kernel may refuse. Which ones it takes is found out before the load, so that the others load.
//!
//! Each is loaded alone from a second object with the same initial values, which is closed again, and its target is looked up. Maps that
//! only refused programs use are not created.
//!
//! `Loading` of a program's role says so (`@optional`, `@fallback`). Before the load the runtime tries each such program alone, from a
//! second object with the same initial values, and looks up its target (`runtime/src/load/optional.rs`, `attach/missing.rs`); of those
//! that the kernel refuses it switches off the load, and of maps that only they use the creation. The descriptor has the maps of each
//! program for that. `@freplace` programs are loaded by `attach`, from another object that shares the maps (`load/replacement.rs`).
//! `passes/rules` finds the programs that sleep.

mod implementations;

pub use implementations::refusal_of;

use super::{descriptors, explain, find_map, half_at_return, log, probes, program_named};
use crate::abi::{KS_MAP_USED, KS_PROG_OPTIONAL, KS_PROG_SPARE, KsForm, KsMap, KsProg};
use crate::program::{self, MainThread, array, text};
use crate::{attach, escape};
use libbpf_sys as bpf;
use std::cell::{Cell, RefCell};
use std::ffi::CStr;
use std::ptr;

/// What became of the programs, by their numbers.
static FATES: MainThread<RefCell<Vec<Fate>>> = MainThread::new(RefCell::new(Vec::new()));
/// The maps that are not created, by their numbers.
static LEFT_OUT: MainThread<RefCell<Vec<usize>>> = MainThread::new(RefCell::new(Vec::new()));
/// Each program was decided about.
static SETTLED: MainThread<Cell<bool>> = MainThread::new(Cell::new(false));

#[derive(Clone, PartialEq)]
enum Fate {
    Loaded,
    /// The reason.
    Refused(String),
    /// No other program needs it.
    Spare,
}

/// Whether the other programs load where the kernel refuses this one, or it is loaded in place of one.
pub fn may_fail(prog: &KsProg) -> bool {
    prog.flags & (KS_PROG_OPTIONAL | KS_PROG_SPARE) != 0 || prog.fallback != 0
}

/// Decides for each program of an opened object.
pub fn settle(object: *mut bpf::bpf_object) {
    let progs = program::progs();
    if SETTLED.replace(true) || !progs.iter().any(may_fail) {
        return;
    }
    let is_spare = |prog: &KsProg| prog.flags & KS_PROG_SPARE != 0;
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
    // A program that replaces a function is loaded when it is attached; members of a struct are tried with it.
    let tried = if [KsForm::Freplace as u32, KsForm::StructOps as u32].contains(&prog.form) {
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

fn fate(at: usize) -> Fate {
    FATES.borrow().get(at).cloned().unwrap_or(Fate::Loaded)
}

fn set_fate(at: usize, fate: Fate) {
    if let Some(place) = FATES.borrow_mut().get_mut(at) {
        *place = fate;
    }
}

/// The number of the program that is loaded for this one: itself, or one that takes its place. None if the kernel refused all.
pub fn chosen(at: usize) -> Option<usize> {
    match fate(at) {
        Fate::Loaded => Some(at),
        Fate::Spare => None,
        Fate::Refused(_) => chosen(usize::try_from(program::progs().get(at)?.fallback).ok()?.checked_sub(1)?),
    }
}

/// Why the kernel refused a program, if it did.
pub fn refusal(at: usize) -> Option<String> {
    if let Fate::Refused(why) = fate(at) { Some(why) } else { None }
}

/// What the message of a load adds that failed with a program in the place of another one.
pub fn refusals() -> String {
    let progs = program::progs().iter().enumerate().filter(|(_, prog)| prog.flags & KS_PROG_OPTIONAL == 0);
    let refused = progs.filter_map(|(at, prog)| Some((text(prog.name), refusal(at)?)));
    refused.map(|(name, why)| format!("\n  before that, `{name}` was refused: {why}")).collect()
}

/// Whether only programs use the map that are not loaded.
pub fn is_left_out(map: &KsMap) -> bool {
    let all = program::maps();
    LEFT_OUT.borrow().iter().any(|&at| all.get(at).is_some_and(|left_out| ptr::eq(left_out, map)))
}

fn leave_out(object: *mut bpf::bpf_object, prog: &KsProg) {
    for program in [program_named(object, prog.name), probes::second(object, prog), half_at_return(object, prog)] {
        if !program.is_null() {
            // SAFETY: a program of an open object.
            unsafe { bpf::bpf_program__set_autoload(program, false) };
        }
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

fn maps_of(prog: &KsProg) -> &'static [u32] {
    // SAFETY: the descriptor's pointer and length belong together.
    unsafe { array(prog.maps, prog.maps_len) }
}

/// Whether the kernel has maps of this kind.
fn is_possible(map: *mut bpf::bpf_map) -> bool {
    // SAFETY: a map of an open object.
    !map.is_null() && unsafe { bpf::libbpf_probe_bpf_map_type(bpf::bpf_map__type(map), ptr::null()) == 1 }
}

/// Switches off the creation of a map of an open object; null is allowed.
pub fn do_not_create(map: *mut bpf::bpf_map) {
    if map.is_null() {
        return;
    }
    // SAFETY: a map of an open object. libbpf fills each array of programs, created or not.
    unsafe {
        bpf::bpf_map__set_autocreate(map, false);
        if bpf::bpf_map__type(map) == bpf::BPF_MAP_TYPE_PROG_ARRAY {
            bpf::bpf_map__set_type(map, bpf::BPF_MAP_TYPE_ARRAY);
        }
    }
}

/// Why the kernel refuses a program, or its target is not there.
fn try_alone(object: *mut bpf::bpf_object, prog: &KsProg) -> Result<(), String> {
    probes::choose_form(object, prog).map_err(|why| one_line(&why))?;
    if let Some(why) = attach::missing(prog) {
        return Err(one_line(&why));
    }
    let wanted = if probes::is_second_of(object, prog) {
        probes::second(object, prog)
    } else {
        program_named(object, prog.name)
    };
    let trial = super::open();
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

/// Loads a second object, with the initial values of the first one: the programs that are chosen in it, the maps that they use, and the
/// struct of functions of this name. The object is closed, and nothing of it is used after that.
fn load_and_close(
    object: *mut bpf::bpf_object,
    trial: *mut bpf::bpf_object,
    progs: &[&KsProg],
    table: Option<&CStr>,
) -> Result<(), String> {
    for (at, map) in program::maps().iter().enumerate() {
        if !progs.iter().any(|prog| maps_of(prog).iter().any(|&used| used as usize == at)) {
            do_not_create(find_map(trial, map.name));
        }
    }
    // SAFETY: maps of open objects; the second one is closed here.
    unsafe {
        for map in maps(trial) {
            let kind = bpf::bpf_map__type(map);
            let is_table = table == Some(CStr::from_ptr(bpf::bpf_map__name(map)));
            if kind == bpf::BPF_MAP_TYPE_STRUCT_OPS && !is_table || kind == bpf::BPF_MAP_TYPE_PROG_ARRAY {
                do_not_create(map);
            } else if bpf::bpf_map__is_internal(map) {
                copy_values(object, map);
            }
        }
        log::take();
        let result = descriptors::load(trial);
        let log = log::take();
        if explain::is_shortage(result) {
            explain::end(result, trial, &log);
        }
        let tried = if result == 0 { Ok(()) } else { Err(one_line(&explain::text(result, trial, &log))) };
        bpf::bpf_object__close(trial);
        tried
    }
}

/// Gives a map of variables the initial values of the object's.
///
/// # Safety
/// The object is open, and so is that of the map.
unsafe fn copy_values(object: *mut bpf::bpf_object, to: *mut bpf::bpf_map) {
    // SAFETY: as the caller promises; a value has as many bytes as libbpf says.
    unsafe {
        let from = find_map(object, bpf::bpf_map__name(to));
        let (mut size, mut own): (bpf::size_t, bpf::size_t) = (0, 0);
        let value = if from.is_null() { ptr::null_mut() } else { bpf::bpf_map__initial_value(from, &mut size) };
        if !value.is_null() && !bpf::bpf_map__initial_value(to, &mut own).is_null() && size == own {
            bpf::bpf_map__set_initial_value(to, value, size);
        }
    }
}

/// The programs of an open object, in its order.
pub fn programs(object: *mut bpf::bpf_object) -> impl Iterator<Item = *mut bpf::bpf_program> {
    // SAFETY: the programs of an open object; null is before the first and after the last.
    let next = move |program| unsafe { bpf::bpf_object__next_program(object, program) };
    let step = move |&program: &*mut bpf::bpf_program| Some(next(program)).filter(|program| !program.is_null());
    std::iter::successors(Some(next(ptr::null_mut())).filter(|program| !program.is_null()), step)
}

/// The maps of an open object, in its order.
pub fn maps(object: *mut bpf::bpf_object) -> impl Iterator<Item = *mut bpf::bpf_map> {
    // SAFETY: the maps of an open object; null is before the first and after the last.
    let next = move |map| unsafe { bpf::bpf_object__next_map(object, map) };
    let step = move |&map: &*mut bpf::bpf_map| Some(next(map)).filter(|map| !map.is_null());
    std::iter::successors(Some(next(ptr::null_mut())).filter(|map| !map.is_null()), step)
}

/// The first two lines of a message: what failed, and the kernel's reason.
fn one_line(message: &str) -> String {
    let lines: Vec<&str> = message.lines().map(str::trim).filter(|line| !line.starts_with("help: ")).take(2).collect();
    escape::value(&lines.join(": "))
}
