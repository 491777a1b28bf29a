//! The lattice of numbers: a range, and the bits that all numbers of it have in common.
//!
//! The range is of mathematical integers, so it does not depend on a width; the bits are those of the number in two's complement, extended
//! to 64 bits by its sign. Each transfer function is sound: it yields a set with every result that `fold` computes for members of its
//! operands. `tests.rs` compares them with `fold` at 8 bits.

use crate::fold::{self, ArithOp, CompareOp};

/// A set of integers that contains those from `low` to `high` which have the known bits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Number {
    pub low: i128,
    pub high: i128,
    /// Bits that are 0 in every member.
    zeros: u64,
    /// Bits that are 1 in every member.
    ones: u64,
}

/// An integer type: its width in bits, and whether it has a sign.
pub type Int = (u8, bool);

impl Number {
    /// Every integer of any type.
    pub const ANY: Number = Number { low: i64::MIN as i128, high: u64::MAX as i128, zeros: 0, ones: 0 };

    /// The numbers from `low` to `high`, both included; `low` is at most `high`.
    pub fn between(low: i128, high: i128) -> Number {
        Number { low, high, zeros: 0, ones: 0 }.with_common_bits()
    }

    /// One number.
    pub fn exactly(value: i128) -> Number {
        Number::between(value, value)
    }

    /// All numbers of an integer type.
    pub fn of_type((bits, signed): Int) -> Number {
        let (low, high) = fold::range(bits, signed);
        Number::between(low, high)
    }

    /// The largest member; none if members may be negative.
    pub fn largest(self) -> Option<u64> {
        u64::try_from(self.high).ok().filter(|_| self.low >= 0)
    }

    /// The member, if there is one alone.
    pub fn only(self) -> Option<i128> {
        (self.low == self.high).then_some(self.low)
    }

    /// Whether the type has every member.
    pub fn fits(self, (bits, signed): Int) -> bool {
        fold::fits(self.low, bits, signed) && fold::fits(self.high, bits, signed)
    }

    /// The members of either.
    #[must_use]
    pub fn join(self, other: Number) -> Number {
        Number {
            low: self.low.min(other.low),
            high: self.high.max(other.high),
            zeros: self.zeros & other.zeros,
            ones: self.ones & other.ones,
        }
    }

    /// The members of both; none if there are none.
    #[must_use]
    pub fn meet(self, other: Number) -> Option<Number> {
        let (low, high) = (self.low.max(other.low), self.high.min(other.high));
        let (zeros, ones) = (self.zeros | other.zeros, self.ones | other.ones);
        (low <= high && zeros & ones == 0)
            .then_some(Number { low, high, zeros, ones }.with_common_bits())
            .and_then(bounded)
    }

    /// The members `x` for which `x op y` holds for a member `y` of `other`; none if there are none.
    #[must_use]
    pub fn where_compared(self, op: CompareOp, other: Number) -> Option<Number> {
        let bounds = match op {
            CompareOp::Lt => (self.low, other.high - 1),
            CompareOp::Le => (self.low, other.high),
            CompareOp::Gt => (other.low + 1, self.high),
            CompareOp::Ge => (other.low, self.high),
            CompareOp::Eq => return self.meet(other),
            CompareOp::Ne if other.low != other.high => return Some(self),
            CompareOp::Ne if self.low == other.low => (self.low + 1, self.high),
            CompareOp::Ne if self.high == other.low => (self.low, self.high - 1),
            CompareOp::Ne => return Some(self),
        };
        let (low, high) = (self.low.max(bounds.0), self.high.min(bounds.1));
        (low <= high).then(|| Number { low, high, ..self }.with_common_bits()).and_then(bounded)
    }

    /// The results of the operation on members of both, wrapped to the type.
    pub fn arith(op: ArithOp, left: Number, right: Number, int: Int) -> Number {
        if let (Some(left), Some(right)) = (left.only(), right.only()) {
            return Number::exactly(fold::arith(op, left, right, int.0, int.1));
        }
        let result = match op {
            ArithOp::Add => left.plus(right),
            ArithOp::Sub => left.minus(right),
            ArithOp::Mul => left.times(right),
            ArithOp::Div => left.divided(right),
            ArithOp::Rem => left.remainder(right),
            ArithOp::And => left.and(right),
            ArithOp::Or => left.or(right),
            ArithOp::Xor => left.xor(right),
            ArithOp::Shl => left.shifted_left(right.count(int)),
            ArithOp::Shr => left.shifted_right(right.count(int)),
        };
        result.wrapped(int)
    }

