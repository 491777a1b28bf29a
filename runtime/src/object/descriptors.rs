//! Whether this process has descriptors for what it loads. libbpf tries what the kernel has before it loads, takes a lack of descriptors
//! for a lack of a feature, and then hands the verifier a program without its maps.

use super::parts::programs;
use libbpf_sys as bpf;
use std::os::fd::{FromRawFd, OwnedFd};

/// The type information, and what a trial of libbpf takes.
const BESIDES: usize = 2;

/// Loads an opened object: 0 or −errno.
pub fn load(object: *mut bpf::bpf_object) -> i32 {
    // The maps of an opened object have descriptors already.
    // SAFETY: programs of an open object.
    let wanted = programs(object).filter(|&program| unsafe { bpf::bpf_program__autoload(program) }).count();
    if !has_free(wanted + BESIDES) {
        return -libc::EMFILE;
    }
    // SAFETY: an open object.
    unsafe { bpf::bpf_object__load(object) }
}

fn has_free(count: usize) -> bool {
    let taken: Vec<OwnedFd> = (0..count)
        .map_while(|_| {
            // SAFETY: standard error is open from the start on; the result is nobody else's.
            unsafe {
                let fd = libc::fcntl(2, libc::F_DUPFD_CLOEXEC, 0);
                (fd >= 0).then(|| OwnedFd::from_raw_fd(fd))
            }
        })
        .collect();
    taken.len() == count
}
