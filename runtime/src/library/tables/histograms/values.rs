//! What a program asks of a histogram that it has read, a struct as the kernel's entries: the sum, then the counts.

use super::buckets::{Buckets, Range};
use super::{Counts, shown};
use crate::abi::KsSteps;
use crate::kernel::output;
use crate::kernel::program::text;
use std::ffi::{c_char, c_void};

/// Percentiles are computed in millionths.
const MILLION: f64 = 1e6;
/// All of the values, in millionths of a hundredth.
const ALL: u128 = 100_000_000;

/// # Safety
/// The histogram has so many buckets; the descriptor is valid.
unsafe fn read(histogram: *const c_void, buckets: u32, steps: *const KsSteps) -> (Buckets, Counts) {
    let size = 8 * (buckets as usize + 1);
    // SAFETY: as the caller promises.
    let (bytes, steps) = unsafe { (std::slice::from_raw_parts(histogram.cast::<u8>(), size), *steps) };
    let mut counts = Counts { sum: 0, counts: vec![0; buckets as usize] };
    counts.add_entry(bytes);
    (Buckets::new(steps), counts)
}

/// See abi.rs.
///
/// # Safety
/// The histogram has so many buckets; the descriptor is valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ks_hist_count(histogram: *const c_void, buckets: u32, steps: *const KsSteps) -> u64 {
    // SAFETY: as the caller promises.
    unsafe { read(histogram, buckets, steps) }.1.total()
}

/// See abi.rs.
///
/// # Safety
/// As of `ks_hist_count`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ks_hist_sum(histogram: *const c_void, buckets: u32, steps: *const KsSteps) -> i64 {
    // SAFETY: as the caller promises.
    unsafe { read(histogram, buckets, steps) }.1.sum.cast_signed()
}

/// See abi.rs.
///
/// # Safety
/// As of `ks_hist_count`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ks_hist_percentile(
    histogram: *const c_void,
    buckets: u32,
    steps: *const KsSteps,
    p: f64,
) -> i64 {
    // SAFETY: as the caller promises.
    let (buckets, counts) = unsafe { read(histogram, buckets, steps) };
    percentile(&buckets, &counts.counts, p)
}

/// See abi.rs.
///
/// # Safety
/// As of `ks_hist_count`; `least` and `count` are writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ks_hist_next(
    histogram: *const c_void,
    buckets: u32,
    steps: *const KsSteps,
    position: u32,
    least: *mut i64,
    count: *mut u64,
) -> u32 {
    // SAFETY: as the caller promises.
    let (buckets, counts) = unsafe { read(histogram, buckets, steps) };
    let Some(&bucket) = buckets.used(&counts.counts).get(position as usize) else { return 0 };
    let Range { low, .. } = buckets.range(bucket, counts.counts.len());
    // SAFETY: as the caller promises.
    unsafe {
        *least = low.map_or(i64::MIN, saturated);
        *count = counts.counts[bucket];
    }
    position + 1
}

/// See abi.rs.
///
/// # Safety
/// As of `ks_hist_count`; the name is NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ks_print_one_hist(
    name: *const c_char,
    histogram: *const c_void,
    buckets: u32,
    steps: *const KsSteps,
) {
    // SAFETY: as the caller promises.
    let (buckets, counts) = unsafe { read(histogram, buckets, steps) };
    output::write(shown(text(name), &buckets, &counts).as_bytes());
}

/// The last value of the bucket with the value of the nearest rank, as far as an `i64` goes; 0 where nothing was counted.
fn percentile(buckets: &Buckets, counts: &[u64], p: f64) -> i64 {
    let total: u128 = counts.iter().copied().map(u128::from).sum();
    // Of no number it is 0.
    let millionths = (p.clamp(0.0, 100.0) * MILLION).round() as u128;
    let rank = (millionths * total).div_ceil(ALL).max(1);
    let mut seen = 0;
    let at_rank = |bucket: &usize| {
        seen += u128::from(counts[*bucket]);
        seen >= rank
    };
    let Some(bucket) = buckets.ascending(counts.len()).find(at_rank) else { return 0 };
    buckets.range(bucket, counts.len()).high.map_or(i64::MAX, saturated)
}

fn saturated(value: i128) -> i64 {
    value.clamp(i64::MIN.into(), i64::MAX.into()) as i64
}

#[cfg(test)]
mod tests {
    use super::{Buckets, percentile};
    use crate::abi::KsSteps;

    #[test]
    fn percentiles_are_those_of_the_nearest_rank() {
        let steps = Buckets::new(KsSteps { low: 0, high: 100, step: 1 });
        // One value in each bucket from 0 to 99: rank n is the value n - 1.
        let mut counts = [1; 102];
        (counts[0], counts[101]) = (0, 0);
        let of = |p| percentile(&steps, &counts, p);
        let ranks: Vec<i64> = (0..=100).map(|p| of(f64::from(p))).collect();
        let expected: Vec<i64> = (0..=100).map(|p| (p - 1).max(0)).collect();
        assert_eq!(ranks, expected);
        assert_eq!((of(7.000_001), of(99.9), of(-5.0), of(1e9), of(f64::NAN)), (7, 99, 0, 99, 0));
        assert_eq!(percentile(&steps, &[0; 102], 50.0), 0);
    }

    #[test]
    fn buckets_without_an_end_have_those_of_numbers() {
        let mut counts = [0; 66];
        (counts[65], counts[64]) = (1, 1);
        let of = |p| percentile(&Buckets::Powers, &counts, p);
        assert_eq!((of(50.0), of(51.0)), (-1, i64::MAX));
        let steps = Buckets::new(KsSteps { low: 10, high: 20, step: 10 });
        assert_eq!(percentile(&steps, &[1, 0, 1], 0.0), 9);
        assert_eq!(percentile(&steps, &[1, 0, 1], 100.0), i64::MAX);
    }
}
