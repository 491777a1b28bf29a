//! Histograms as Prometheus has them: each bucket counts what is not above its upper bound.

use super::buckets::{Buckets, Range};
use super::{Counts, gathered};
use crate::abi::KsSteps;
use crate::object::maps::iter;
use crate::object::maps::map::map;

/// A histogram.
pub struct Cumulative {
    /// Of a map without keys a number that means nothing.
    pub key: Vec<u8>,
    /// The largest value of each bucket that has one, and how many values are not above it; ascending.
    pub buckets: Vec<(i128, u64)>,
    pub count: u64,
    /// As a signed number if a bucket with values may hold negative ones.
    pub sum: i128,
}

impl Cumulative {
    /// Adds what another one of the map has counted.
    pub fn add(&mut self, other: Cumulative) {
        let pairs = self.buckets.iter_mut().zip(other.buckets);
        pairs.for_each(|((_, count), (_, more))| *count = count.wrapping_add(more));
        self.count = self.count.wrapping_add(other.count);
        self.sum += other.sum;
    }
}

/// The histograms of a map, or the errno where the kernel refuses them.
pub fn cumulative(index: u32, steps: KsSteps) -> Result<Vec<Cumulative>, i32> {
    let buckets = Buckets::new(steps);
    let all = gathered(index, iter::try_entries(map(index))?);
    Ok(all.into_iter().map(|(key, counts)| one(&buckets, key, &counts)).collect())
}

fn one(buckets: &Buckets, key: Vec<u8>, counts: &Counts) -> Cumulative {
    let (mut bounds, mut count, mut has_negative) = (Vec::new(), 0_u64, false);
    let all = counts.counts.len();
    for bucket in buckets.ascending(all) {
        let Range { low, high } = buckets.range(bucket, all);
        count = count.wrapping_add(counts.counts[bucket]);
        has_negative |= counts.counts[bucket] > 0 && low.is_none_or(|low| low < 0);
        // All values are below the end of the last bucket of powers of two.
        bounds.extend(high.filter(|high| *high < i128::from(u64::MAX)).map(|high| (high, count)));
    }
    let sum = if has_negative { i128::from(counts.sum.cast_signed()) } else { i128::from(counts.sum) };
    Cumulative { key, buckets: bounds, count, sum }
}

#[cfg(test)]
mod tests {
    use super::{Buckets, Counts, one};
    use crate::abi::KsSteps;

    #[test]
    fn buckets_hold_those_below_them() {
        let mut counts = Counts { sum: (-5_i64).cast_unsigned(), counts: vec![0; 66] };
        (counts.counts[65], counts.counts[0], counts.counts[3], counts.counts[64]) = (1, 2, 4, 8);
        let all = one(&Buckets::Powers, Vec::new(), &counts);
        assert_eq!(all.buckets[..5], [(-1, 1), (0, 3), (1, 3), (3, 3), (7, 7)]);
        assert_eq!((all.buckets.len(), all.buckets[64], all.count, all.sum), (65, ((1 << 63) - 1, 7), 15, -5));
        counts.counts[65] = 0;
        assert_eq!(one(&Buckets::Powers, Vec::new(), &counts).sum, i128::from(u64::MAX) - 4);
    }

    #[test]
    fn the_last_step_has_no_bound() {
        let steps = Buckets::Steps(KsSteps { low: 10, high: 30, step: 10 });
        let all = one(&steps, Vec::new(), &Counts { sum: 60, counts: vec![1, 1, 1, 1] });
        assert_eq!((all.buckets, all.count), (vec![(9, 1), (19, 2), (29, 3)], 4));
    }
}
