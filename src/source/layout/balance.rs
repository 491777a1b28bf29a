//! Which bracket closes which, while the layout goes over the tokens.

use super::{MAX_NESTING, Pass};
use crate::source::brackets::{self, Wrong};
use crate::source::problems::{ProblemKind, Unclosed};
use crate::source::scan::{Fault, Token};

/// A bracket that is open.
pub(super) struct Open {
    pub(super) bracket: u8,
    at: usize,
    indent: usize,
    /// The innermost pair inside, so far, whose `}` begins a line at another indentation than the line of its `{`.
    odd: Option<(usize, usize)>,
}

impl Pass<'_> {
    pub(super) fn open(&mut self, token: Token) {
        let bracket = self.src.as_bytes()[token.lo];
        self.stack.push(Open { bracket, at: token.lo, indent: self.line_indent, odd: None });
        self.open_kinds[brackets::number(bracket)] += 1;
        if self.stack.len() > MAX_NESTING && !self.too_deep {
            self.too_deep = true;
            self.problem(ProblemKind::TooDeep, token.lo..token.hi);
        }
    }

    fn pop(&mut self) -> Option<Open> {
        let open = self.stack.pop()?;
        self.open_kinds[brackets::number(open.bracket)] -= 1;
        Some(open)
    }

    /// How many brackets of a kind are open.
    fn open_of(&self, opening: u8) -> usize {
        self.open_kinds[brackets::number(opening)]
    }

    pub(super) fn close(&mut self, token: Token) {
        let bracket = self.src.as_bytes()[token.lo];
        let wanted = brackets::opening(bracket);
        if self.stack.last().is_some_and(|open| open.bracket != wanted) && self.wrong_bracket(bracket, token) {
            return;
        }
        if self.open_of(wanted) == 0 {
            self.unbalanced = true;
            match self.bodiless().filter(|_| wanted == b'{' && self.stack.is_empty()) {
                Some((function, name)) => self.without_body(function, name),
                None => self.problem(ProblemKind::Stray, token.lo..token.hi),
            }
            return;
        }
        let mut innermost = true;
        while let Some(open) = self.pop() {
            if open.bracket != wanted {
                // One message: for the innermost bracket; most often only one is missing.
                if std::mem::take(&mut innermost) {
                    self.unclosed(open, token.lo);
                }
                continue;
            }
            let first_of_line = self.newline.is_some() || self.prev.is_none();
            let mut odd = open.odd;
            if first_of_line && wanted == b'{' && open.indent != self.line_indent {
                odd = odd.or(Some((open.at, token.lo)));
            }
            if let Some(outer) = self.stack.last_mut() {
                outer.odd = outer.odd.or(odd);
            } else {
                self.too_deep = false;
            }
            break;
        }
    }

    /// Reports a closing bracket that is of another kind or superfluous; false if one before it is missing.
    fn wrong_bracket(&mut self, bracket: u8, token: Token) -> bool {
        let stack = self.stack.iter().rev().map(|open| open.bracket);
        let Some(wrong) = brackets::wrong(stack, bracket, &self.src[token.hi..]) else { return false };
        let mistaken = if wrong == Wrong::Kind { self.pop() } else { None };
        let kind = mistaken.map_or(ProblemKind::Stray, |open| ProblemKind::Mismatched(open.at));
        self.problem(kind, token.lo..token.hi);
        true
    }

    pub(super) fn close_all(&mut self, at: usize) {
        // One message, as above.
        if let Some(open) = self.pop() {
            self.unclosed(open, at);
        }
        self.stack.clear();
        self.open_kinds = [0; 3];
        self.too_deep = false;
    }

    fn unclosed(&mut self, open: Open, at: usize) {
        self.unbalanced = true;
        let swallowed =
            matches!(self.problems.last(), Some(last) if matches!(last.kind, ProblemKind::Fault(Fault::OpenComment)));
        if self.open_quote > open.at || swallowed {
            return;
        }
        let kind = ProblemKind::Unclosed(Unclosed { at, odd: open.odd });
        self.problem(kind, open.at..open.at + 1);
    }
}
