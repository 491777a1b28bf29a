//! The process that this one replaces.

use super::folder::Links;
use crate::kernel::errors::{complain, errno, reason};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::ptr;

/// Asks the owner of an attachment to end, by SIGTERM, if it is still that process.
pub fn end(links: &Links, key: u64, owner: i32) {
    if owner == 0 {
        complain("a process of another namespace has been replaced, and cannot be told: stop it");
        return;
    }
    // SAFETY: a number; the result is nobody else's descriptor.
    let process = unsafe { libc::syscall(libc::SYS_pidfd_open, owner, 0) };
    let Ok(process) = i32::try_from(process) else { return };
    if process < 0 {
        return;
    }
    // SAFETY: just opened.
    let process = unsafe { OwnedFd::from_raw_fd(process) };
    // The descriptor stays with the process that has it; its number might be another one's by now.
    if !links.is_owner(key, owner) {
        return;
    }
    let nothing = ptr::null::<libc::siginfo_t>();
    // SAFETY: a descriptor of a process; no information goes with the signal.
    let sent = unsafe { libc::syscall(libc::SYS_pidfd_send_signal, process.as_raw_fd(), libc::SIGTERM, nothing, 0) };
    if sent != 0 && errno() != libc::ESRCH {
        complain(&format!("the process {owner} has been replaced, and cannot be told: {}", reason(errno())));
    }
}
