//! Work while the program waits, in `wait`, `sleep` and `dispatch`: the prints of programs are copied, and ended attachments are noticed.

use crate::attach::watch;
use crate::streams;
use std::time::Duration;

/// Copies the prints of programs, and looks for attachments that have ended.
pub fn work() {
    streams::copy();
    watch::look();
}

/// How long to wait at most, until the time is over or there is something to do.
pub fn limited(left: Option<Duration>) -> Option<libc::timespec> {
    let time = left.into_iter().chain(streams::pause()).chain(watch::pause()).min()?;
    let seconds = libc::time_t::try_from(time.as_secs()).unwrap_or(libc::time_t::MAX);
    Some(libc::timespec { tv_sec: seconds, tv_nsec: time.subsec_nanos().into() })
}
