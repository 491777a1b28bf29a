//! `daemon()`: the program goes on in a child process without a terminal, and the parent ends.
//!
//! Links and maps are file descriptors, which the child shares. The parent ends without detaching anything; its exit handlers
//! do not run.

use super::events;
use crate::kernel::errors::{complain, errno, reason};
use crate::kernel::{end, output};
use crate::object::arenas;
use std::os::fd::RawFd;

/// `daemon`: goes on in a child in the background, with all links and maps, and yields 0 there; the parent ends with status 0. Without a
/// child: −errno, printed.
#[unsafe(no_mangle)]
pub extern "C" fn ks_daemon() -> i32 {
    let mut pipe = [0; 2];
    // SAFETY: room for two descriptors.
    if unsafe { libc::pipe2(pipe.as_mut_ptr(), libc::O_CLOEXEC) } != 0 {
        return refused(errno());
    }
    let [ready, report] = pipe;
    // SAFETY: this library has one thread.
    match unsafe { libc::fork() } {
        -1 => {
            let code = errno();
            close(ready);
            close(report);
            refused(code)
        }
        0 => {
            close(ready);
            detach_from_terminal();
            events::reopen();
            arenas::map_again();
            // SAFETY: one byte. The parent waits for it, so that the buffers of perf events live on.
            unsafe { libc::write(report, [0_u8].as_ptr().cast(), 1) };
            close(report);
            0
        }
        _ => {
            close(report);
            end_parent(ready)
        }
    }
}

/// Ends the process once the child goes on; with 1 if it ended.
fn end_parent(ready: RawFd) -> ! {
    let mut byte = 0_u8;
    loop {
        // SAFETY: room for one byte.
        let read = unsafe { libc::read(ready, (&raw mut byte).cast(), 1) };
        if read < 0 && errno() == libc::EINTR {
            continue;
        }
        // SAFETY: ends the process without its exit handlers, which would remove what the child has attached.
        unsafe { libc::_exit(i32::from(read != 1)) }
    }
}

fn refused(code: i32) -> i32 {
    complain(&format!("daemon: cannot make a process: {}", reason(code)));
    -code
}

/// A session of its own in the root folder. A terminal or a pipe would keep its other end waiting; a file or a socket, such as that
/// of a log, stays.
fn detach_from_terminal() {
    // SAFETY: calls without memory but a NUL-terminated name and a zeroed struct that is filled.
    unsafe {
        libc::setsid();
        if libc::chdir(c"/".as_ptr()) != 0 {
            end::die(1, &format!("daemon: cannot enter /: {}", reason(errno())));
        }
        let null = libc::open(c"/dev/null".as_ptr(), libc::O_RDWR | libc::O_CLOEXEC);
        if null < 0 {
            return;
        }
        for fd in 0..=2 {
            let mut stat: libc::stat = std::mem::zeroed();
            let kind = if libc::fstat(fd, &mut stat) == 0 { stat.st_mode & libc::S_IFMT } else { libc::S_IFCHR };
            if fd == 0 || kind == libc::S_IFCHR || kind == libc::S_IFIFO {
                libc::dup2(null, fd);
                if fd == libc::STDOUT_FILENO {
                    output::reopened();
                }
            }
        }
        libc::close(null);
    }
}

fn close(fd: RawFd) {
    // SAFETY: a descriptor of this file, closed once.
    unsafe { libc::close(fd) };
}
