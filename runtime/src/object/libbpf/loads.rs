//! Programs that something else than libbpf has loaded: libbpf asks the kernel for each program of an object by `bpf_prog_load`, and gets the
//! descriptor of one that is there already. So all that attaches programs finds them in libbpf's object, whoever loaded them.

use crate::kernel::program::MainThread;
use std::cell::Cell;
use std::ffi::CStr;

/// The descriptor for a program of this name, for libbpf to own; none: the kernel is asked.
type Taken = fn(&CStr) -> Option<i32>;

static TAKEN: MainThread<Cell<Option<Taken>>> = MainThread::new(Cell::new(None));

/// Says who has programs that are loaded already; none for nobody.
pub fn take_from(taken: Option<Taken>) {
    TAKEN.set(taken);
}

#[cfg(not(test))]
mod wrapped {
    use super::TAKEN;
    use libbpf_sys as bpf;
    use std::ffi::{CStr, c_char};

    // `runtime/build` links these for calls of `bpf_prog_load`; no other executable has them.
    unsafe extern "C" {
        fn __real_bpf_prog_load(
            kind: bpf::bpf_prog_type,
            name: *const c_char,
            license: *const c_char,
            instructions: *const bpf::bpf_insn,
            count: bpf::size_t,
            options: *mut bpf::bpf_prog_load_opts,
        ) -> i32;
    }

    /// # Safety
    /// As of libbpf's function.
    #[unsafe(no_mangle)]
    unsafe extern "C" fn __wrap_bpf_prog_load(
        kind: bpf::bpf_prog_type,
        name: *const c_char,
        license: *const c_char,
        instructions: *const bpf::bpf_insn,
        count: bpf::size_t,
        options: *mut bpf::bpf_prog_load_opts,
    ) -> i32 {
        if let Some(taken) = TAKEN.get()
            && !name.is_null()
        {
            // SAFETY: libbpf's name of a program is a string.
            if let Some(fd) = taken(unsafe { CStr::from_ptr(name) }) {
                return fd;
            }
        }
        // SAFETY: as the caller promises.
        unsafe { __real_bpf_prog_load(kind, name, license, instructions, count, options) }
    }
}
