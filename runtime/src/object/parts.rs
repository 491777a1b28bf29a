//! The programs and maps of an object of libbpf, and how they are left out of a load.

use crate::abi::{KsForm, KsProg};
use libbpf_sys as bpf;
use std::ffi::{CStr, CString, c_char};
use std::ptr;

/// Ends the name of the program at the return of a function, whose program at the entry has the rest of the name.
pub const RETURN: &CStr = c"__return";

/// The program of that name, or null.
pub fn program_named(object: *mut bpf::bpf_object, name: *const c_char) -> *mut bpf::bpf_program {
    // SAFETY: an open object and a NUL-terminated name.
    unsafe { bpf::bpf_object__find_program_by_name(object, name) }
}

/// The program at the return of a function that goes with this one at its entry, or null.
pub fn half_at_return(object: *mut bpf::bpf_object, prog: &KsProg) -> *mut bpf::bpf_program {
    if prog.form != KsForm::Session as u32 {
        return ptr::null_mut();
    }
    // SAFETY: descriptors hold NUL-terminated strings.
    let name = [unsafe { CStr::from_ptr(prog.name) }.to_bytes(), RETURN.to_bytes()].concat();
    CString::new(name).map_or(ptr::null_mut(), |name| program_named(object, name.as_ptr()))
}

/// The map of that name, or null.
pub fn find_map(object: *mut bpf::bpf_object, name: *const c_char) -> *mut bpf::bpf_map {
    if name.is_null() {
        return ptr::null_mut();
    }
    // SAFETY: an open object and a NUL-terminated name.
    unsafe { bpf::bpf_object__find_map_by_name(object, name) }
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

/// Switches off the creation of a map of an open object; null is allowed.
pub fn do_not_create(map: *mut bpf::bpf_map) {
    if map.is_null() {
        return;
    }
    // SAFETY: a map of an open object. libbpf fills each array of programs, created or not, and fails where a program is not loaded; of
    // another type it fills only what it creates.
    unsafe {
        bpf::bpf_map__set_autocreate(map, false);
        if bpf::bpf_map__type(map) == bpf::BPF_MAP_TYPE_PROG_ARRAY {
            bpf::bpf_map__set_type(map, bpf::BPF_MAP_TYPE_ARRAY);
        }
    }
}
