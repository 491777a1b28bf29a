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

/// An eventfd that `on_cancel` makes readable, for waits to end; −1 before the first one.
static WAKE: AtomicI32 = AtomicI32::new(-1);
static ONE: u64 = 1;

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
    let wake = WAKE.load(Ordering::SeqCst);
    if wake >= 0 {
        // SAFETY: `write` is safe in a handler, and this one takes eight bytes, which are there. It fails only when the counter is full, so
        // that a wait ends in any case. `errno` stays what the interrupted code has left.
        unsafe {
            let errno = *libc::__errno_location();
            libc::write(wake, (&raw const ONE).cast(), size_of::<u64>());
            *libc::__errno_location() = errno;
        }
    }
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

/// How a wait notices a first signal.
pub enum Noticed {
    /// This descriptor, one of an eventfd, becomes readable.
    Readable(i32),
    /// The signal comes while the wait has this mask, and at no other time.
    Masked(libc::sigset_t),
}

impl Noticed {
    /// For `ppoll`: null where the mask stays as it is.
    pub fn mask(&self) -> *const libc::sigset_t {
        match self {
            Noticed::Readable(_) => ptr::null(),
            Noticed::Masked(mask) => mask,
        }
    }

    /// To wait for besides.
    pub fn descriptor(&self) -> Option<i32> {
        match self {
            Noticed::Readable(descriptor) => Some(*descriptor),
            Noticed::Masked(_) => None,
        }
    }

    /// The descriptor was readable: the next wait waits again.
    pub fn noticed(&self) {
        let mut count = 0_u64;
        if let Noticed::Readable(descriptor) = self {
            // SAFETY: room for eight bytes. A descriptor of another copy of the process may be empty again, and does not block.
            unsafe { libc::read(*descriptor, (&raw mut count).cast(), size_of::<u64>()) };
        }
    }
}

/// Runs `sleep`, in which no signal is lost that comes between a test of `PENDING` and the wait. A parent may have blocked the signals: then
/// they stay blocked but for the wait.
pub fn with_signals_noticed<R>(sleep: impl FnOnce(&Noticed) -> R) -> R {
    match wake() {
        Some(descriptor) => sleep(&Noticed::Readable(descriptor)),
        None => with_signals_blocked(sleep),
    }
}

/// The eventfd, which is made at the first wait; none where there is none to be had, or a signal is blocked.
fn wake() -> Option<i32> {
    match WAKE.load(Ordering::SeqCst) {
        -1 if is_one_blocked() => {}
        -1 => {
            // SAFETY: makes a descriptor.
            let made = unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) };
            WAKE.store(if made < 0 { NO_WAKE } else { made }, Ordering::SeqCst);
        }
        _ => {}
    }
    Some(WAKE.load(Ordering::SeqCst)).filter(|&descriptor| descriptor >= 0)
}

/// In `WAKE`: waits do without.
const NO_WAKE: i32 = -2;

fn is_one_blocked() -> bool {
    // SAFETY: the set is initialised, and filled with the mask, which stays as it is.
    let is_blocked = unsafe {
        let mut mask: libc::sigset_t = MaybeUninit::zeroed().assume_init();
        libc::sigprocmask(libc::SIG_BLOCK, ptr::null(), &mut mask);
        libc::sigismember(&mask, libc::SIGINT) == 1 || libc::sigismember(&mask, libc::SIGTERM) == 1
    };
    if is_blocked {
        WAKE.store(NO_WAKE, Ordering::SeqCst);
    }
    is_blocked
}

/// Makes the next wait of this process, a copy of another one, have a descriptor of its own: the other one may be waiting too.
pub fn copied() {
    if let old @ 0.. = WAKE.swap(-1, Ordering::SeqCst) {
        // SAFETY: a descriptor of this file.
        unsafe { libc::close(old) };
    }
}

/// Runs `sleep` with SIGINT and SIGTERM blocked.
fn with_signals_blocked<R>(sleep: impl FnOnce(&Noticed) -> R) -> R {
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
        let result = sleep(&Noticed::Masked(open));
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
