//! The time at which a loop over events ends.

use std::mem::MaybeUninit;
use std::time::Duration;

/// A time of the clock CLOCK_MONOTONIC. Reading the clock costs as much as ten short events, so `is_over` reads it at each call only while
/// calls are far apart.
pub struct Deadline {
    at: Duration,
    /// What the clock said when it was read last.
    read: Duration,
    /// The clock is read at each call of this number.
    every: u32,
    calls: u32,
}

/// Calls that need less time than this since the clock was read are asked half as often.
const SHORT: Duration = Duration::from_micros(20);
/// The most calls between two readings.
const MOST: u32 = 64;

impl Deadline {
    /// The end at a time of CLOCK_MONOTONIC.
    pub fn new(at: Duration) -> Deadline {
        Deadline { at, read: Duration::ZERO, every: 1, calls: 0 }
    }

    /// Whether the time has come; it is noticed at most 64 short calls late.
    pub fn is_over(&mut self) -> bool {
        self.calls += 1;
        if self.calls < self.every {
            return false;
        }
        let now = monotonic();
        let is_short = now.saturating_sub(self.read) < SHORT;
        self.every = if is_short { (self.every * 2).min(MOST) } else { 1 };
        (self.read, self.calls) = (now, 0);
        now >= self.at
    }
}

fn monotonic() -> Duration {
    // SAFETY: the call fills the structure, and cannot fail for this clock.
    let now = unsafe {
        let mut now = MaybeUninit::<libc::timespec>::zeroed();
        libc::clock_gettime(libc::CLOCK_MONOTONIC, now.as_mut_ptr());
        now.assume_init()
    };
    Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
}
