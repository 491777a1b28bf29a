//! The one evaluator of constant arithmetic: the checker's constants and patterns, and the IR's fold pass.
//!
//! Values are mathematical integers in an `i128`; a type is its width and signedness. Every operation is total, as the
//! language defines it: wrapping, `x / 0 == 0`, `x % 0 == x`, `MIN / -1 == MIN`, shift counts modulo the width.

/// Integer arithmetic of the language. Both operands have the result's type, but a shift count, which has any unsigned
/// type and is taken modulo the width.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ArithOp {
    Add,
    Sub,
    Mul,
    /// `x / 0 == 0`, `MIN / -1 == MIN`
    Div,
    /// `x % 0 == x`, `MIN % -1 == 0`
    Rem,
    And,
    Or,
    Xor,
    Shl,
    /// Arithmetic for signed types.
    Shr,
}

/// A comparison of two numbers, signed or unsigned by their type.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum CompareOp {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
}

impl ArithOp {
    /// Every operator, in order of declaration.
    pub const ALL: [ArithOp; 10] = [
        ArithOp::Add,
        ArithOp::Sub,
        ArithOp::Mul,
        ArithOp::Div,
        ArithOp::Rem,
        ArithOp::And,
        ArithOp::Or,
        ArithOp::Xor,
        ArithOp::Shl,
        ArithOp::Shr,
    ];

    /// The `op` attribute of IR ops that update a place.
    pub fn word(self) -> &'static str {
        match self {
            ArithOp::Add => "add",
            ArithOp::Sub => "sub",
            ArithOp::Mul => "mul",
            ArithOp::Div => "div",
            ArithOp::Rem => "rem",
            ArithOp::And => "and",
            ArithOp::Or => "or",
            ArithOp::Xor => "xor",
            ArithOp::Shl => "shl",
            ArithOp::Shr => "shr",
        }
    }

    /// The operator of this word, a mnemonic of IR text; none if there is none.
    pub fn from_word(word: &str) -> Option<ArithOp> {
        ArithOp::ALL.into_iter().find(|op| op.word() == word)
    }
}

impl CompareOp {
    /// Every comparison, in order of declaration.
    pub const ALL: [CompareOp; 6] =
        [CompareOp::Eq, CompareOp::Ne, CompareOp::Lt, CompareOp::Le, CompareOp::Gt, CompareOp::Ge];

    /// The `pred` attribute of `arith.cmp`.
    pub fn word(self) -> &'static str {
        match self {
            CompareOp::Eq => "eq",
            CompareOp::Ne => "ne",
            CompareOp::Lt => "lt",
            CompareOp::Le => "le",
            CompareOp::Gt => "gt",
            CompareOp::Ge => "ge",
        }
    }

    /// The comparison of this word, a `pred` of IR text; none if there is none.
    pub fn from_word(word: &str) -> Option<CompareOp> {
        CompareOp::ALL.into_iter().find(|op| op.word() == word)
    }

    /// The operator for the operands in the other order.
    pub fn mirrored(self) -> CompareOp {
        match self {
            CompareOp::Lt => CompareOp::Gt,
            CompareOp::Le => CompareOp::Ge,
            CompareOp::Gt => CompareOp::Lt,
            CompareOp::Ge => CompareOp::Le,
            CompareOp::Eq | CompareOp::Ne => self,
        }
    }

    /// The comparison that holds where this one does not.
    pub fn negated(self) -> CompareOp {
        match self {
            CompareOp::Lt => CompareOp::Ge,
            CompareOp::Le => CompareOp::Gt,
            CompareOp::Gt => CompareOp::Le,
            CompareOp::Ge => CompareOp::Lt,
            CompareOp::Eq => CompareOp::Ne,
            CompareOp::Ne => CompareOp::Eq,
        }
    }

    /// The least unsigned `x` for which `x op bound` has this outcome; none where the outcome gives no bound.
    pub fn least(self, bound: u64, outcome: bool) -> Option<u64> {
        match (self, outcome) {
            (CompareOp::Ge, true) | (CompareOp::Lt, false) | (CompareOp::Eq, true) | (CompareOp::Ne, false) => {
                Some(bound)
            }
            (CompareOp::Gt, true) | (CompareOp::Le, false) => bound.checked_add(1),
            (CompareOp::Ge | CompareOp::Gt | CompareOp::Eq, false)
            | (CompareOp::Lt | CompareOp::Le | CompareOp::Ne, true) => None,
        }
    }
}

/// Smallest and largest value of an integer type.
pub fn range(bits: u8, signed: bool) -> (i128, i128) {
    if signed { (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) } else { (0, (1 << bits) - 1) }
}

/// Whether the value is in the range of an integer type of `bits` bits.
pub fn fits(value: i128, bits: u8, signed: bool) -> bool {
    let (low, high) = range(bits, signed);
    (low..=high).contains(&value)
}

/// The number whose low bits are those of `value`: the result of a conversion to the type.
pub fn wrap(value: i128, bits: u8, signed: bool) -> i128 {
    let unused = 128 - u32::from(bits);
    if signed { (value << unused) >> unused } else { (((value as u128) << unused) >> unused) as i128 }
}

