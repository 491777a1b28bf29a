//! The counters of an executable for coverage go to the file that `KS_TEST_COVERAGE` names: first those of user space, then, from a multiple of
//! their size on, those of BPF code, each 64 bits in the order of bytes of the machine.
//!
//! The counters of user space are mapped memory of the file, so that no end of the process loses any. Those of BPF code are in the
//! memory of the object, and are copied behind each run of a program and at the end.

use super::state::{STATE, State};
use super::variables;
use crate::kernel::end::die;
use crate::kernel::program::{self, MainThread};
use std::cell::RefCell;
use std::fs::File;
use std::os::fd::AsRawFd;
use std::os::unix::fs::FileExt;

/// The file, the size of each half, and the index of the global that has the counters of BPF code.
static KEPT: MainThread<RefCell<Option<(File, u64, u32)>>> = MainThread::new(RefCell::new(None));

/// See abi.rs.
#[unsafe(no_mangle)]
pub extern "C" fn ks_coverage(counters: *mut u8, size: u64, global: u32) {
    let Some(path) = std::env::var_os("KS_TEST_COVERAGE") else { return };
    let file = File::options().read(true).write(true).open(&path).and_then(|file| {
        file.set_len(2 * size)?;
        Ok(file)
    });
    let file = match file {
        Ok(file) => file,
        Err(error) => die(1, &format!("cannot write `{}`: {error}", path.display())),
    };
    let length = usize::try_from(size).unwrap_or(0);
    // SAFETY: the counters fill whole pages, which nothing else is in.
    let mapped = unsafe {
        let (access, flags) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED | libc::MAP_FIXED);
        libc::mmap(counters.cast(), length, access, flags, file.as_raw_fd(), 0)
    };
    if mapped == libc::MAP_FAILED {
        die(1, &format!("cannot map `{}`: {}", path.display(), std::io::Error::last_os_error()));
    }
    KEPT.replace(Some((file, size, global)));
    // SAFETY: a plain function. Without a slot for it the runs of programs still are counted.
    unsafe { libc::atexit(at_exit) };
}

extern "C" fn at_exit() {
    keep();
}

/// Copies the counters of BPF code.
pub fn keep() {
    let kept = KEPT.borrow();
    let (Some((file, at, global)), State::Loaded(object)) = (&*kept, STATE.get()) else { return };
    let Some(global) = program::globals().get(*global as usize) else { return };
    let Some(counters) = variables::find(object, global) else { return };
    let length = usize::try_from(global.size).unwrap_or(0);
    let counts: Vec<u8> = (0..length)
        // SAFETY: within the variable. Programs may count at the same time.
        .map(|offset| unsafe { counters.add(offset).read_volatile() })
        .collect();
    // A file that cannot be written lacks what this run has counted; the test goes on.
    let _ = file.write_all_at(&counts, *at);
}
