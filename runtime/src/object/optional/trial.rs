//! Loads some programs of an object alone, to see whether the kernel takes them.

use crate::abi::KsProg;
use crate::kernel::program::{self, array};
use crate::kernel::{escape, log};
use crate::object::parts::{do_not_create, find_map, half_at_return, maps, program_named};
use crate::object::{descriptors, explain, probes, sizes};
use libbpf_sys as bpf;
use std::ffi::CStr;
use std::ptr;

/// Switches off the load of a program, in each of its forms.
pub fn leave_out(object: *mut bpf::bpf_object, prog: &KsProg) {
    for program in [program_named(object, prog.name), probes::second(object, prog), half_at_return(object, prog)] {
        if !program.is_null() {
            // SAFETY: a program of an open object.
            unsafe { bpf::bpf_program__set_autoload(program, false) };
        }
    }
}

/// Loads a second object, with the initial values of the first one: the programs that are chosen in it, the maps that they use, and the
/// struct of functions of this name. The object is closed, and nothing of it is used after that.
pub fn load_and_close(
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
        sizes::apply(trial);
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

/// The first two lines of a message: what failed, and the kernel's reason.
pub fn one_line(message: &str) -> String {
    let lines: Vec<&str> = message.lines().map(str::trim).filter(|line| !line.starts_with("help: ")).take(2).collect();
    escape::value(&lines.join(": "))
}

/// The numbers of the maps that the program uses.
pub fn maps_of(prog: &KsProg) -> &'static [u32] {
    // SAFETY: the descriptor's pointer and length belong together.
    unsafe { array(prog.maps, prog.maps_len) }
}
