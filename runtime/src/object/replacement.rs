//! Programs that take the place of a function of a loaded program: such a program can be loaded only with that one. It comes from another
//! object, which shares the maps and the variables of the loaded one.

use super::parts::{self, find_map, program_named};
use super::{descriptors, explain, handles, load, open};
use crate::kernel::{log, program};
use libbpf_sys as bpf;
use std::ffi::CStr;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::ptr;

/// Loads the program of a handle for the program of a descriptor; or an errno, and why not.
pub fn load(handle: u32, other: i32) -> Result<OwnedFd, (i32, String)> {
    let Some(prog) = handles::of_handle(handle) else {
        return Err((libc::EINVAL, "the program was not loaded".to_owned()));
    };
    let loaded = load::loaded();
    let object = open::open();
    let wanted = program_named(object, prog.name);
    // SAFETY: programs and maps of open objects; the second one is closed, and nothing of it is used after that but a copy of a
    // descriptor.
    unsafe {
        for program in parts::programs(object) {
            let is_it = CStr::from_ptr(bpf::bpf_program__name(program)) == CStr::from_ptr(prog.name);
            bpf::bpf_program__set_autoload(program, is_it);
        }
        for map in parts::maps(object) {
            let own = find_map(loaded, bpf::bpf_map__name(map));
            let fd = if own.is_null() { -1 } else { bpf::bpf_map__fd(own) };
            if fd < 0 || bpf::bpf_map__reuse_fd(map, fd) < 0 {
                parts::do_not_create(map);
            }
        }
        log::take();
        let mut result = bpf::bpf_program__set_attach_target(wanted, other, ptr::null());
        if result == 0 {
            result = descriptors::load(object);
        }
        let log = log::take();
        let program = if result == 0 {
            let fd = BorrowedFd::borrow_raw(bpf::bpf_program__fd(wanted));
            fd.try_clone_to_owned().map_err(|error| (error.raw_os_error().unwrap_or(libc::EBADF), error.to_string()))
        } else {
            let function = program::text(bpf::bpf_program__section_name(wanted));
            let function = function.rsplit('/').next().unwrap_or_default();
            let help = "\n  help: it takes the place of a global function, `@helper(\"global\")`, or of a program, and has its signature";
            Err((result.abs(), format!("in the place of `{function}`: {}{help}", explain::text(result, object, &log))))
        };
        bpf::bpf_object__close(object);
        program
    }
}
