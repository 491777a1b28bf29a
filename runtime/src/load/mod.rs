//! The BPF object of the program: opened at its first use, loaded by the first `load` or map access.
//!
//! A failure ends the process with status 1 and a message with its reason and a remedy (`explain.rs`).

pub mod arenas;
pub mod copies;
mod creation;
mod descriptors;
mod devices;
mod explain;
pub mod kconfig;
mod kernel_module;
pub mod log;
pub mod optional;
pub mod pins;
mod places;
pub mod probes;
pub mod replacement;
mod tiers;

use crate::abi::{KS_MAP_IDLE, KsForm, KsProg};
use crate::attach;
use crate::errors::{ENOTSUPP, errno};
use crate::exit::die;
use crate::program::{self, MainThread};
use crate::traced;
use libbpf_sys as bpf;
use std::cell::Cell;
use std::ffi::{CStr, CString, c_char};
use std::ptr;

/// Ends the name of the program at the return of a function, whose program at the entry has the rest of the name.
const RETURN: &CStr = c"__return";

#[derive(Clone, Copy, PartialEq)]
enum State {
    Nothing,
    Open(*mut bpf::bpf_object),
    Loaded(*mut bpf::bpf_object),
}

static STATE: MainThread<Cell<State>> = MainThread::new(Cell::new(State::Nothing));

