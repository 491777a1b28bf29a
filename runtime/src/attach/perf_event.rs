//! Perf events: counters and samples of the hardware and the kernel.

use crate::errors::errno;
use libbpf_sys as bpf;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

/// The number of a CPU; −1 is every one that the process is on.
#[derive(Clone, Copy)]
pub struct Cpu(pub i32);

/// `PERF_FLAG_FD_CLOEXEC` of include/uapi/linux/perf_event.h.
const CLOSE_ON_EXEC: libc::c_ulong = 8;

/// An event, of a process (−1: of all) on a CPU, perhaps in the group of another event; or an errno.
pub fn open(attributes: &bpf::perf_event_attr, pid: i32, cpu: Cpu, leader: Option<&OwnedFd>) -> Result<OwnedFd, i32> {
    let leader = leader.map_or(-1, AsRawFd::as_raw_fd);
    let attributes = std::ptr::from_ref(attributes);
    // SAFETY: attributes of their own size; the descriptor is nobody else's.
    unsafe {
        let event = libc::syscall(libc::SYS_perf_event_open, attributes, pid, cpu.0, leader, CLOSE_ON_EXEC);
        if event < 0 { Err(errno()) } else { Ok(OwnedFd::from_raw_fd(event as i32)) }
    }
}
