//! Clocks.

use std::mem::MaybeUninit;

/// `now_ns`: CLOCK_MONOTONIC.
#[unsafe(no_mangle)]
pub extern "C" fn ks_now_ns() -> u64 {
    nanoseconds(libc::CLOCK_MONOTONIC)
}

/// `wall_ns`: CLOCK_REALTIME.
#[unsafe(no_mangle)]
pub extern "C" fn ks_wall_ns() -> u64 {
    nanoseconds(libc::CLOCK_REALTIME)
}

fn nanoseconds(clock: libc::clockid_t) -> u64 {
    // SAFETY: a zeroed timespec is valid, and both clocks exist on every kernel.
    let now = unsafe {
        let mut now: libc::timespec = MaybeUninit::zeroed().assume_init();
        libc::clock_gettime(clock, &mut now);
        now
    };
    (now.tv_sec as u64).wrapping_mul(1_000_000_000).wrapping_add(now.tv_nsec as u64)
}
