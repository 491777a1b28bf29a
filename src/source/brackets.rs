//! Which bracket is wrong if one closes another than the innermost.

use super::scan::{Scanner, TokenKind};

/// So many tokens on the line, or brackets around, so that a broken file takes no longer than another.
const MAX_LOOKED_AT: usize = 64;

/// The mistake in a closing bracket.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wrong {
    /// It is at the position where the innermost bracket should be closed.
    Kind,
    /// The innermost bracket is closed behind it.
    Extra,
}

/// The kinds of opening brackets, from 0.
pub fn number(open: u8) -> usize {
    match open {
        b'(' => 0,
        b'[' => 1,
        _ => 2,
    }
}

/// The bracket that a closing one closes.
pub fn opening(close: u8) -> u8 {
    match close {
        b')' => b'(',
        b']' => b'[',
        _ => b'{',
    }
}

/// The byte of the bracket that closes an opening `(`, `[` or `{`.
pub fn closing(open: u8) -> u8 {
    match open {
        b'(' => b')',
        b'[' => b']',
        _ => b'}',
    }
}

/// None where the closing bracket may well be right, and one before it is missing. `open` are the brackets that are open,
/// the innermost first; `rest` is what follows.
pub fn wrong(mut open: impl Iterator<Item = u8>, close: u8, rest: &str) -> Option<Wrong> {
    let innermost = open.next()?;
    if innermost == b'{' || close == b'}' || innermost == opening(close) {
        return None;
    }
    let mut outer = open.take_while(|open| *open != b'{').take(MAX_LOOKED_AT);
    let closes_outer = outer.any(|open| open == opening(close));
    // An outer bracket that it could close is closed by another.
    let behind = closed_behind(rest);
    let closed_by = |index: usize| !closes_outer || behind.get(index) == Some(&close);
    if behind.first() == Some(&closing(innermost)) {
        return closed_by(1).then_some(Wrong::Extra);
    }
    closed_by(0).then_some(Wrong::Kind)
}

/// The brackets that the rest of the line closes and that were opened before it.
fn closed_behind(rest: &str) -> Vec<u8> {
    let mut depth = 0;
    let mut closed = Vec::new();
    for token in Scanner::new(rest).take(MAX_LOOKED_AT).take_while(|token| token.kind != TokenKind::Newline) {
        if token.kind == TokenKind::Open {
            depth += 1;
        } else if token.kind == TokenKind::Close && depth > 0 {
            depth -= 1;
        } else if token.kind == TokenKind::Close {
            closed.push(rest.as_bytes()[token.lo]);
        }
    }
    closed
}
