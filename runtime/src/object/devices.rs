//! Programs that ask the driver of an interface for what it knows of a packet: the kernel loads them for that interface alone.

use super::optional::fates;
use super::parts::program_named;
use crate::abi::{KsForm, KsProg};
use crate::kernel::end::die;
use crate::kernel::net::index_of;
use crate::kernel::program;
use libbpf_sys as bpf;
use std::ffi::CStr;

/// Says of each such program for which interface it is loaded.
pub fn choose(object: *mut bpf::bpf_object) {
    let is_for_one = |prog: &&KsProg| prog.form == KsForm::Device as u32 && !prog.target.is_null();
    for prog in program::progs().iter().filter(is_for_one).filter(|prog| program::needs_program(prog)) {
        // SAFETY: a string of the executable.
        let target = unsafe { CStr::from_ptr(prog.target) };
        let Some(index) = index_of(target) else {
            if fates::may_fail(prog) {
                continue;
            }
            let (name, target) = (program::text(prog.name), program::text(prog.target));
            die(1, &format!("cannot load the program `{name}`: there is no interface `{target}`, for which it is"));
        };
        let found = program_named(object, prog.name);
        if !found.is_null() {
            // SAFETY: a program of an open object.
            unsafe {
                bpf::bpf_program__set_ifindex(found, index as u32);
                bpf::bpf_program__set_flags(found, bpf::bpf_program__flags(found) | bpf::BPF_F_XDP_DEV_BOUND_ONLY);
            }
        }
    }
}
