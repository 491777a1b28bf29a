//! `spawn` and `kill`.

use crate::kernel::program::bounded;
use std::ffi::{OsStr, c_char};
use std::io;
use std::mem::MaybeUninit;
use std::os::unix::ffi::OsStrExt;
use std::process::{Child, Command};
use std::thread;

/// A thread that waits needs no more.
const STACK: usize = 64 << 10;

/// `spawn`: starts a program with the words up to the first empty one, the program found as a shell does. Its process, or a negative errno.
///
/// # Safety
/// `words` has `count` texts of `size` bytes each.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ks_spawn(words: *const c_char, size: u64, count: u64) -> i32 {
    let (size, count) = (size as usize, count as usize);
    // SAFETY: as the caller promises.
    let words = (0..count).map(|at| unsafe { bounded(words.add(at * size), size) });
    let mut words = words.take_while(|word| !word.is_empty()).map(OsStr::from_bytes);
    let Some(program) = words.next() else { return -libc::EINVAL };
    match Command::new(program).args(words).spawn() {
        Ok(child) => {
            let pid = child.id();
            reap(child);
            pid.cast_signed()
        }
        Err(error) => -error.raw_os_error().unwrap_or(libc::EINVAL),
    }
}

/// Waits for the end of a process in a thread, to which no signal goes: those of the program are for the main thread, whose waiting they
/// end. Without a thread the process stays a zombie until this one ends.
fn reap(mut child: Child) {
    let wait = move || {
        let _: io::Result<_> = child.wait();
    };
    // SAFETY: both sets are written before they are read.
    unsafe {
        let (mut all, mut before) = (MaybeUninit::uninit(), MaybeUninit::uninit());
        libc::sigfillset(all.as_mut_ptr());
        libc::pthread_sigmask(libc::SIG_BLOCK, all.as_ptr(), before.as_mut_ptr());
        drop(thread::Builder::new().stack_size(STACK).spawn(wait));
        libc::pthread_sigmask(libc::SIG_SETMASK, before.as_ptr(), std::ptr::null_mut());
    }
}

/// `kill`: 0 or a negative errno. A number that is not above 0 names no process, but several: it is −EINVAL.
#[unsafe(no_mangle)]
pub extern "C" fn ks_kill(pid: i32, signal: i32) -> i32 {
    if pid <= 0 {
        return -libc::EINVAL;
    }
    // SAFETY: no memory is passed.
    match unsafe { libc::kill(pid, signal) } {
        0 => 0,
        _ => -io::Error::last_os_error().raw_os_error().unwrap_or(libc::EIO),
    }
}
