//! The rows of `ir-specs/peepholes.toml`, which that file describes, read from their assembly.

use crate::tables::{PEEPHOLES, Peephole};
use std::sync::OnceLock;

/// A rewrite of instructions.
pub struct Rewrite {
    pub name: &'static str,
    pub from: Vec<Pattern>,
    pub to: Vec<Pattern>,
    pub facts: Vec<Fact>,
}

/// What must hold where a rewrite is to apply. Registers and constants are numbers of variables.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fact {
    /// Nothing reads the register behind the instructions.
    Dead(usize),
    /// What the program does depends on the low half alone that the register has behind the instructions.
    Low(usize),
    /// The high half of the register is zero before the instructions.
    Narrow(usize),
    /// The register is zero before the instructions.
    Zero(usize),
    /// The register has no address of the stack or of a context before the instructions.
    Elsewhere(usize),
    /// The constant is a number of 32 bits without sign.
    Unsigned(usize),
}

impl Fact {
    /// Whether it is about a value before the instructions.
    pub fn looks_back(self) -> bool {
        matches!(self, Fact::Narrow(_) | Fact::Zero(_))
    }

    /// Whether it is about what follows.
    pub fn looks_ahead(self) -> bool {
        matches!(self, Fact::Dead(_) | Fact::Low(_))
    }
}

/// An instruction with variables.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pattern {
    pub opcode: u8,
    pub dst: Register,
    pub src: Register,
    /// Of accesses to memory.
    pub offset: Number,
    pub immediate: Number,
}

/// A register of an instruction, or the number of a variable.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Register {
    Is(u8),
    Variable(usize),
}

/// A number of an instruction, or that of a variable.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Number {
    Is(i64),
    Variable(usize),
}

/// Registers of a rewrite at most: `a` to `d`.
pub const REGISTERS: usize = 4;
/// Constants of a rewrite at most: `K` to `P`.
pub const NUMBERS: usize = 6;

/// The rewrites that are applied, in the table's order.
pub fn rewrites() -> &'static [Rewrite] {
    static READ: OnceLock<Vec<Rewrite>> = OnceLock::new();
    READ.get_or_init(|| PEEPHOLES.iter().filter(|row| row.excluded.is_none()).map(read).collect())
}

fn read(row: &Peephole) -> Rewrite {
    let patterns = |lines: &[&str]| lines.iter().map(|line| known(row, line, pattern(line))).collect();
    let facts = row.when.iter().map(|line| known(row, line, fact(line))).collect();
    Rewrite { name: row.name, from: patterns(row.from), to: patterns(row.to), facts }
}

fn known<T>(row: &Peephole, line: &str, read: Option<T>) -> T {
    read.unwrap_or_else(|| crate::bug!("ir-specs/peepholes.toml: {}: `{line}`", row.name))
}

fn fact(line: &str) -> Option<Fact> {
    let (name, of) = line.split_once(' ')?;
    let register = || match register(of)? {
        (Register::Variable(variable), true) => Some(variable),
        _ => None,
    };
    match name {
        "dead" => Some(Fact::Dead(register()?)),
        "low" => Some(Fact::Low(register()?)),
        "zero" => Some(Fact::Zero(register()?)),
        "elsewhere" => Some(Fact::Elsewhere(register()?)),
        "narrow" => Some(Fact::Narrow(register()?)),
        "u32" => match number(of)? {
            Number::Variable(variable) => Some(Fact::Unsigned(variable)),
            Number::Is(_) => None,
        },
        _ => None,
    }
}

/// The classes of RFC 9669, and the bit for a register as the right operand.
const ALU64: u8 = 7;
const ALU32: u8 = 4;
const JUMP64: u8 = 5;
const JUMP32: u8 = 6;
const BY_REGISTER: u8 = 8;
/// `goto` of 16 bits.
const GOTO: u8 = 0x05;

/// Operators of assignments, by their high halves of the opcode.
const OPERATORS: &[(&str, u8)] = &[
    ("+=", 0x0),
    ("-=", 0x1),
    ("*=", 0x2),
    ("/=", 0x3),
    ("|=", 0x4),
    ("&=", 0x5),
    ("<<=", 0x6),
    (">>=", 0x7),
    ("%=", 0x9),
    ("^=", 0xa),
    ("=", 0xb),
    ("s>>=", 0xc),
];

/// Comparisons, likewise.
const COMPARISONS: &[(&str, u8)] = &[
    ("==", 0x1),
    (">", 0x2),
    (">=", 0x3),
    ("&", 0x4),
    ("!=", 0x5),
    ("s>", 0x6),
    ("s>=", 0x7),
    ("<", 0xa),
    ("<=", 0xb),
    ("s<", 0xc),
    ("s<=", 0xd),
];

/// The pattern of a line of assembly. None: it is none.
fn pattern(line: &str) -> Option<Pattern> {
    let words: Vec<&str> = line.split(' ').collect();
    match words[..] {
        ["goto", "L"] => Some(Pattern { opcode: GOTO, ..NOTHING }),
        ["if", left, comparison, right, "goto", "L"] => {
            let operation = COMPARISONS.iter().find(|(text, _)| *text == comparison)?.1;
            of_operands(left, right, operation, [JUMP64, JUMP32])
        }
        [left, "=", immediate, "ll"] => {
            let (dst, is_whole) = register(left)?;
            let opcode = ks_vm::decode::LOAD_IMMEDIATE;
            is_whole.then_some(Pattern { opcode, dst, immediate: number(immediate)?, ..NOTHING })
        }
        [left, operator, right] => {
            let operation = OPERATORS.iter().find(|(text, _)| *text == operator)?.1;
            of_operands(left, right, operation, [ALU64, ALU32])
        }
        _ => access(&words),
    }
}

