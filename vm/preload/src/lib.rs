//! The machine in a process that is linked with libbpf, without a change to its executable: `LD_PRELOAD` names this library, whose functions
//! take the place of libc's. They answer `bpf(2)`, map ring buffers, and wait in virtual time; all else they hand on.
//!
//! `calls.rs` has what libc's functions are called by, `waits.rs` the functions that take time, `memory.rs` those that map.

mod calls;
mod memory;
mod waits;

use ks_vm::syscall::Kernel;
use ks_vm::{Fault, FaultKind};
use std::cell::Cell;
use std::ffi::{c_char, c_int, c_long, c_ulong};
use std::sync::Mutex;

/// The machine of the process, made when it is first asked for.
struct Machine(Kernel);

// SAFETY: the machine is behind a lock, and what it shares within itself it does not hand out.
unsafe impl Send for Machine {}

static MACHINE: Mutex<Option<Machine>> = Mutex::new(None);

thread_local! {
    /// Whether this thread is in the machine, whose own calls are libc's.
    static IS_INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// Does something with the machine; None if the machine itself calls.
fn with<R>(act: impl FnOnce(&mut Kernel) -> R) -> Option<R> {
    if IS_INSIDE.replace(true) {
        return None;
    }
    let mut held = MACHINE.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let machine = held.get_or_insert_with(|| Machine(Kernel::new(cpus())));
    let result = act(&mut machine.0);
    drop(held);
    IS_INSIDE.set(false);
    Some(result)
}

/// How many values libbpf expects of entries of per-CPU maps: the last CPU of a list as `0-3,7`, plus one.
fn cpus() -> usize {
    let list = std::fs::read_to_string("/sys/devices/system/cpu/possible").unwrap_or_default();
    let last = list.trim().rsplit([',', '-']).next().and_then(|last| last.parse::<usize>().ok());
    last.map_or(1, |last| last + 1)
}

/// `syscall(2)`, by which libbpf calls `bpf(2)`.
///
/// # Safety
/// As that of libc.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn syscall(
    number: c_long,
    a: c_long,
    b: c_long,
    c: c_long,
    d: c_long,
    e: c_long,
    f: c_long,
) -> c_long {
    if number == libc::SYS_bpf {
        // SAFETY: as the caller promises.
        let answer = with(|kernel| unsafe { kernel.bpf(a as u32, b as *mut u8, c as usize) });
        if let Some(answer) = answer {
            show();
            return calls::answer(answer);
        }
    }
    if number == libc::SYS_perf_event_open {
        // SAFETY: as the caller promises.
        let answer = with(|kernel| unsafe { kernel.open_event(a as *const u8) });
        if let Some(answer) = answer {
            return calls::answer(answer);
        }
    }
    // SAFETY: as the caller promises.
    unsafe { calls::system(number, [a, b, c, d, e, f]) }
}

/// `ioctl(2)`, by which libbpf switches buffers of events on.
///
/// # Safety
/// As that of libc.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ioctl(fd: c_int, request: c_ulong, argument: c_long) -> c_int {
    if with(|kernel| kernel.is_event(fd)) == Some(true) {
        return 0;
    }
    // SAFETY: as the caller promises.
    unsafe { calls::system(libc::SYS_ioctl, [fd.into(), request as c_long, argument, 0, 0, 0]) as c_int }
}

/// Prints the lines that programs have sent to the trace pipe, which a process has for itself here.
fn show() {
    let lines = with(|kernel| kernel.vm().take_printed()).unwrap_or_default();
    for line in lines {
        let line = format!("{}\n", line.trim_end_matches('\n'));
        // SAFETY: as many bytes as the line has. Where nobody reads, the process learns of it by its own prints.
        unsafe { libc::write(1, line.as_ptr().cast(), line.len()) };
    }
}

/// Nothing went wrong.
const NOTHING: c_int = 0;
/// A program did what it must not.
const WRONG: c_int = 1;
/// The machine has not what a program asks for; the text is its name.
const LACKS: c_int = 2;

/// Why the last call failed, if the machine knows: the kind, and a text of at most so many bytes, which ends with a zero. Forgets it.
///
/// # Safety
/// The text has so much room.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ks_machine_fault(text: *mut c_char, room: usize) -> c_int {
    let Some(Some(fault)) = with(|kernel| kernel.take_fault()) else { return NOTHING };
    let (kind, words) = match fault {
        Fault { kind: FaultKind::Lacks, message, .. } => (LACKS, message),
        fault @ Fault { kind: FaultKind::Wrong, .. } => (WRONG, fault.to_string()),
    };
    if let Some(last) = room.checked_sub(1) {
        let size = words.len().min(last);
        // SAFETY: as the caller promises.
        unsafe {
            std::ptr::copy_nonoverlapping(words.as_ptr(), text.cast(), size);
            text.add(size).write(0);
        }
    }
    kind
}
