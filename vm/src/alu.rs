//! Arithmetic and comparisons of RFC 9669, sections 4.1 to 4.3. Each operation is written once, for both widths.

/// An arithmetic operation of two numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Alu {
    Add,
    Sub,
    Mul,
    Div,
    SignedDiv,
    Or,
    And,
    ShiftLeft,
    ShiftRight,
    Negate,
    Mod,
    SignedMod,
    Xor,
    Move,
    ShiftRightSigned,
    /// Moves that extend the sign of so many low bits.
    Extend8,
    Extend16,
    Extend32,
    /// Byte swaps of so many low bits; the others become zero.
    Swap16,
    Swap32,
    Swap64,
    /// What is left of a swap to the machine's own byte order.
    Low16,
    Low32,
}

/// A condition of two numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Compare {
    Equal,
    NotEqual,
    Greater,
    GreaterEqual,
    Less,
    LessEqual,
    SignedGreater,
    SignedGreaterEqual,
    SignedLess,
    SignedLessEqual,
    /// A common bit is set.
    Set,
}

macro_rules! of_width {
    ($compute:ident, $compare:ident, $word:ident, $signed:ident) => {
        /// What an operation yields. A division by zero is 0, a remainder of one is the number itself.
        #[inline(always)]
        pub fn $compute(op: Alu, left: $word, right: $word) -> $word {
            match op {
                Alu::Add => left.wrapping_add(right),
                Alu::Sub => left.wrapping_sub(right),
                Alu::Mul => left.wrapping_mul(right),
                Alu::Div => left.checked_div(right).unwrap_or(0),
                Alu::SignedDiv if right == 0 => 0,
                Alu::SignedDiv => (left as $signed).wrapping_div(right as $signed) as $word,
                Alu::Or => left | right,
                Alu::And => left & right,
                // The shifts of Rust take the count modulo the width, too.
                Alu::ShiftLeft => left.wrapping_shl(right as u32),
                Alu::ShiftRight => left.wrapping_shr(right as u32),
                Alu::Negate => left.wrapping_neg(),
                Alu::Mod => left.checked_rem(right).unwrap_or(left),
                Alu::SignedMod if right == 0 => left,
                Alu::SignedMod => (left as $signed).wrapping_rem(right as $signed) as $word,
                Alu::Xor => left ^ right,
                Alu::Move => right,
                Alu::ShiftRightSigned => (left as $signed).wrapping_shr(right as u32) as $word,
                Alu::Extend8 => right as i8 as $word,
                Alu::Extend16 => right as i16 as $word,
                Alu::Extend32 => right as i32 as $word,
                Alu::Swap16 => (left as u16).swap_bytes() as $word,
                Alu::Swap32 => (left as u32).swap_bytes() as $word,
                Alu::Swap64 => left.swap_bytes(),
                Alu::Low16 => left as u16 as $word,
                Alu::Low32 => left as u32 as $word,
            }
        }

        /// Whether a condition holds.
        #[inline(always)]
        pub fn $compare(op: Compare, left: $word, right: $word) -> bool {
            match op {
                Compare::Equal => left == right,
                Compare::NotEqual => left != right,
                Compare::Greater => left > right,
                Compare::GreaterEqual => left >= right,
                Compare::Less => left < right,
                Compare::LessEqual => left <= right,
                Compare::SignedGreater => left as $signed > right as $signed,
                Compare::SignedGreaterEqual => left as $signed >= right as $signed,
                Compare::SignedLess => (left as $signed) < right as $signed,
                Compare::SignedLessEqual => left as $signed <= right as $signed,
                Compare::Set => left & right != 0,
            }
        }
    };
}

of_width!(compute64, compare64, u64, i64);
of_width!(compute32, compare32, u32, i32);
