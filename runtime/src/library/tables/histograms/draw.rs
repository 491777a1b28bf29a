//! A histogram as lines, as bpftrace draws it (src/types_format.cpp and src/output/text.cpp there).

use super::buckets::{Buckets, Range};

/// The longest bar, in characters.
const WIDTH: usize = 52;
const UNIT: i128 = 1024;
const SUFFIXES: [&str; 7] = ["", "K", "M", "G", "T", "P", "E"];
/// The largest suffix where buckets are steps.
const MEGA: usize = 2;

/// The lines, each with its end.
pub fn lines(buckets: &Buckets, counts: &[u64]) -> String {
    let largest = counts.iter().copied().max().unwrap_or(0);
    let line = |bucket: usize| {
        let count = counts[bucket];
        // In the precision of bpftrace, so that bars are as long.
        let width = (count as f32 / largest as f32 * WIDTH as f32) as usize;
        let (label, bar) = (label(buckets, bucket, counts.len()), "@".repeat(width));
        format!("{label:<16}{count:>8} |{bar:<WIDTH$}|\n")
    };
    buckets.used(counts).into_iter().map(line).collect()
}

fn label(buckets: &Buckets, bucket: usize, count: usize) -> String {
    let number = |value: i128| match buckets {
        Buckets::Powers => short(value, SUFFIXES.len() - 1),
        Buckets::Steps(steps) if i128::from(steps.step) % UNIT == 0 => short(value, MEGA),
        Buckets::Steps(_) => value.to_string(),
    };
    match buckets.range(bucket, count) {
        Range { low: Some(low), high: Some(high) } if low == high => format!("[{}]", number(low)),
        Range { low: Some(low), high: Some(high) } => format!("[{}, {})", number(low), number(high + 1)),
        Range { low: Some(low), high: None } => format!("[{}, ...)", number(low)),
        Range { low: None, high } => format!("(..., {})", number(high.unwrap_or(0) + 1)),
    }
}

/// With the largest suffix whose unit divides the number.
fn short(value: i128, largest: usize) -> String {
    let (mut value, mut suffix) = (value, 0);
    while value != 0 && value % UNIT == 0 && suffix < largest {
        value /= UNIT;
        suffix += 1;
    }
    format!("{value}{}", SUFFIXES[suffix])
}

#[cfg(test)]
mod tests {
    use super::{Buckets, lines};
    use crate::abi::KsSteps;

    #[test]
    fn lines_are_those_of_bpftrace() {
        let mut counts = vec![0; 66];
        (counts[65], counts[1], counts[11], counts[12]) = (1, 3, 37, 8);
        let drawn = lines(&Buckets::Powers, &counts);
        let all: Vec<&str> = drawn.lines().collect();
        assert_eq!(all[0], format!("(..., 0)               1 |@{:51}|", ""));
        assert_eq!(all[1], format!("[0]                    0 |{:52}|", ""));
        assert_eq!(all[2], format!("[1]                    3 |@@@@{:48}|", ""));
        assert_eq!(all[12], format!("[1K, 2K)              37 |{}|", "@".repeat(52)));
        assert_eq!(all[13], format!("[2K, 4K)               8 |{:52}|", "@".repeat(11)));
        assert_eq!(all.len(), 14);
    }

    fn labels(low: i64, high: i64, step: i64) -> Vec<String> {
        let steps = Buckets::Steps(KsSteps { low, high, step });
        let counts = vec![1; ((high - low) / step) as usize + 2];
        lines(&steps, &counts).lines().map(|line| line[..16].trim_end().to_owned()).collect()
    }

    #[test]
    fn steps_have_ends() {
        assert_eq!(labels(-1024, 2048, 1024), ["(..., -1K)", "[-1K, 0)", "[0, 1K)", "[1K, 2K)", "[2K, ...)"]);
        assert_eq!(labels(0, 2000, 1000), ["(..., 0)", "[0, 1000)", "[1000, 2000)", "[2000, ...)"]);
        assert_eq!(labels(1024, 1026, 1), ["(..., 1024)", "[1024]", "[1025]", "[1026, ...)"]);
    }
}
