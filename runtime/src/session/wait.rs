//! `wait`, `sleep`, and whether a loop is to end: what a signal ends.

use super::events::batch;
use super::idle;
use crate::kernel::signals::{monotonic, pending, take, taken_status, with_signals_noticed};
use crate::link::keeper;
use std::time::Duration;

/// Whether a signal ends a wait. In a handler it is left to the `dispatch` around, which ends too.
fn ends_wait() -> bool {
    if batch::is_running() { pending() } else { take() }
}

/// `wait`: until a signal, or until nothing is left attached.
#[unsafe(no_mangle)]
pub extern "C" fn ks_wait() {
    with_signals_noticed(|signal| {
        loop {
            idle::work();
            if ends_wait() {
                break;
            }
            idle::wait(&mut Vec::new(), None, signal);
        }
    });
    idle::copy();
}

/// `sleep`: true when a signal ended it, or nothing was left attached.
#[unsafe(no_mangle)]
pub extern "C" fn ks_sleep(milliseconds: u64) -> bool {
    sleep(Duration::from_millis(milliseconds), Duration::MAX, || ())
}

/// Sleeps, and does something at least once in each `turn` meanwhile: true as of `ks_sleep`.
pub fn sleep(length: Duration, turn: Duration, mut work: impl FnMut()) -> bool {
    let start = monotonic();
    with_signals_noticed(|signal| {
        loop {
            idle::work();
            if ends_wait() {
                return true;
            }
            let left = length.saturating_sub(monotonic().saturating_sub(start));
            if left.is_zero() {
                return false;
            }
            work();
            idle::wait(&mut Vec::new(), Some(left.min(turn)), signal);
        }
    })
}

/// See abi.rs.
#[unsafe(no_mangle)]
pub extern "C" fn ks_cancelled() -> i32 {
    keeper::settle_if_due();
    // A handler's loop ends by itself; then the `dispatch` around it takes the signal, and `main` goes on.
    if !pending() || batch::is_running() {
        return 0;
    }
    // Taken: loops in what is deferred go on.
    taken_status()
}
