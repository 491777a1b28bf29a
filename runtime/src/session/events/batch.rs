//! How much of a buffer one `dispatch` reads before it looks at the others, at the time and at signals.

use super::receiver::Receiver;
use crate::kernel::program::MainThread;
use crate::kernel::signals;
use ks_hot::{Deadline, End, Limits, Ring};
use std::cell::Cell;
use std::time::Duration;

/// The `dispatch` that runs.
pub static RUN: Run = Run {
    running: MainThread::new(Cell::new(false)),
    interrupted: MainThread::new(Cell::new(0)),
    deadline: MainThread::new(Cell::new(None)),
    result: MainThread::new(Cell::new(0)),
    left: MainThread::new(Cell::new(0)),
    stopped: MainThread::new(Cell::new(false)),
    more: MainThread::new(Cell::new(false)),
    due: MainThread::new(Cell::new(0)),
    last: MainThread::new(Cell::new(None)),
};

/// The state of a `dispatch`.
pub struct Run {
    pub running: MainThread<Cell<bool>>,
    /// What it yields when a signal ends it.
    pub interrupted: MainThread<Cell<i32>>,
    pub deadline: MainThread<Cell<Option<Duration>>>,
    /// What a handler yielded, if not 0.
    pub result: MainThread<Cell<i32>>,
    /// How many values the buffer that is read may still hand over before the next buffer is read.
    pub left: MainThread<Cell<u32>>,
    /// How many bytes of the buffer that is read are handed over even if the time is over.
    pub due: MainThread<Cell<u64>>,
    /// The buffer that is read was stopped before its end.
    pub stopped: MainThread<Cell<bool>>,
    /// The same of any buffer since the first one was read.
    pub more: MainThread<Cell<bool>>,
    /// The map whose handler ended the `dispatch` before. The next one begins with the map after it: a program that calls
    /// `dispatch` again after each such end reads all maps, even if one of them always has a value.
    pub last: MainThread<Cell<Option<u32>>>,
}

/// How many values one buffer hands over before the next one is read.
const BATCH: u32 = 1024;

/// Reads a buffer by `read`, which stops where `passed` is false. Of the bytes that were there when `dispatch` began, so many
/// are `due`: they are handed over even if the time is over. Yields 0, or a negative errno of `read`.
pub fn read_batch(due: &Cell<u64>, read: impl FnOnce() -> i32) -> i32 {
    if RUN.result.get() != 0 || signals::pending() {
        return 0;
    }
    RUN.left.set(BATCH);
    RUN.due.set(due.get());
    RUN.stopped.set(false);
    let error = read();
    // A record that is not submitted yet ends the reading, and is not waited for.
    due.set(if RUN.stopped.get() { RUN.due.get() } else { 0 });
    RUN.more.set(RUN.more.get() || RUN.stopped.get());
    error
}

/// Reads a ring buffer, for `read_batch`.
pub fn read_ring(ring: &Ring, receiver: &Receiver) {
    let mut limits = Limits {
        records: RUN.left.get(),
        due: RUN.due.get(),
        deadline: RUN.deadline.get().map(Deadline::new),
        signal: signals::flag(),
    };
    let end = receiver.with_taker(|taker| ring.hand_over(taker, &mut limits));
    RUN.left.set(limits.records);
    RUN.due.set(limits.due);
    RUN.stopped.set(!matches!(end, End::Empty));
    RUN.result.set(match end {
        End::Empty | End::Limit => 0,
        End::Yielded(result) => result,
        End::Misfit(bytes) => receiver.misfit(bytes),
    });
}

/// So many bytes of a buffer were handed over with this result, or skipped. False where the buffer is to stop there.
pub fn passed(result: i32, bytes: u64) -> bool {
    RUN.left.set(RUN.left.get().saturating_sub(1));
    RUN.due.set(RUN.due.get().saturating_sub(bytes));
    RUN.result.set(result);
    let is_over = || RUN.due.get() == 0 && time_is_over();
    let go_on = result == 0 && RUN.left.get() > 0 && !signals::pending() && !is_over();
    RUN.stopped.set(!go_on);
    go_on
}

/// Whether a handler is called from `dispatch`, which takes the next signal.
pub fn is_running() -> bool {
    RUN.running.get()
}

/// Whether the deadline of the `dispatch` has passed.
pub fn time_is_over() -> bool {
    RUN.deadline.get().is_some_and(|deadline| signals::monotonic() >= deadline)
}
