//! The buckets of a histogram.

use crate::abi::KsSteps;

/// Those of powers of two: one for each number of bits, from 0 to 64, and one of what is below zero. Those of steps: one below the
/// others, one for each step, one above.
pub enum Buckets {
    Powers,
    Steps(KsSteps),
}

/// The least and the largest value of a bucket; none where it has no end.
pub struct Range {
    pub low: Option<i128>,
    pub high: Option<i128>,
}

/// The bucket of powers of two for what is below zero.
const NEGATIVE: usize = 65;

impl Buckets {
    /// Powers of two where a step is 0.
    pub fn new(steps: KsSteps) -> Buckets {
        if steps.step == 0 { Buckets::Powers } else { Buckets::Steps(steps) }
    }

    /// The bucket of a value.
    pub fn of(&self, value: u64, is_signed: bool) -> usize {
        let number = if is_signed { i128::from(value.cast_signed()) } else { i128::from(value) };
        match self {
            Buckets::Powers if number < 0 => NEGATIVE,
            Buckets::Powers => (u64::BITS - value.leading_zeros()) as usize,
            Buckets::Steps(KsSteps { low, .. }) if number < i128::from(*low) => 0,
            Buckets::Steps(KsSteps { low, high, step }) => {
                let within = number.min(i128::from(*high)) - i128::from(*low);
                1 + (within / i128::from(*step)) as usize
            }
        }
    }

    /// All buckets of so many, the one of the least values first.
    pub fn ascending(&self, buckets: usize) -> impl DoubleEndedIterator<Item = usize> + Clone {
        let first = match self {
            Buckets::Powers => buckets - 1,
            Buckets::Steps(_) => 0,
        };
        (first..buckets).chain(0..first)
    }

    /// The buckets from the first that has a count to the last, the one of the least values first.
    pub fn used(&self, counts: &[u64]) -> Vec<usize> {
        let is_empty = |bucket: &usize| counts[*bucket] == 0;
        let mut used: Vec<usize> = self.ascending(counts.len()).skip_while(is_empty).collect();
        used.truncate(used.iter().rposition(|bucket| !is_empty(bucket)).map_or(0, |last| last + 1));
        used
    }

    /// The values of a bucket, of so many.
    pub fn range(&self, bucket: usize, buckets: usize) -> Range {
        match (self, bucket) {
            (Buckets::Powers, NEGATIVE) => Range { low: None, high: Some(-1) },
            (Buckets::Powers, 0) => Range { low: Some(0), high: Some(0) },
            (Buckets::Powers, bits) => {
                let low = 1_i128 << (bits - 1);
                Range { low: Some(low), high: Some(2 * low - 1) }
            }
            (Buckets::Steps(steps), 0) => Range { low: None, high: Some(i128::from(steps.low) - 1) },
            (Buckets::Steps(steps), last) if last + 1 == buckets => Range { low: Some(steps.high.into()), high: None },
            (Buckets::Steps(steps), bucket) => {
                let step = i128::from(steps.step);
                let low = i128::from(steps.low) + (bucket as i128 - 1) * step;
                Range { low: Some(low), high: Some(low + step - 1) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Buckets, Range};
    use crate::abi::KsSteps;

    #[test]
    fn each_value_is_in_the_range_of_its_bucket() {
        let steps = KsSteps { low: -20, high: 100, step: 8 };
        let numbers = [i64::MIN, -21, -20, -13, -12, -1, 0, 1, 2, 3, 4, 99, 100, 1023, 1024, 1 << 62, i64::MAX];
        for (buckets, count) in [(Buckets::Powers, 66), (Buckets::Steps(steps), 17)] {
            let mut before = 0;
            for number in numbers {
                let bucket = buckets.of(number.cast_unsigned(), true);
                let Range { low, high } = buckets.range(bucket, count);
                let number = i128::from(number);
                assert!(low.is_none_or(|low| low <= number) && high.is_none_or(|high| number <= high));
                let place = buckets.ascending(count).position(|other| other == bucket);
                assert!(place.is_some_and(|place| place >= before));
                before = place.unwrap_or(0);
            }
            assert_eq!(buckets.ascending(count).next_back(), Some(buckets.of(u64::MAX, false)));
        }
    }

    #[test]
    fn buckets_between_used_ones_count_as_used() {
        let mut counts = vec![0; 66];
        assert!(Buckets::Powers.used(&counts).is_empty());
        (counts[65], counts[2]) = (1, 1);
        assert_eq!(Buckets::Powers.used(&counts), [65, 0, 1, 2]);
    }
}
