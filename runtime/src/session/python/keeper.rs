//! A process that detaches, when the process that became Python has ended, what the kernel would keep: filters of clsact, programs on sockets
//! and maps, struct_ops without links. Links need none: they end with their descriptors.

use crate::kernel::end::leave;
use crate::link::links::LINKS;

/// Makes the process where something needs it. It is no child of the caller, so that Python does not wait for it.
pub fn start() {
    if !LINKS.borrow().iter().flatten().any(|entry| entry.attached.links().is_empty()) {
        return;
    }
    // SAFETY: calls without memory; this library has one thread.
    unsafe {
        let caller = libc::syscall(libc::SYS_pidfd_open, libc::getpid(), 0) as i32;
        if caller < 0 {
            return;
        }
        match libc::fork() {
            0 => {
                libc::setsid();
                if libc::fork() != 0 {
                    libc::_exit(0);
                }
                wait(caller)
            }
            -1 => {}
            child => {
                libc::waitpid(child, std::ptr::null_mut(), 0);
            }
        }
        libc::close(caller);
    }
}

/// Until the process of the descriptor ends; then detaches everything.
fn wait(caller: i32) -> ! {
    // Whoever reads what Python prints must not wait for this process.
    // SAFETY: a NUL-terminated path, descriptors, and one pollfd.
    unsafe {
        let null = libc::open(c"/dev/null".as_ptr(), libc::O_RDWR | libc::O_CLOEXEC);
        for fd in 0..=2 {
            libc::dup2(null, fd);
        }
        let mut poll = libc::pollfd { fd: caller, events: libc::POLLIN, revents: 0 };
        while libc::poll(&mut poll, 1, -1) < 1 {}
    }
    leave(0)
}
