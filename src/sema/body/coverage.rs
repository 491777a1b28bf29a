//! Which numbers the arms of a `match` take.

/// Inclusive ranges of numbers.
pub(super) type Ranges = Vec<(i128, i128)>;

/// A set of numbers: ranges in order, with gaps between them.
#[derive(Default)]
pub(super) struct Coverage {
    ranges: Ranges,
}

impl Coverage {
    /// The parts of a range that are not in the set.
    pub fn missing(&self, (low, high): (i128, i128)) -> Ranges {
        let mut missing = Vec::new();
        let mut next = low;
        let first = self.ranges.partition_point(|&(_, end)| end < low);
        for &(start, end) in &self.ranges[first..] {
            if start > high {
                break;
            }
            if next < start {
                missing.push((next, start - 1));
            }
            next = end + 1;
        }
        if next <= high {
            missing.push((next, high));
        }
        missing
    }

    /// Adds a range that is disjoint from the set.
    pub fn insert(&mut self, (low, high): (i128, i128)) {
        let at = self.ranges.partition_point(|&(_, end)| end < low);
        let joins_before = at > 0 && self.ranges[at - 1].1 + 1 == low;
        let joins_after = self.ranges.get(at).is_some_and(|&(start, _)| high + 1 == start);
        match (joins_before, joins_after) {
            (true, true) => {
                self.ranges[at - 1].1 = self.ranges[at].1;
                self.ranges.remove(at);
            }
            (true, false) => self.ranges[at - 1].1 = high,
            (false, true) => self.ranges[at].0 = low,
            (false, false) => self.ranges.insert(at, (low, high)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Coverage;

    #[test]
    fn what_is_missing() {
        let mut coverage = Coverage::default();
        assert_eq!(coverage.missing((0, 10)), [(0, 10)]);
        assert_eq!(coverage.missing((5, 4)), []);
        coverage.insert((3, 4));
        coverage.insert((8, 8));
        assert_eq!(coverage.missing((0, 10)), [(0, 2), (5, 7), (9, 10)]);
        assert_eq!(coverage.missing((4, 8)), [(5, 7)]);
        assert_eq!(coverage.missing((3, 3)), []);
        coverage.insert((5, 7));
        assert_eq!(coverage.ranges, [(3, 8)]);
        coverage.insert((9, 9));
        coverage.insert((0, 2));
        assert_eq!(coverage.ranges, [(0, 9)]);
    }
}
