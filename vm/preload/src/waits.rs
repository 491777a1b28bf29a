//! Functions that read the clock or wait: in virtual time, in which timers of programs go off. What is readable is asked of the kernel, which
//! waits itself only where nothing in the machine would end the wait.

use crate::{calls, with};
use libc::{epoll_event, pollfd, sigset_t, timespec};
use std::ffi::{c_int, c_long};
use std::ptr;
use std::sync::OnceLock;

const SECOND: u64 = 1_000_000_000;
const MILLISECOND: u64 = 1_000_000;
/// Bytes of a set of signals, as the kernel counts.
const SIGNALS: c_long = 8;

fn nanoseconds(time: &timespec) -> u64 {
    (time.tv_sec as u64).saturating_mul(SECOND).saturating_add(time.tv_nsec as u64)
}

fn now() -> u64 {
    with(|kernel| kernel.vm().now()).unwrap_or_default()
}

/// The kernel's time of a clock.
fn real(clock: libc::clockid_t, time: &mut timespec) -> c_int {
    let arguments = [clock.into(), ptr::from_mut(time) as c_long, 0, 0, 0, 0];
    // SAFETY: a struct that the kernel fills.
    unsafe { calls::system(libc::SYS_clock_gettime, arguments) as c_int }
}

/// How much later the clock of the day is than the virtual one: it was right when the process first asked.
fn epoch() -> u64 {
    static EPOCH: OnceLock<u64> = OnceLock::new();
    *EPOCH.get_or_init(|| {
        let mut time = timespec { tv_sec: 0, tv_nsec: 0 };
        real(libc::CLOCK_REALTIME, &mut time);
        nanoseconds(&time).saturating_sub(now())
    })
}

/// How much later a clock is than the virtual time; None for clocks of other things.
fn ahead(clock: libc::clockid_t) -> Option<u64> {
    match clock {
        libc::CLOCK_MONOTONIC | libc::CLOCK_MONOTONIC_RAW | libc::CLOCK_MONOTONIC_COARSE | libc::CLOCK_BOOTTIME => {
            Some(0)
        }
        libc::CLOCK_REALTIME | libc::CLOCK_REALTIME_COARSE | libc::CLOCK_TAI => Some(epoch()),
        _ => None,
    }
}

/// # Safety
/// As that of libc.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clock_gettime(clock: libc::clockid_t, time: *mut timespec) -> c_int {
    // SAFETY: as the caller promises.
    let time = unsafe { &mut *time };
    let virtual_time = ahead(clock).and_then(|ahead| Some(with(|kernel| kernel.read_clock())?.saturating_add(ahead)));
    let Some(found) = virtual_time else { return real(clock, time) };
    (time.tv_sec, time.tv_nsec) = ((found / SECOND) as i64, (found % SECOND) as i64);
    0
}

/// # Safety
/// As that of libc.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nanosleep(time: *const timespec, _left: *mut timespec) -> c_int {
    // SAFETY: as the caller promises.
    let time = nanoseconds(unsafe { &*time });
    pass_to(now().saturating_add(time));
    0
}

/// # Safety
/// As that of libc.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clock_nanosleep(
    clock: libc::clockid_t,
    flags: c_int,
    time: *const timespec,
    _left: *mut timespec,
) -> c_int {
    // SAFETY: as the caller promises.
    let time = nanoseconds(unsafe { &*time });
    let is_absolute = flags & libc::TIMER_ABSTIME != 0;
    let ahead = ahead(clock).unwrap_or_default();
    pass_to(if is_absolute { time.saturating_sub(ahead) } else { now().saturating_add(time) });
    0
}

fn pass_to(until: u64) {
    while with(|kernel| kernel.pass_to(until)) == Some(true) {}
}