    /// The members after conversion to a type.
    #[must_use]
    pub fn wrapped(self, int: Int) -> Number {
        if self.fits(int) {
            return self;
        }
        let (bits, signed) = int;
        let unused = 64 - u32::from(bits);
        // The upper bits are copies of the sign, or zeros.
        let extended = |known: u64| {
            let known = known << unused;
            if signed { ((known as i64) >> unused) as u64 } else { known >> unused }
        };
        let above = if signed { 0 } else { !(u64::MAX >> unused) };
        let all = Number { zeros: extended(self.zeros) | above, ones: extended(self.ones), ..Number::of_type(int) };
        bounded(all).unwrap_or(Number::of_type(int))
    }

    /// The bits that all numbers of the range share: those above the first in which `low` and `high` differ.
    fn with_common_bits(self) -> Number {
        let (low, high) = (self.low as u64, self.high as u64);
        let has_bits = self.low >= Number::ANY.low && self.high <= Number::ANY.high;
        // Negative numbers and those above `i64::MAX` have the same upper bit.
        if !has_bits || (self.low < 0) != (self.high < 0) {
            return self;
        }
        let differ = 64 - (low ^ high).leading_zeros();
        let common = u64::MAX.checked_shl(differ).unwrap_or(0);
        Number { zeros: self.zeros | (!low & common), ones: self.ones | (low & common), ..self }
    }

    fn plus(self, other: Number) -> Number {
        let bits = self.sum_bits(other, false);
        Number { low: self.low + other.low, high: self.high + other.high, ..bits }
    }

    fn minus(self, other: Number) -> Number {
        let bits = self.sum_bits(other.inverted_bits(), true);
        Number { low: self.low - other.high, high: self.high - other.low, ..bits }
    }

    fn inverted_bits(self) -> Number {
        Number { zeros: self.ones, ones: self.zeros, ..self }
    }

    /// The known bits of `self + other + carry`: a bit is known where it is the same in the least and in the largest sum, and both
    /// operands have it (Hacker's Delight, 4-1, as LLVM's `KnownBits::add`).
    fn sum_bits(self, other: Number, carry: bool) -> Number {
        let carry = u64::from(carry);
        let largest = (!self.zeros).wrapping_add(!other.zeros).wrapping_add(carry);
        let least = self.ones.wrapping_add(other.ones).wrapping_add(carry);
        let carry_zeros = !(largest ^ self.zeros ^ other.zeros);
        let carry_ones = least ^ self.ones ^ other.ones;
        let known = (self.zeros | self.ones) & (other.zeros | other.ones) & (carry_zeros | carry_ones);
        Number { zeros: !largest & known, ones: least & known, ..self }
    }

    fn times(self, other: Number) -> Number {
        let corner = |a: i128, b: i128| a.checked_mul(b);
        let corners = [
            corner(self.low, other.low),
            corner(self.low, other.high),
            corner(self.high, other.low),
            corner(self.high, other.high),
        ];
        let (low, high) = if corners.contains(&None) {
            (i128::MIN, i128::MAX)
        } else {
            let all = || corners.into_iter().flatten();
            (all().min().unwrap_or(i128::MIN), all().max().unwrap_or(i128::MAX))
        };
        let even = self.zeros.trailing_ones() + other.zeros.trailing_ones();
        Number { low, high, zeros: low_bits(even), ones: 0 }
    }

    /// `x / 0` is 0.
    fn divided(self, other: Number) -> Number {
        if self.low >= 0 && other.low >= 0 {
            let low = if other.low == 0 { 0 } else { self.low / other.high };
            return Number::between(low, self.high / other.low.max(1));
        }
        let most = self.low.abs().max(self.high.abs());
        Number::between(-most, most)
    }

    /// `x % 0` is `x`; else the result has the sign of `x`, and is nearer to zero than the divisor.
    fn remainder(self, other: Number) -> Number {
        let mut most = self.low.abs().max(self.high.abs());
        if other.low > 0 || other.high < 0 {
            most = most.min(other.low.abs().max(other.high.abs()) - 1);
        }
        // The divisor is larger: nothing is taken off.
        if self.low >= 0 && other.low > self.high {
            return self;
        }
        Number::between(if self.low < 0 { -most } else { 0 }, if self.high > 0 { most } else { 0 })
    }

