//! Work while the program waits, in `wait`, `sleep` and `dispatch`: the prints of programs are copied, and ended attachments are noticed.

use crate::kernel::program;
use std::time::Duration;

/// What a program with BPF code does while it waits and at its end.
pub struct Session {
    /// Copies the prints of BPF code.
    pub copy: fn(),
    /// Looks for attachments that have ended.
    pub look: fn(),
    /// How long to wait at most until the next look; none if there is nothing to look for.
    pub pause: fn() -> Option<Duration>,
    /// Copies the last prints, and detaches everything.
    pub end: fn(),
}

/// None in an executable without BPF code.
fn session() -> Option<&'static Session> {
    // SAFETY: the compiler points to `ks_session`, or to nothing.
    unsafe { program::session().cast::<Session>().as_ref() }
}

/// Copies the prints of programs, and looks for attachments that have ended.
pub fn work() {
    copy();
    if let Some(session) = session() {
        (session.look)();
    }
}

/// Copies the prints of programs.
pub fn copy() {
    if let Some(session) = session() {
        (session.copy)();
    }
}

/// Copies the last prints, and detaches everything.
pub fn end() {
    if let Some(session) = session() {
        (session.end)();
    }
}

/// How long to wait at most, until the time is over or there is something to do.
pub fn limited(left: Option<Duration>) -> Option<libc::timespec> {
    let time = left.into_iter().chain(session().and_then(|session| (session.pause)())).min()?;
    let seconds = libc::time_t::try_from(time.as_secs()).unwrap_or(libc::time_t::MAX);
    Some(libc::timespec { tv_sec: seconds, tv_nsec: time.subsec_nanos().into() })
}
