//! Reports declarations whose name is a keyword, in text that cannot be read because of their uses.
//!
//! `var new = 3` by itself is read, and its builder refuses the name. A use of it (`new + 1`) is no expression, so the
//! whole function cannot be read, and the error is at the use. This finds the declaration in the tokens; its error
//! replaces those of its uses.

use super::words;
use crate::diag::codes::syntax::KeywordAsName;
use crate::diag::{Code, Diagnostic, Severity};
use crate::source::layout::Layout;
use crate::source::scan::{Scanner, Token, TokenKind};
use crate::source::{FileId, Span};
use std::collections::BTreeSet;
use std::ops::Range;

/// The error at the declaration.
pub fn refused(word: &str, span: Span) -> Diagnostic {
    let help = format!("choose another name, such as `{word}_` or `my_{word}`");
    Diagnostic::new(Severity::Error, Some(span), &KeywordAsName { word: word.to_owned() }).helped(help)
}

/// Adds the declarations that no builder has seen, and drops the errors at the uses of such names.
pub fn settle(source: &str, file: FileId, layout: &Layout, diags: &mut Vec<Diagnostic>) {
    if !diags.iter().any(is_syntax_error) {
        return;
    }
    let text = Tokens::new(source);
    let declared = text.declared_keywords(&layout.items);
    let refused_at = |diag: &Diagnostic| diag.span.filter(|_| diag.code == KeywordAsName::INFO.code);
    let known: BTreeSet<u32> = diags.iter().filter_map(refused_at).map(|span| span.lo).collect();
    diags.retain(|diag| {
        let Some(span) = diag.span.filter(|_| is_syntax_error(diag)) else { return true };
        let at = span.lo as usize;
        let visible = declared.iter().filter(|name| name.scope.contains(&at)).map(|name| text.of(&name.token));
        refused_at(diag).is_some() || !text.names_before(&visible.collect(), span)
    });
    for Declared { token, .. } in declared.iter().filter(|name| !known.contains(&(name.token.lo as u32))) {
        diags.push(refused(text.of(token), Span::new(file, token.lo, token.hi)));
    }
}

/// A keyword that is declared, and the text that sees it.
struct Declared {
    token: Token,
    scope: Range<usize>,
}

fn is_syntax_error(diag: &Diagnostic) -> bool {
    diag.severity == Severity::Error && diag.code.starts_with("E00")
}

struct Tokens<'a> {
    source: &'a str,
    list: Vec<Token>,
}

impl<'a> Tokens<'a> {
    fn new(source: &'a str) -> Tokens<'a> {
        let comment = |kind| matches!(kind, TokenKind::LineComment | TokenKind::DocComment | TokenKind::BlockComment);
        Tokens { source, list: Scanner::new(source).filter(|token| !comment(token.kind)).collect() }
    }

    fn of(&self, token: &Token) -> &'a str {
        &self.source[token.lo..token.hi]
    }

    fn is_word(&self, token: &Token, kind: fn(&str) -> bool) -> bool {
        token.kind == TokenKind::Word && kind(self.of(token))
    }

    /// The text of the token so many behind the one at `index`; empty outside.
    fn near(&self, index: usize, offset: isize) -> &'a str {
        index.checked_add_signed(offset).and_then(|index| self.list.get(index)).map_or("", |token| self.of(token))
    }

    /// `items`: the declarations of the file, which see what is declared inside them.
    fn declared_keywords(&self, items: &[Range<usize>]) -> Vec<Declared> {
        let mut found = Vec::new();
        let mut depth = 0usize;
        for (index, token) in self.list.iter().enumerate() {
            if token.kind == TokenKind::Open {
                depth += 1;
            } else if token.kind == TokenKind::Close {
                depth = depth.saturating_sub(1);
            } else if self.is_word(token, words::is_keyword) && self.declares(index) {
                found.push((*token, depth == 0));
            }
            if self.of(token) == "fn" {
                found.extend(self.parameters(index).into_iter().map(|name| (name, false)));
            }
        }
        let scope = |token: &Token| items.iter().find(|item| item.contains(&token.lo)).cloned();
        let declared = found.into_iter().map(|(token, is_global)| {
            let scope = scope(&token).filter(|_| !is_global).unwrap_or(0..self.source.len());
            Declared { token, scope }
        });
        declared.collect()
    }

    /// Whether the word at `index` is the name of a declaration. The next token decides, so that `local var x` and `var local x`, which has
    /// an error of its own, are none.
    fn declares(&self, index: usize) -> bool {
        let (before, after) = (self.near(index, -1), self.near(index, 1));
        let second_of_loop = || self.near(index, if self.near(index, -3) == "(" { -4 } else { -3 }) == "for";
        match before {
            "var" | "let" => matches!(after, ":" | "=" | "\n" | ";" | "else"),
            "const" => matches!(after, ":" | "="),
            "fn" => after == "(" && !self.in_impl(index),
            "struct" | "union" | "config" => matches!(after, "{" | "\n"),
            "enum" => matches!(after, "{" | "\n" | ":"),
            "type" => after == "=",
            "import" => after == "from",
            "catch" => after == "{",
            "for" => after == "in" || after == ",",
            "(" => matches!(after, "in" | ",") && self.near(index, -2) == "for",
            "," => after == "in" && second_of_loop(),
            _ => false,
        }
    }

    /// As a member of an `impl` every word names a function.
    fn in_impl(&self, index: usize) -> bool {
        let mut depth = 0usize;
        for at in (0..index).rev() {
            let kind = self.list[at].kind;
            if kind == TokenKind::Close {
                depth += 1;
            } else if kind == TokenKind::Open && depth > 0 {
                depth -= 1;
            } else if kind == TokenKind::Open {
                return self.near(at, -2) == "impl";
            }
        }
        false
    }

    /// The reserved words among the names of the parameters of the function whose `fn` is at `index`.
    fn parameters(&self, index: usize) -> Vec<Token> {
        let mut found = Vec::new();
        if self.near(index, 2) != "(" {
            return found;
        }
        let mut depth = 0usize;
        for (at, token) in self.list.iter().enumerate().skip(index + 2) {
            if token.kind == TokenKind::Open {
                depth += 1;
            } else if token.kind == TokenKind::Close && depth == 1 {
                break;
            } else if token.kind == TokenKind::Close {
                depth -= 1;
            } else if depth == 1 && self.is_word(token, words::is_reserved_of_parameter) {
                let is_name = matches!(self.near(at, -1), "(" | "," | "\n") && self.near(at, 1) == ":";
                found.extend(is_name.then_some(*token));
            }
        }
        found
    }

    /// Whether one of these names is on the line of an error, up to its place; where the error is what a line begins with,
    /// also on the line before.
    fn names_before(&self, names: &BTreeSet<&str>, error: Span) -> bool {
        let end = self.list.partition_point(|token| token.lo <= error.lo as usize);
        let is_line_end = |token: &Token| token.kind == TokenKind::Newline;
        let last = end.saturating_sub(if self.list[..end].last().is_some_and(is_line_end) { 0 } else { 1 });
        let start = self.list[..last].iter().rposition(|token| !is_line_end(token)).map_or(0, |at| at + 1);
        let line = self.list[..start].iter().rev().take_while(|token| !is_line_end(token));
        line.chain(&self.list[last..end]).any(|token| names.contains(self.of(token)))
    }
}