    fn and(self, other: Number) -> Number {
        let bits = Number { zeros: self.zeros | other.zeros, ones: self.ones & other.ones, ..Number::ANY };
        let limits = match (self.low >= 0, other.low >= 0) {
            (true, true) => (0, self.high.min(other.high)),
            (true, false) => (0, self.high),
            (false, true) => (0, other.high),
            // The bits above the lower of the two are ones in both.
            (false, false) => (-1 << width(self.low.min(other.low)), self.high.max(other.high)),
        };
        bits.limited(limits)
    }

    fn or(self, other: Number) -> Number {
        let bits = Number { zeros: self.zeros & other.zeros, ones: self.ones | other.ones, ..Number::ANY };
        let fill = (1 << width(self.high).max(width(other.high))) - 1;
        let limits = match (self.low >= 0, other.low >= 0) {
            (true, true) => (self.low.max(other.low), fill),
            (false, false) | (true, false) | (false, true) => (self.low.min(other.low), fill),
        };
        bits.limited(limits)
    }

    fn xor(self, other: Number) -> Number {
        let zeros = (self.zeros & other.zeros) | (self.ones & other.ones);
        let ones = (self.zeros & other.ones) | (self.ones & other.zeros);
        let bits = Number { zeros, ones, ..Number::ANY };
        let width = [self.low, self.high, other.low, other.high].map(width).into_iter().max().unwrap_or(64);
        let is_signed = self.low < 0 || other.low < 0;
        bits.limited((if is_signed { -1 << width } else { 0 }, (1 << width) - 1))
    }

    /// The number of bits that a shift by a member shifts in the type, from least to most.
    fn count(self, (bits, _): Int) -> (u32, u32) {
        let last = u32::from(bits) - 1;
        if let Some(count) = self.only() {
            let count = count as u32 & last;
            return (count, count);
        }
        if self.low >= 0 && self.high <= i128::from(last) { (self.low as u32, self.high as u32) } else { (0, last) }
    }

    fn shifted_left(self, (least, most): (u32, u32)) -> Number {
        let low = self.low << if self.low < 0 { most } else { least };
        let high = self.high << if self.high < 0 { least } else { most };
        if least == most {
            return Number { low, high, zeros: (self.zeros << most) | low_bits(most), ones: self.ones << most };
        }
        Number { low, high, zeros: low_bits(self.zeros.trailing_ones() + least), ones: 0 }
    }

    /// Arithmetic: the sign is kept.
    fn shifted_right(self, (least, most): (u32, u32)) -> Number {
        let low = self.low >> if self.low < 0 { least } else { most };
        let high = self.high >> if self.high < 0 { most } else { least };
        let range = Number::between(low, high);
        if least != most {
            return range;
        }
        let is_signed = self.low < 0;
        let shifted = |known: u64| if is_signed { ((known as i64) >> most) as u64 } else { known >> most };
        let above = if is_signed || most == 0 { 0 } else { !(u64::MAX >> most) };
        Number { zeros: range.zeros | shifted(self.zeros) | above, ones: range.ones | shifted(self.ones), ..range }
    }

    fn limited(self, (low, high): (i128, i128)) -> Number {
        Number { low, high, ..self }.with_common_bits()
    }
}

/// Ones in so many low bits.
fn low_bits(count: u32) -> u64 {
    if count >= 64 { u64::MAX } else { (1 << count) - 1 }
}

/// The number of bits of a number without copies of its sign.
fn width(number: i128) -> u32 {
    128 - if number < 0 { number.leading_ones() } else { number.leading_zeros() }
}

/// Narrows the range by the known bits; none if no number has both.
fn bounded(number: Number) -> Option<Number> {
    const SIGN: u64 = 1 << 63;
    let Number { low, high, zeros, ones } = number;
    let (least, most) = if low >= 0 {
        (i128::from(ones), i128::from(!zeros))
    } else if high <= i128::from(i64::MAX) {
        (i128::from((ones | (SIGN & !zeros)) as i64), i128::from((!zeros & !(SIGN & !ones)) as i64))
    } else {
        return Some(number);
    };
    let (low, high) = (low.max(least), high.min(most));
    (low <= high).then_some(Number { low, high, ..number })
}

#[cfg(test)]
mod tests;
