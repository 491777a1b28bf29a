//! The transfer functions against `fold`, by brute force: on 8-bit types, each result of members is a member of the result.

use super::*;

const TYPES: [Int; 2] = [(8, false), (8, true)];

/// A generator of numbers that look random, the same in each run (Knuth's MMIX constants).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 33) % limit
    }

    /// A set with members: a range of the type, in every third case with known bits.
    fn number(&mut self, int: Int) -> Number {
        loop {
            let (first, last) = fold::range(int.0, int.1);
            let low = first + i128::from(self.below(256));
            let span = [1, 4, 32, 256][self.below(4) as usize];
            let range = Number::between(low, (low + i128::from(self.below(span))).min(last));
            let bit = 1 << self.below(8);
            let number = match self.below(6) {
                0 => Number { zeros: range.zeros | bit, ..range },
                1 => Number { ones: range.ones | bit, ..range },
                _ => range,
            };
            if !members(number).is_empty() {
                return number;
            }
        }
    }
}

fn is_member(number: Number, value: i128) -> bool {
    let bits = value as u64;
    (number.low..=number.high).contains(&value) && bits & number.zeros == 0 && !bits & number.ones == 0
}

fn members(number: Number) -> Vec<i128> {
    (number.low..=number.high).filter(|&value| is_member(number, value)).collect()
}

#[test]
fn results_of_members_are_members() {
    let mut random = Random(1);
    for int in TYPES {
        for _ in 0..120 {
            let (left, right) = (random.number(int), random.number(int));
            let (lefts, rights) = (members(left), members(right));
            for op in ArithOp::ALL {
                let result = Number::arith(op, left, right, int);
                for (&a, &b) in lefts.iter().flat_map(|a| rights.iter().map(move |b| (a, b))) {
                    let value = fold::arith(op, a, b, int.0, int.1);
                    assert!(
                        is_member(result, value),
                        "{} of {a} in {left:?} and {b} in {right:?}: {value}, {result:?}",
                        op.word()
                    );
                }
            }
        }
    }
}

#[test]
fn one_number_of_each_is_exact() {
    for int in TYPES {
        let (low, high) = fold::range(int.0, int.1);
        for (a, b) in (low..=high).step_by(7).flat_map(|a| (low..=high).step_by(5).map(move |b| (a, b))) {
            for op in ArithOp::ALL {
                let result = Number::arith(op, Number::exactly(a), Number::exactly(b), int);
                assert_eq!(result.only(), Some(fold::arith(op, a, b, int.0, int.1)));
            }
        }
    }
}

#[test]
fn sums_that_do_not_wrap_have_their_exact_range() {
    let of = |low, high| Number::between(low, high);
    for op in [ArithOp::Add, ArithOp::Sub, ArithOp::Mul] {
        let (left, right) = (of(9, 12), of(2, 7));
        let all: Vec<i128> = (9..=12).flat_map(|a| (2..=7).map(move |b| fold::arith(op, a, b, 8, false))).collect();
        let result = Number::arith(op, left, right, (8, false));
        assert_eq!((Some(result.low), Some(result.high)), (all.iter().min().copied(), all.iter().max().copied()));
    }
}

#[test]
fn conversions_keep_members() {
    let mut random = Random(2);
    for from in TYPES {
        for to in [(4, false), (4, true), (8, false), (8, true), (16, false)] {
            for _ in 0..300 {
                let number = random.number(from);
                let converted = number.wrapped(to);
                assert!(converted.fits(to));
                for value in members(number) {
                    assert!(is_member(converted, fold::wrap(value, to.0, to.1)), "{value} of {number:?} to {to:?}");
                }
            }
        }
    }
}

#[test]
fn joins_have_the_members_of_either_and_meets_those_of_both() {
    let mut random = Random(3);
    for int in TYPES {
        for _ in 0..2000 {
            let (one, other) = (random.number(int), random.number(int));
            let (join, meet) = (one.join(other), one.meet(other));
            for value in members(one) {
                assert!(is_member(join, value));
                if is_member(other, value) {
                    assert!(meet.is_some_and(|meet| is_member(meet, value)), "{value} of {one:?} and {other:?}");
                }
            }
        }
    }
}

#[test]
fn a_comparison_drops_no_member_for_which_it_holds() {
    let mut random = Random(4);
    for int in TYPES {
        for _ in 0..300 {
            let (one, other) = (random.number(int), random.number(int));
            let others = members(other);
            for op in CompareOp::ALL {
                let left = one.where_compared(op, other);
                for value in members(one) {
                    if others.iter().any(|&other| fold::compare(op, value, other)) {
                        assert!(
                            left.is_some_and(|left| is_member(left, value)),
                            "{value} of {one:?} {} {other:?}",
                            op.word()
                        );
                    }
                }
            }
        }
    }
}
