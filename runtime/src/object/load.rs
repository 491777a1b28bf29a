//! The BPF object of the program: opened at its first use, loaded by the first `load` or map access.
//!
//! A failure ends the process with status 1 and a message with its reason and a remedy (`explain.rs`).

use super::handles::{of_handle, of_program};
use super::optional::{self, fates};
use super::parts::{RETURN, do_not_create, find_map, half_at_return, program_named};
use super::signed::Signed;
use super::state::{STATE, State, WHEN_LOADED};
use super::{arenas, descriptors, explain, kernel_module, late, open, pins, probes, sizes, struct_ops};
use crate::abi::{KS_MAP_IDLE, KsForm, KsMap, KsProg};
use crate::kernel::end::die;
use crate::kernel::errors::complain;
use crate::kernel::{log, program};
use libbpf_sys as bpf;
use std::ffi::CStr;
use std::ptr;

/// The object, at least opened: its initial values can be read and written.
pub fn opened() -> *mut bpf::bpf_object {
    match STATE.get() {
        State::Nothing => {
            let object = open::open();
            STATE.set(State::Open(object));
            leave_out_others(object);
            probes::choose(object);
            object
        }
        State::Open(object) | State::Loaded(object) => object,
    }
}

/// The object, loaded: its maps and programs exist in the kernel.
pub fn loaded() -> *mut bpf::bpf_object {
    if let State::Loaded(object) = STATE.get() {
        return object;
    }
    let object = opened();
    kernel_module::ensure();
    sizes::apply(object);
    optional::settle(object);
    let pins = pins::prepare(object);
    let result = match late::prepare(object) {
        0 => load_signed(object),
        error => error,
    };
    let log = log::take();
    if result != 0 {
        explain::end(result, object, &log);
    }
    pins::finish(object, pins);
    STATE.set(State::Loaded(object));
    arenas::fill(object);
    if let Some(ready) = WHEN_LOADED.get() {
        ready();
    }
    object
}

/// Loads an opened object, by its signed loader if it has one: 0 or −errno.
fn load_signed(object: *mut bpf::bpf_object) -> i32 {
    let signed = program::signed().cast::<Signed>();
    // SAFETY: null, or `ks_signed`.
    let Some(signed) = (unsafe { signed.as_ref() }) else { return descriptors::load(object) };
    (signed.prepare)(object);
    let result = descriptors::load(object);
    if result == 0 {
        (signed.finish)(object);
    }
    result
}

/// What the program, or the test, neither loads nor hands over to by tail calls stays out of the kernel.
fn leave_out_others(object: *mut bpf::bpf_object) {
    // SAFETY: the programs of an open object, whose names are strings of libbpf; null is before the first and after the
    // last.
    unsafe {
        let mut program = bpf::bpf_object__next_program(object, ptr::null_mut());
        while !program.is_null() {
            let name = CStr::from_ptr(bpf::bpf_program__name(program)).to_bytes();
            let at_entry = name.strip_suffix(RETURN.to_bytes());
            let is_wanted = |known: &KsProg| {
                let own = CStr::from_ptr(known.name).to_bytes();
                own == name || known.form == KsForm::Session as u32 && Some(own) == at_entry
            };
            if !program::progs().iter().any(|known| program::needs_program(known) && is_wanted(known)) {
                bpf::bpf_program__set_autoload(program, false);
            }
            program = bpf::bpf_object__next_program(object, program);
        }
    }
    struct_ops::prepare(object);
    let is_idle = |map: &&KsMap| map.flags & KS_MAP_IDLE != 0 || !program::needs_map(map);
    for idle in program::maps().iter().filter(is_idle) {
        do_not_create(find_map(object, idle.name));
    }
}

/// The program of a handle; null for one that nothing loaded.
pub fn find_program(handle: u32) -> *mut bpf::bpf_program {
    let Some(prog) = of_handle(handle) else { return ptr::null_mut() };
    program(prog)
}

/// libbpf's program of the loaded object, or null.
fn program(prog: &KsProg) -> *mut bpf::bpf_program {
    let object = loaded();
    if probes::is_second(object, prog) { probes::second(object, prog) } else { program_named(object, prog.name) }
}

/// The file descriptor of a loaded program; −EOPNOTSUPP, printed, for one that is loaded when it is attached.
pub fn program_fd(prog: &KsProg) -> i32 {
    if late::is_late(prog) {
        complain(&format!(
            "`{}` is loaded when it is attached: it has no descriptor of its own",
            program::text(prog.name)
        ));
        return -libc::EOPNOTSUPP;
    }
    let found = program(prog);
    // SAFETY: a program of the loaded object.
    let fd = if found.is_null() { -1 } else { unsafe { bpf::bpf_program__fd(found) } };
    if fd < 0 {
        die(
            1,
            &format!(
                "the BPF object has no program `{}`\n  help: this is a fault of ksc; please report it",
                program::text(prog.name)
            ),
        );
    }
    fd
}

/// Whether the program of a handle is loaded in its second form, a kprobe.
pub fn is_second(handle: u32) -> bool {
    of_handle(handle).is_some_and(|prog| probes::is_second(opened(), prog))
}

/// The descriptor of the program at the return of a function that goes with the one of this handle at its entry; −1 for none.
pub fn at_return(handle: u32) -> i32 {
    let Some(prog) = of_handle(handle) else { return -1 };
    let found = half_at_return(loaded(), prog);
    // SAFETY: a program of the loaded object.
    if found.is_null() { -1 } else { unsafe { bpf::bpf_program__fd(found) } }
}

/// See abi.rs.
#[unsafe(no_mangle)]
pub extern "C" fn ks_load(prog: u32) -> u32 {
    let Some(descriptor) = program::progs().get(prog as usize) else {
        die(1, &format!("load: there is no program {prog}\n  help: this is a fault of ksc; please report it"));
    };
    loaded();
    // A program that the kernel refused has a handle too.
    let Some(chosen) = fates::chosen(prog as usize).and_then(|chosen| u32::try_from(chosen).ok()) else {
        return of_program(prog);
    };
    let descriptor = program::progs().get(chosen as usize).unwrap_or(descriptor);
    if !late::is_late(descriptor) {
        program_fd(descriptor);
    }
    of_program(chosen)
}

/// See abi.rs.
#[unsafe(no_mangle)]
pub extern "C" fn ks_arena(_: u32) {
    loaded();
}
