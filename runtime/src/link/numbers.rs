//! Programs and maps by their numbers in the kernel.

use crate::kernel::errors::errno;
use libbpf_sys as bpf;
use std::ffi::CStr;
use std::os::fd::{FromRawFd, OwnedFd, RawFd};

/// The number of a loaded program.
pub fn number(program: RawFd) -> Option<u32> {
    let mut info = bpf::bpf_prog_info::default();
    let mut size = size_of::<bpf::bpf_prog_info>() as u32;
    // SAFETY: the kernel fills at most `size` bytes of a zeroed struct.
    (unsafe { bpf::bpf_prog_get_info_by_fd(program, &mut info, &mut size) } == 0).then_some(info.id)
}

/// The name of a loaded program; the kernel keeps 15 characters.
pub fn program_name(program: RawFd) -> Option<String> {
    let mut info = bpf::bpf_prog_info::default();
    let mut size = size_of::<bpf::bpf_prog_info>() as u32;
    // SAFETY: as above; the kernel ends the name with a NUL.
    unsafe {
        let found = bpf::bpf_prog_get_info_by_fd(program, &mut info, &mut size) == 0;
        found.then(|| CStr::from_ptr(info.name.as_ptr()).to_string_lossy().into_owned())
    }
}

/// A descriptor of the program of a number, which only some processes get; else an errno.
pub fn descriptor(number: u32) -> Result<OwnedFd, i32> {
    // SAFETY: a number; the descriptor is nobody else's.
    unsafe {
        let fd = bpf::bpf_prog_get_fd_by_id(number);
        if fd < 0 { Err(errno()) } else { Ok(OwnedFd::from_raw_fd(fd)) }
    }
}

/// The number of a map.
pub fn map_number(map: RawFd) -> Option<u32> {
    let mut info = bpf::bpf_map_info::default();
    let mut size = size_of::<bpf::bpf_map_info>() as u32;
    // SAFETY: the kernel fills at most `size` bytes of a zeroed struct.
    (unsafe { bpf::bpf_map_get_info_by_fd(map, &mut info, &mut size) } == 0).then_some(info.id)
}

/// A descriptor of the map of a number, as `descriptor`.
pub fn map_descriptor(number: u32) -> Result<OwnedFd, i32> {
    // SAFETY: a number; the descriptor is nobody else's.
    unsafe {
        let fd = bpf::bpf_map_get_fd_by_id(number);
        if fd < 0 { Err(errno()) } else { Ok(OwnedFd::from_raw_fd(fd)) }
    }
}
