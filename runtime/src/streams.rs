//! The streams of programs: what BPF code prints where the kernel has them (Documentation/bpf, Linux 6.17), copied to standard output. The
//! kernel wakes nobody up, so whoever waits looks again and again.

use crate::errors::write_all;
use crate::load;
use crate::program::MainThread;
use libbpf_sys as bpf;
use std::cell::{Cell, RefCell};
use std::os::fd::{AsRawFd, OwnedFd};
use std::ptr;
use std::time::Duration;

/// The function of the kernel that programs print by.
const PRINTS: &std::ffi::CStr = c"bpf_stream_vprintk_impl";
/// `enum bpf_stream_id` of include/linux/bpf.h
const BPF_STDOUT: u32 = 1;
/// How long nobody looks.
const PAUSE: Duration = Duration::from_millis(50);

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Unknown,
    /// Nothing prints, or it prints elsewhere.
    Off,
    On,
}

static STATE: MainThread<Cell<State>> = MainThread::new(Cell::new(State::Unknown));
/// Programs besides those of the object.
static COPIES: MainThread<RefCell<Vec<OwnedFd>>> = MainThread::new(RefCell::new(Vec::new()));

/// A program that is loaded a second time has a stream of its own.
pub fn also(program: &OwnedFd) {
    if let Ok(own) = program.try_clone() {
        COPIES.borrow_mut().push(own);
    }
}

/// How long to wait at most, until the time is over or someone has to look.
pub fn limited(left: Option<Duration>) -> Option<libc::timespec> {
    let pause = (STATE.get() == State::On).then_some(PAUSE);
    let time = left.into_iter().chain(pause).min()?;
    let seconds = libc::time_t::try_from(time.as_secs()).unwrap_or(libc::time_t::MAX);
    Some(libc::timespec { tv_sec: seconds, tv_nsec: time.subsec_nanos().into() })
}

/// Copies what programs have printed since the last time.
pub fn copy() {
    let Some(object) = load::loaded_already() else { return };
    if STATE.get() == State::Unknown {
        STATE.set(if prints(object) { State::On } else { State::Off });
    }
    if STATE.get() == State::Off {
        return;
    }
    let mut program = ptr::null_mut();
    loop {
        // SAFETY: a loaded object, and null or a program of it.
        let fd = unsafe {
            program = bpf::bpf_object__next_program(object, program);
            if program.is_null() { break } else { bpf::bpf_program__fd(program) }
        };
        if fd >= 0 {
            copy_of(fd);
        }
    }
    COPIES.borrow().iter().for_each(|copy| copy_of(copy.as_raw_fd()));
}

fn copy_of(program: i32) {
    let mut text = [0_u8; 4096];
    loop {
        // SAFETY: a program's descriptor, and room for so many bytes.
        let read = unsafe {
            bpf::bpf_prog_stream_read(program, BPF_STDOUT, text.as_mut_ptr().cast(), text.len() as u32, ptr::null_mut())
        };
        match usize::try_from(read) {
            Ok(0) => return,
            Ok(read) => write_all(1, text.get(..read).unwrap_or(&text)),
            // Kernels without streams refuse the call.
            Err(_) => return STATE.set(State::Off),
        }
    }
}

/// Whether a program of the object prints.
fn prints(object: *mut bpf::bpf_object) -> bool {
    // SAFETY: BTF that libbpf has checked, or null.
    unsafe {
        let btf = bpf::bpf_object__btf(object);
        !btf.is_null() && bpf::btf__find_by_name_kind(btf, PRINTS.as_ptr(), bpf::BTF_KIND_FUNC) > 0
    }
}
