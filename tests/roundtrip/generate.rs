//! Random trees that a text can have: precedence is respected, parentheses are where they must be.

mod exprs;
mod items;
mod stmts;
mod types;

use crate::random::Random;
use ksc::ast::{Expr, ExprKind, Ident, Path};
use ksc::source::{FileId, Span};

pub struct Generator {
    random: Random,
    /// How much deeper the tree may become.
    fuel: usize,
}

/// Names that mean nothing special anywhere.
const NAMES: &[&str] = &["a", "b", "ctx", "eth", "ip_src", "x1", "count", "_tmp", "Stats", "XDP_PASS", "iff", "form"];
/// Words that are names in an expression, though they begin declarations.
const SOFT: &[&str] = &["type", "from", "in", "config", "local", "pin", "enum", "extern", "default_", "lock", "user"];
/// Words that are names after a dot and before a colon only.
const WORDS: &[&str] = &["if", "else", "return", "match", "var", "as", "new", "null", "fn", "default", "catch", "type"];

impl Generator {
    pub fn new(seed: u64) -> Generator {
        Generator { random: Random::new(seed + 1), fuel: 0 }
    }

    pub fn span() -> Span {
        Span::new(FileId(0), 0, 0)
    }

    fn ident(&mut self, from: &[&str]) -> Ident {
        Ident { name: self.random.pick(from).to_owned(), span: Self::span() }
    }

    /// What is declared.
    fn name(&mut self) -> Ident {
        self.ident(NAMES)
    }

    /// What an expression names.
    fn used(&mut self) -> Ident {
        let from = if self.random.one_in(8) { SOFT } else { NAMES };
        self.ident(from)
    }

    /// A field or the like: any word.
    fn word(&mut self) -> Ident {
        let from = if self.random.one_in(5) { WORDS } else { NAMES };
        self.ident(from)
    }

    fn path(&mut self) -> Path {
        let mut segments = vec![self.name()];
        if self.random.one_in(5) {
            segments.push(self.name());
        }
        Path { segments, span: Self::span() }
    }

    fn some<T>(&mut self, one_in: usize, make: impl FnOnce(&mut Self) -> T) -> Option<T> {
        self.random.one_in(one_in).then(|| make(self))
    }

    fn many<T>(&mut self, limit: usize, mut make: impl FnMut(&mut Self) -> T) -> Vec<T> {
        let count = self.random.below(limit + 1);
        (0..count).map(|_| make(self)).collect()
    }

    /// Runs with less fuel; false, and nothing, if it is used up.
    fn deeper<T>(&mut self, make: impl FnOnce(&mut Self) -> T) -> Option<T> {
        self.fuel = self.fuel.checked_sub(1)?;
        let made = make(self);
        self.fuel += 1;
        Some(made)
    }

    fn make(kind: ExprKind) -> Expr {
        Expr { kind, span: Self::span() }
    }
}
