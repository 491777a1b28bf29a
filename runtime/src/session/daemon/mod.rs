//! `daemon()`: the program goes on in a child process without a terminal, and the parent ends, once it has told a service manager.
//!
//! Links and maps are file descriptors, which the child shares. The parent ends without detaching anything; its exit handlers
//! do not run.

mod manager;
mod pid_file;

use super::events;
use crate::kernel::errors::{complain, errno, reason};
use crate::kernel::program::bounded;
use crate::kernel::{end, escape, output, signals};
use crate::link::keeper::{self, KEEPER};
use crate::object::arenas;
use pid_file::{PidFile, Refused};
use std::ffi::c_char;
use std::os::fd::RawFd;
use std::sync::OnceLock;

/// `daemon`: goes on in a child in the background, with all links and maps, and yields 0 there; the parent ends with status 0. Without a
/// child, or where another process holds the pid file, if one is named: −errno, printed.
///
/// # Safety
/// `pid_file` is readable up to its NUL, or for `size` bytes; null for none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ks_daemon(pid_file: *const c_char, size: u64) -> i32 {
    // SAFETY: as the caller promises.
    let path = unsafe { bounded(pid_file, usize::try_from(size).unwrap_or(0)) };
    let path = String::from_utf8_lossy(path).into_owned();
    let file = (!path.is_empty()).then(|| PidFile::take(&path));
    let pid_file = match file {
        None => Pid::None,
        Some(Ok(file)) => Pid::Taken(file),
        Some(Err(Refused::Held(owner))) if KEEPER.get().is_some_and(|keeper| (keeper.replaced)().contains(&owner)) => {
            Pid::Later(path)
        }
        Some(Err(refused)) => return not_taken(&path, &refused),
    };
    keeper::update();
    detach(pid_file)
}

/// The pid file of a daemon.
enum Pid {
    None,
    Taken(PidFile),
    /// The process that this one replaces holds the file of this path until it ends.
    Later(String),
}

/// A `daemon()` whose result nothing asks for: a failure ends the process with 1.
#[unsafe(no_mangle)]
pub extern "C" fn ks_daemon_check(result: i32) {
    if result < 0 {
        end::leave(1);
    }
}

fn not_taken(path: &str, refused: &Refused) -> i32 {
    let path = escape::value(path);
    match *refused {
        Refused::Held(0) => complain(&format!("daemon: another process holds the pid file {path}")),
        Refused::Held(owner) => complain(&format!("daemon: the process {owner} holds the pid file {path}")),
        Refused::Failed(code) => {
            complain(&format!("daemon: the pid file {path}: {}", reason(code)));
            return -code;
        }
    }
    -libc::EEXIST
}

static BEFORE: OnceLock<fn()> = OnceLock::new();

/// Does something before the process goes into the background.
pub fn before(act: fn()) {
    let _ = BEFORE.set(act);
}

fn detach(pid_file: Pid) -> i32 {
    if let Some(act) = BEFORE.get() {
        act();
    }
    let mut pipe = [0; 2];
    // SAFETY: room for two descriptors.
    if unsafe { libc::pipe2(pipe.as_mut_ptr(), libc::O_CLOEXEC) } != 0 {
        return refused(errno(), pid_file);
    }
    let [ready, report] = pipe;
    // SAFETY: this library has one thread.
    match unsafe { libc::fork() } {
        -1 => {
            let code = errno();
            close(ready);
            close(report);
            refused(code, pid_file)
        }
        0 => {
            close(ready);
            go_on(pid_file, report);
            close(report);
            0
        }
        child => {
            close(report);
            end_parent(ready, child)
        }
    }
}

/// The child, which writes a byte when it goes on, and another one when it has its pid file.
fn go_on(pid_file: Pid, report: RawFd) {
    if let Some(keeper) = KEEPER.get() {
        (keeper.inherit)();
    }
    detach_from_terminal();
    signals::copied();
    events::reopen();
    arenas::map_again();
    manager::say_at_end();
    // SAFETY: one byte. The parent waits for it, so that the buffers of perf events live on.
    let done = || unsafe { libc::write(report, [0_u8].as_ptr().cast(), 1) };
    match pid_file {
        Pid::None => {}
        Pid::Taken(file) => file.keep(),
        Pid::Later(path) => {
            done();
            match PidFile::take_after(&path) {
                Ok(file) => file.keep(),
                // The links are taken over already.
                Err(refused) => drop(not_taken(&path, &refused)),
            }
        }
    }
    done();
}

/// Ends the process once the child goes on and has its pid file; with 1 if it ended. A service manager listens to its main process, which is
/// this one up to here, and hears of the child before the process ends that this one replaces.
fn end_parent(ready: RawFd, child: i32) -> ! {
    let goes_on = one_byte(ready);
    if goes_on {
        manager::ready(child);
        keeper::tell();
        one_byte(ready);
    }
    // SAFETY: ends the process without its exit handlers, which would remove what the child has attached.
    unsafe { libc::_exit(i32::from(!goes_on)) }
}

/// Waits for a byte; false at the end of the pipe.
fn one_byte(pipe: RawFd) -> bool {
    let mut byte = 0_u8;
    loop {
        // SAFETY: room for one byte.
        let read = unsafe { libc::read(pipe, (&raw mut byte).cast(), 1) };
        if read >= 0 || errno() != libc::EINTR {
            return read == 1;
        }
    }
}

fn refused(code: i32, pid_file: Pid) -> i32 {
    if let Pid::Taken(file) = pid_file {
        file.remove();
    }
    keeper::settle();
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