/// Waits until `ask` says that something is there, or for so many nanoseconds. `ask` is told whether it is to wait itself.
fn wait(limit: Option<u64>, mut ask: impl FnMut(bool) -> c_long) -> c_int {
    let until = limit.map(|limit| now().saturating_add(limit));
    loop {
        with(|kernel| kernel.signal_all());
        let found = ask(false);
        if found != 0 || until.is_some_and(|until| now() >= until) {
            return found as c_int;
        }
        match until.or_else(|| with(|kernel| kernel.vm().next_timer()).flatten()) {
            Some(time) => with(|kernel| kernel.pass_to(time)),
            None => return ask(true) as c_int,
        };
    }
}

/// # Safety
/// As that of libc.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ppoll(
    fds: *mut pollfd,
    count: libc::nfds_t,
    limit: *const timespec,
    signals: *const sigset_t,
) -> c_int {
    let (given, limit) = {
        // SAFETY: as the caller promises.
        unsafe {
            let given = if count == 0 { &mut [] } else { std::slice::from_raw_parts_mut(fds, count as usize) };
            (given, limit.as_ref().map(nanoseconds))
        }
    };
    let events = |fd: &pollfd| with(|kernel| kernel.waits_for(fd.fd)).flatten().unwrap_or(fd.fd);
    let mut asked: Vec<pollfd> = given.iter().map(|fd| pollfd { fd: events(fd), ..*fd }).collect();
    let result = wait(limit, |waits| {
        let mut zero = timespec { tv_sec: 0, tv_nsec: 0 };
        let limit = if waits { ptr::null_mut() } else { ptr::from_mut(&mut zero) };
        let arguments = [asked.as_mut_ptr() as c_long, count as c_long, limit as c_long, signals as c_long, SIGNALS, 0];
        // SAFETY: the descriptors, a time, and signals as the caller promises.
        unsafe { calls::system(libc::SYS_ppoll, arguments) }
    });
    for (to, from) in given.iter_mut().zip(asked) {
        to.revents = from.revents;
    }
    result
}

/// # Safety
/// As that of libc.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn poll(fds: *mut pollfd, count: libc::nfds_t, limit: c_int) -> c_int {
    let limit =
        milliseconds(limit).map(|limit| timespec { tv_sec: (limit / SECOND) as i64, tv_nsec: (limit % SECOND) as i64 });
    let limit = limit.as_ref().map_or(ptr::null(), ptr::from_ref);
    // SAFETY: as the caller promises.
    unsafe { ppoll(fds, count, limit, ptr::null()) }
}

/// A negative number is no limit.
fn milliseconds(limit: c_int) -> Option<u64> {
    u64::try_from(limit).ok().map(|limit| limit * MILLISECOND)
}

/// # Safety
/// As that of libc.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn epoll_ctl(set: c_int, act: c_int, fd: c_int, event: *mut epoll_event) -> c_int {
    let fd = with(|kernel| kernel.waits_for(fd)).flatten().unwrap_or(fd);
    let arguments = [set.into(), act.into(), fd.into(), event as c_long, 0, 0];
    // SAFETY: as the caller promises.
    unsafe { calls::system(libc::SYS_epoll_ctl, arguments) as c_int }
}

/// # Safety
/// As that of libc.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn epoll_wait(set: c_int, events: *mut epoll_event, most: c_int, limit: c_int) -> c_int {
    // SAFETY: as the caller promises.
    unsafe { epoll_pwait(set, events, most, limit, ptr::null()) }
}

/// # Safety
/// As that of libc.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn epoll_pwait(
    set: c_int,
    events: *mut epoll_event,
    most: c_int,
    limit: c_int,
    signals: *const sigset_t,
) -> c_int {
    wait(milliseconds(limit), |waits| {
        let limit = if waits { -1 } else { 0 };
        let arguments = [set.into(), events as c_long, most.into(), limit, signals as c_long, SIGNALS];
        // SAFETY: as the caller promises.
        unsafe { calls::system(libc::SYS_epoll_pwait, arguments) }
    })
}
