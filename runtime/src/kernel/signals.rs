//! Ctrl-C. The first SIGINT or SIGTERM is remembered: the running or the next `wait()`, `sleep()` or `dispatch()` takes it and
//! returns at once; a loop without such a call asks `ks_cancelled` in each iteration. The second
//! one ends the process from inside the handler, which therefore does only what is safe there.

use super::time;
use std::mem::MaybeUninit;
use std::ptr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::time::Duration;

/// The signal that nobody has taken yet, or 0.
static PENDING: AtomicI32 = AtomicI32::new(0);
/// A first signal has come, taken or not.
static ASKED: AtomicBool = AtomicBool::new(false);
/// Removes what would stay behind; safe inside a handler.
static CLEAN_UP: OnceLock<fn()> = OnceLock::new();

/// Safe in a handler.
pub fn clean_up() {
    if let Some(clean_up) = CLEAN_UP.get() {
        clean_up();
    }
}

/// In `PENDING`: nothing is attached any more.
const NOTHING_LEFT: i32 = -1;

/// What a shell reports for a process that a signal ended.
fn status_of(signal: i32) -> i32 {
    if signal == NOTHING_LEFT { 1 } else { 128 + signal }
}

/// Ends the running wait as a first signal does, which the user may still send.
pub fn end_wait() {
    // A signal that nobody has taken yet ends it too.
    PENDING.compare_exchange(0, NOTHING_LEFT, Ordering::SeqCst, Ordering::SeqCst).ok();
}

extern "C" fn on_cancel(signal: i32) {
    if ASKED.swap(true, Ordering::SeqCst) {
        clean_up();
        // SAFETY: ends the process; links go with their file descriptors.
        unsafe { libc::_exit(status_of(signal)) };
    }
    PENDING.store(signal, Ordering::SeqCst);
}

/// Handles Ctrl-C.
pub fn install() {
    for signal in [libc::SIGINT, libc::SIGTERM] {
        handle(signal, on_cancel, libc::SA_RESTART);
    }
    // Where the reader of standard output has gone, the write that fails ends the program (`end::reader_gone`). What the program starts has
    // the default action again, which it would not have of an ignored signal.
    handle(libc::SIGPIPE, on_closed_pipe, libc::SA_RESTART);
}

extern "C" fn on_closed_pipe(_signal: i32) {}

/// Removes what would stay behind by `clean_up`, which is safe in a handler. Signals that end a process by default get a handler that does so
/// first; `overflow.rs` has that of SIGSEGV.
pub fn clean_up_on_death(by: fn()) {
    let _ = CLEAN_UP.set(by);
    extern "C" fn on_death(signal: i32) {
        clean_up();
        // SA_RESETHAND has restored the default action.
        // SAFETY: raise is safe in a handler; the signal arrives when the handler returns.
        unsafe { libc::raise(signal) };
    }
    for signal in [libc::SIGHUP, libc::SIGQUIT, libc::SIGABRT, libc::SIGBUS, libc::SIGFPE, libc::SIGILL, libc::SIGALRM]
    {
        handle(signal, on_death, libc::SA_RESETHAND);
    }
}

fn handle(signal: i32, handler: extern "C" fn(i32), flags: i32) {
    // SAFETY: a zeroed sigaction is valid, and the handler has the plain one-argument form.
    unsafe {
        let mut action: libc::sigaction = MaybeUninit::zeroed().assume_init();
        action.sa_sigaction = handler as *const () as usize;
        action.sa_flags = flags;
        libc::sigemptyset(&mut action.sa_mask);
        libc::sigaction(signal, &action, ptr::null_mut());
    }
}

/// Runs `sleep` with SIGINT and SIGTERM blocked, giving it the mask to wait with, so that a signal between the test of
/// `PENDING` and the wait is not lost.
pub fn with_signals_blocked<R>(sleep: impl FnOnce(&libc::sigset_t) -> R) -> R {
    // SAFETY: both sets are initialised before use; the old mask is put back.
    unsafe {
        let mut blocked: libc::sigset_t = MaybeUninit::zeroed().assume_init();
        let mut before: libc::sigset_t = MaybeUninit::zeroed().assume_init();
        libc::sigemptyset(&mut blocked);
        libc::sigaddset(&mut blocked, libc::SIGINT);
        libc::sigaddset(&mut blocked, libc::SIGTERM);
        libc::sigprocmask(libc::SIG_BLOCK, &blocked, &mut before);
        // Waiting lets both in even if a parent had blocked them.
        let mut open = before;
        libc::sigdelset(&mut open, libc::SIGINT);
        libc::sigdelset(&mut open, libc::SIGTERM);
        let result = sleep(&open);
        libc::sigprocmask(libc::SIG_SETMASK, &before, ptr::null_mut());
        result
    }
}

/// Takes the signal that nobody has taken yet: the status of a process that it ends, or 0.
pub fn taken_status() -> i32 {
    match PENDING.swap(0, Ordering::SeqCst) {
        0 => 0,
        signal => status_of(signal),
    }
}

/// Whether a signal came that nobody has taken yet.
pub fn pending() -> bool {
    PENDING.load(Ordering::Relaxed) != 0
}

/// The signal that nobody has taken yet, or 0.
pub fn flag() -> &'static AtomicI32 {
    &PENDING
}

/// Takes the signal that nobody has taken yet, if there is one.
pub fn take() -> bool {
    PENDING.swap(0, Ordering::SeqCst) != 0
}

/// For functions of C that take null for no time.
pub fn optional(time: &Option<libc::timespec>) -> *const libc::timespec {
    time.as_ref().map_or(ptr::null(), ptr::from_ref)
}

/// The time since boot, without suspension (CLOCK_MONOTONIC).
pub fn monotonic() -> Duration {
    Duration::from_nanos(time::ks_now_ns())
}