/// The object, at least opened: its initial values can be read and written.
pub fn opened() -> *mut bpf::bpf_object {
    match STATE.get() {
        State::Nothing => {
            let object = open();
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
    optional::settle(object);
    let pins = pins::prepare(object);
    let result = descriptors::load(object);
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

/// The object, if something has loaded it.
pub fn loaded_already() -> Option<*mut bpf::bpf_object> {
    if let State::Loaded(object) = STATE.get() { Some(object) } else { None }
}

/// Closes the object, at the end of the process: what the kernel has of it goes, unless it is pinned or attached by others.
fn close() {
    if let State::Open(object) | State::Loaded(object) = STATE.replace(State::Nothing) {
        // SAFETY: an object of libbpf; nothing asks for it any more.
        unsafe { bpf::bpf_object__close(object) }
    }
}

type Ready = Option<fn()>;
/// A function to call once the object is loaded, before any program is attached. It is set only by code that needs it, so an executable
/// without that code does not link the function either.
static WHEN_LOADED: MainThread<Cell<Ready>> = MainThread::new(Cell::new(None));

/// Calls `ready` once the object is loaded, which may be at once.
pub fn when_loaded(ready: fn()) {
    WHEN_LOADED.set(Some(ready));
    if let State::Loaded(_) = STATE.get() {
        ready();
    }
}

fn open() -> *mut bpf::bpf_object {
    let Some(bytes) = tiers::object() else {
        die(
            1,
            "the executable holds no BPF object, though it asks for one\n  help: this is a fault of ksc; please report it",
        );
    };
    log::capture();
    let name = CString::new(program::name()).unwrap_or_default();
    let mut options =
        bpf::bpf_object_open_opts { sz: size_of::<bpf::bpf_object_open_opts>() as bpf::size_t, ..Default::default() };
    options.object_name = name.as_ptr();
    let kconfig = kconfig::missing();
    options.kconfig = kconfig.as_ref().map_or(ptr::null(), |lines| lines.as_ptr());
    // SAFETY: the bytes are constants of the executable and stay, the name and the lines are copied.
    let object = unsafe { bpf::bpf_object__open_mem(bytes.as_ptr().cast(), bytes.len() as bpf::size_t, &options) };
    if object.is_null() {
        explain::end(-errno(), ptr::null_mut(), &log::take());
    }
    devices::choose(object);
    traced::prepare(object);
    object
}

/// What the program neither loads nor hands over to by tail calls stays out of the kernel.
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
            if !program::progs().iter().any(is_wanted) {
                bpf::bpf_program__set_autoload(program, false);
            }
            program = bpf::bpf_object__next_program(object, program);
        }
    }
    attach::struct_ops::prepare(object);
    for idle in program::maps().iter().filter(|map| map.flags & KS_MAP_IDLE != 0) {
        let map = find_map(object, idle.name);
        if map.is_null() {
            continue;
        }
        // libbpf fills each array of programs, created or not, and fails where a program is not loaded. Of another type it
        // fills only what it creates.
        // SAFETY: a map of an open object.
        unsafe {
            bpf::bpf_map__set_autocreate(map, false);
            bpf::bpf_map__set_type(map, bpf::BPF_MAP_TYPE_ARRAY);
        }
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
    if probes::is_second(prog) { probes::second(object, prog) } else { program_named(object, prog.name) }
}

/// The program of that name, or null.
fn program_named(object: *mut bpf::bpf_object, name: *const std::ffi::c_char) -> *mut bpf::bpf_program {
    // SAFETY: an open object and a NUL-terminated name.
    unsafe { bpf::bpf_object__find_program_by_name(object, name) }
}

/// The file descriptor of a loaded program.
pub fn program_fd(prog: &KsProg) -> i32 {
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

/// The descriptor of the program at the return of a function that goes with the one of this handle at its entry; −1 for none.
pub fn at_return(handle: u32) -> i32 {
    let Some(prog) = of_handle(handle) else { return -1 };
    let found = half_at_return(loaded(), prog);
    // SAFETY: a program of the loaded object.
    if found.is_null() { -1 } else { unsafe { bpf::bpf_program__fd(found) } }
}

/// The program at the return of a function that goes with this one at its entry, or null.
fn half_at_return(object: *mut bpf::bpf_object, prog: &KsProg) -> *mut bpf::bpf_program {
    if prog.form != KsForm::Session as u32 {
        return ptr::null_mut();
    }
    // SAFETY: descriptors hold NUL-terminated strings.
    let name = [unsafe { CStr::from_ptr(prog.name) }.to_bytes(), RETURN.to_bytes()].concat();
    CString::new(name).map_or(ptr::null_mut(), |name| program_named(object, name.as_ptr()))
}

/// The map of that name, or null.
pub fn find_map(object: *mut bpf::bpf_object, name: *const std::ffi::c_char) -> *mut bpf::bpf_map {
    if name.is_null() {
        return ptr::null_mut();
    }
    // SAFETY: an open object and a NUL-terminated name.
    unsafe { bpf::bpf_object__find_map_by_name(object, name) }
}

/// Errors by which a kernel says that it does not know a request.
pub fn unknown_to_kernel(error: i32) -> bool {
    [libc::EINVAL, libc::EOPNOTSUPP, libc::ENOSYS, ENOTSUPP as i32].contains(&error.abs())
}

/// See abi.rs.
#[unsafe(no_mangle)]
pub extern "C" fn ks_load(prog: u32) -> u32 {
    let Some(descriptor) = program::progs().get(prog as usize) else {
        die(1, &format!("load: there is no program {prog}\n  help: this is a fault of ksc; please report it"));
    };
    loaded();
    // A program that the kernel refused has a handle too.
    let Some(chosen) = optional::chosen(prog as usize).and_then(|chosen| u32::try_from(chosen).ok()) else {
        return prog.saturating_add(1);
    };
    let descriptor = program::progs().get(chosen as usize).unwrap_or(descriptor);
    if descriptor.form != KsForm::Freplace as u32 {
        program_fd(descriptor);
    }
    chosen.saturating_add(1)
}

/// Why the kernel refused the program of a handle, if it did.
pub fn refusal(handle: u32) -> Option<String> {
    optional::refusal(handle.checked_sub(1)? as usize)
}

/// See abi.rs.
#[unsafe(no_mangle)]
pub extern "C" fn ks_available(handle: u32) -> bool {
    of_handle(handle).is_some() && refusal(handle).is_none()
}

/// See abi.rs.
///
/// # Safety
/// `out` is writable for `size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ks_why(handle: u32, out: *mut c_char, size: u64) {
    // SAFETY: as the caller promises.
    unsafe { program::fill(&refusal(handle).unwrap_or_default(), out, size) }
}

/// The program behind a handle that `ks_load` gave.
pub fn of_handle(handle: u32) -> Option<&'static KsProg> {
    program::progs().get(handle.checked_sub(1)? as usize)
}