/// What the fields have that an instruction does not use.
const NOTHING: Pattern =
    Pattern { opcode: 0, dst: Register::Is(0), src: Register::Is(0), offset: Number::Is(0), immediate: Number::Is(0) };

/// Bits of opcodes for the widths of accesses.
const WIDTHS: &[(&str, u8)] = &[("*(u8", 0x10), ("*(u16", 0x08), ("*(u32", 0x00), ("*(u64", 0x18)];
const LOAD: u8 = 0x61;
const STORE_CONSTANT: u8 = 0x62;
const STORE: u8 = 0x63;
/// `lock *(…) += …` has the immediate of an addition, which is 0.
const ATOMIC: u8 = 0xc3;

/// `*(u64 *)(ra + O)` as words: the bits of the width, the base and the offset.
fn place(words: &[&str]) -> Option<(u8, Register, Number)> {
    let &[width, base, "+", offset] = words else { return None };
    let width = WIDTHS.iter().find(|(text, _)| *text == width)?.1;
    let (base, is_whole) = register(base.strip_prefix("*)(")?)?;
    is_whole.then_some((width, base, number(offset.strip_suffix(')')?)?))
}

fn access(words: &[&str]) -> Option<Pattern> {
    match words {
        ["lock", to @ .., "+=", from] => {
            let (width, dst, offset) = place(to)?;
            Some(Pattern { opcode: ATOMIC | width, dst, src: register(from)?.0, offset, ..NOTHING })
        }
        [to, "=", from @ ..] if from.len() > 1 => {
            let (width, src, offset) = place(from)?;
            Some(Pattern { opcode: LOAD | width, dst: register(to)?.0, src, offset, ..NOTHING })
        }
        [to @ .., "=", from] => {
            let (width, dst, offset) = place(to)?;
            Some(match register(from) {
                Some((src, _)) => Pattern { opcode: STORE | width, dst, src, offset, ..NOTHING },
                None => Pattern { opcode: STORE_CONSTANT | width, dst, offset, immediate: number(from)?, ..NOTHING },
            })
        }
        _ => None,
    }
}

/// `classes` are those for 64 and 32 bits.
fn of_operands(left: &str, right: &str, operation: u8, classes: [u8; 2]) -> Option<Pattern> {
    let (dst, is_whole) = register(left)?;
    let class = if is_whole { classes[0] } else { classes[1] };
    let opcode = operation << 4 | class;
    match register(right) {
        Some((src, is_also_whole)) => {
            let pattern = Pattern { opcode: opcode | BY_REGISTER, dst, src, ..NOTHING };
            (is_also_whole == is_whole).then_some(pattern)
        }
        None => Some(Pattern { opcode, dst, immediate: number(right)?, ..NOTHING }),
    }
}

/// A register, and whether it is the whole one: `ra` and `wa` for a variable, `r0` for itself.
fn register(text: &str) -> Option<(Register, bool)> {
    let name = text.strip_prefix(['r', 'w'])?;
    let variable = |name: &str| match name.as_bytes() {
        &[letter @ b'a'..=b'd'] => Some(Register::Variable(usize::from(letter - b'a'))),
        _ => None,
    };
    let register = variable(name).or_else(|| name.parse().ok().filter(|&number| number <= 10).map(Register::Is))?;
    Some((register, text.starts_with('r')))
}

/// A number, or a capital letter for a variable.
fn number(text: &str) -> Option<Number> {
    match text.as_bytes() {
        &[letter @ b'K'..=b'P'] => Some(Number::Variable(usize::from(letter - b'K'))),
        _ => text.parse().ok().map(Number::Is),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rewrites_are_read_and_make_nothing_longer() {
        for rewrite in rewrites() {
            assert!(!rewrite.from.is_empty() && rewrite.to.len() <= rewrite.from.len(), "{}", rewrite.name);
            let ahead = rewrite.facts.iter().filter(|fact| fact.looks_ahead()).count();
            let back = rewrite.facts.iter().filter(|fact| fact.looks_back()).count();
            assert!(ahead == 0 || back == 0, "{}: see windows.rs", rewrite.name);
        }
    }

    #[test]
    fn variables_of_what_is_written_are_in_what_is_read() {
        for rewrite in rewrites() {
            for pattern in &rewrite.to {
                let registers =
                    |patterns: &[Pattern]| patterns.iter().flat_map(|of| [of.dst, of.src]).collect::<Vec<_>>();
                let numbers = rewrite.from.iter().flat_map(|of| [of.immediate, of.offset]).collect::<Vec<_>>();
                for register in [pattern.dst, pattern.src] {
                    assert!(
                        register == Register::Is(0) || registers(&rewrite.from).contains(&register),
                        "{}",
                        rewrite.name
                    );
                }
                for number in [pattern.immediate, pattern.offset] {
                    assert!(matches!(number, Number::Is(_)) || numbers.contains(&number), "{}", rewrite.name);
                }
            }
        }
    }
}
