//! Work while the program waits, in `wait`, `sleep` and `dispatch`: the prints of programs are copied, ended attachments are noticed, and
//! metrics are served.

use crate::kernel::program::{self, MainThread};
use crate::kernel::signals::{self, Noticed};
use std::cell::Cell;
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

/// What serves the metrics of a program that has any. `KsMetrics::server`.
pub struct Server {
    /// Begins to listen at `[ADDRESS:]PORT`; false for another text. Ends the process with 3 where it cannot.
    pub open: fn(&[u8]) -> bool,
    /// Answers requests; whether a descriptor of `add` is known to be ready.
    pub work: fn(bool),
    /// Adds the descriptors to wait for, none before `open`.
    pub add: fn(&mut Vec<libc::pollfd>),
    /// How long to wait at most until the next work; none if only the descriptors say when.
    pub pause: fn() -> Option<Duration>,
}

/// A descriptor of the server was ready when the last wait ended.
static READY: MainThread<Cell<bool>> = MainThread::new(Cell::new(false));

/// None in an executable without metrics.
pub fn server() -> Option<&'static Server> {
    // SAFETY: the compiler points to `ks_metrics`, or to nothing.
    unsafe { program::metrics_server().cast::<Server>().as_ref() }
}

/// None in an executable without BPF code.
fn session() -> Option<&'static Session> {
    // SAFETY: the compiler points to `ks_session`, or to nothing.
    unsafe { program::session().cast::<Session>().as_ref() }
}

/// Copies the prints of programs, looks for attachments that have ended, and answers requests.
pub fn work() {
    copy();
    if let Some(session) = session() {
        (session.look)();
    }
    if let Some(server) = server() {
        (server.work)(READY.take());
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

/// Waits for these descriptors, a signal, the end of the time, if there is one, or something for `work`.
pub fn wait(fds: &mut Vec<libc::pollfd>, left: Option<Duration>, signal: &Noticed) {
    let own = fds.len();
    let pauses = [session().and_then(|session| (session.pause)()), server().and_then(|server| (server.pause)())];
    let time = left.into_iter().chain(pauses.into_iter().flatten()).min();
    if let Some(server) = server() {
        (server.add)(fds);
    }
    let served = fds.len();
    fds.extend(signal.descriptor().map(|fd| libc::pollfd { fd, events: libc::POLLIN, revents: 0 }));
    let timeout = time.map(timespec);
    // SAFETY: so many descriptors, a valid time or null, a valid mask or null.
    unsafe { libc::ppoll(fds.as_mut_ptr(), fds.len() as libc::nfds_t, signals::optional(&timeout), signal.mask()) };
    READY.set(fds[own..served].iter().any(|fd| fd.revents != 0));
    if fds[served..].iter().any(|fd| fd.revents != 0) {
        signal.noticed();
    }
    fds.truncate(own);
}

fn timespec(time: Duration) -> libc::timespec {
    let seconds = libc::time_t::try_from(time.as_secs()).unwrap_or(libc::time_t::MAX);
    libc::timespec { tv_sec: seconds, tv_nsec: time.subsec_nanos().into() }
}