/// The operation on operands of one integer type; those of a shift may differ.
pub fn arith(op: ArithOp, left: i128, right: i128, bits: u8, signed: bool) -> i128 {
    let count = (right as u32) & (u32::from(bits) - 1);
    let value = match op {
        ArithOp::Add => left + right,
        ArithOp::Sub => left - right,
        ArithOp::Mul => left.wrapping_mul(right),
        ArithOp::Div if right == 0 => 0,
        ArithOp::Div => left / right,
        ArithOp::Rem if right == 0 => left,
        ArithOp::Rem => left % right,
        ArithOp::And => left & right,
        ArithOp::Or => left | right,
        ArithOp::Xor => left ^ right,
        ArithOp::Shl => left << count,
        ArithOp::Shr => left >> count,
    };
    wrap(value, bits, signed)
}

/// The operation on literals, which have no width. None where the result does not exist or is beyond any type.
pub fn exact(op: ArithOp, left: i128, right: i128) -> Option<i128> {
    let value = match op {
        ArithOp::Add => left.checked_add(right)?,
        ArithOp::Sub => left.checked_sub(right)?,
        ArithOp::Mul => left.checked_mul(right)?,
        ArithOp::Div => left.checked_div(right)?,
        ArithOp::Rem => left.checked_rem(right)?,
        ArithOp::And => left & right,
        ArithOp::Or => left | right,
        ArithOp::Xor => left ^ right,
        ArithOp::Shl if (0..64).contains(&right) => left.checked_mul(1 << right)?,
        ArithOp::Shr if (0..64).contains(&right) => left >> right,
        ArithOp::Shl | ArithOp::Shr => return None,
    };
    let fits_somewhere = (i128::from(i64::MIN)..=i128::from(u64::MAX)).contains(&value);
    fits_somewhere.then_some(value)
}

/// The operation on `f64`, as IEEE 754 has it. None for operators that it does not have.
pub fn float(op: ArithOp, left: f64, right: f64) -> Option<f64> {
    match op {
        ArithOp::Add => Some(left + right),
        ArithOp::Sub => Some(left - right),
        ArithOp::Mul => Some(left * right),
        ArithOp::Div => Some(left / right),
        ArithOp::Rem => Some(left % right),
        ArithOp::And | ArithOp::Or | ArithOp::Xor | ArithOp::Shl | ArithOp::Shr => None,
    }
}

/// Towards zero, saturating; NaN is 0.
pub fn float_to_int(value: f64, bits: u8, signed: bool) -> i128 {
    let (low, high) = range(bits, signed);
    (value as i128).clamp(low, high)
}

/// To the nearest, halves to even.
pub fn int_to_float(value: i128) -> f64 {
    value as f64
}

/// Integers by value, also across signs. With a NaN on a side only `!=` holds.
pub fn compare<T: PartialOrd>(op: CompareOp, left: T, right: T) -> bool {
    match op {
        CompareOp::Eq => left == right,
        CompareOp::Ne => left != right,
        CompareOp::Lt => left < right,
        CompareOp::Le => left <= right,
        CompareOp::Gt => left > right,
        CompareOp::Ge => left >= right,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wraps_at_the_width() {
        assert_eq!(arith(ArithOp::Add, 0xffff_ffff, 1, 32, false), 0);
        assert_eq!(arith(ArithOp::Mul, i64::MIN.into(), -1, 64, true), i64::MIN.into());
        assert_eq!(arith(ArithOp::Mul, u64::MAX.into(), u64::MAX.into(), 64, false), 1);
        assert_eq!(arith(ArithOp::Sub, 0, 1, 16, false), 0xffff);
    }

    #[test]
    fn division_is_total() {
        assert_eq!(arith(ArithOp::Div, 7, 0, 32, false), 0);
        assert_eq!(arith(ArithOp::Rem, 7, 0, 32, false), 7);
        assert_eq!(arith(ArithOp::Div, i32::MIN.into(), -1, 32, true), i32::MIN.into());
        assert_eq!(arith(ArithOp::Rem, i32::MIN.into(), -1, 32, true), 0);
        assert_eq!(arith(ArithOp::Div, -7, 2, 32, true), -3);
    }

    #[test]
    fn shift_counts_are_modulo_the_width() {
        assert_eq!(arith(ArithOp::Shl, 1, 33, 32, false), 2);
        assert_eq!(arith(ArithOp::Shr, -8, 1, 32, true), -4);
        assert_eq!(arith(ArithOp::Shr, -8, -1, 32, true), -1);
    }

    #[test]
    fn floats_saturate() {
        assert_eq!(float_to_int(-1.9, 32, true), -1);
        assert_eq!(float_to_int(-1.0, 8, false), 0);
        assert_eq!(float_to_int(1e300, 64, false), u64::MAX.into());
        assert_eq!(float_to_int(f64::NEG_INFINITY, 64, true), i64::MIN.into());
        assert_eq!(float_to_int(f64::NAN, 32, true), 0);
        assert_eq!(int_to_float((1 << 53) + 1), 9007199254740992.0);
        assert_eq!(float(ArithOp::Rem, -7.5, 2.0), Some(-1.5));
        assert!(compare(CompareOp::Ne, f64::NAN, f64::NAN) && !compare(CompareOp::Le, 1.0, f64::NAN));
    }

    #[test]
    fn literals_are_exact() {
        assert_eq!(exact(ArithOp::Sub, 0, 14), Some(-14));
        assert_eq!(exact(ArithOp::Shl, 1, 63), Some(1 << 63));
        assert_eq!(exact(ArithOp::Shl, 1, 64), None);
        assert_eq!(exact(ArithOp::Div, 1, 0), None);
        assert_eq!(exact(ArithOp::Add, u64::MAX.into(), 1), None);
    }
}
