//! The tokens of the lexer that are no names: keywords, built-in types, numbers, texts and comments.

use crate::source::scan::{Scanner, TokenKind};
use crate::tables::{self, WordRole};
use std::ops::Range;

/// The types of these tokens by their places in the text, in order. A comment of several lines is a token for each of them, without its indent,
/// since clients may not take tokens of several lines.
pub fn tokens(text: &str) -> Vec<(Range<usize>, &'static str)> {
    let mut found = Vec::new();
    let mut scanner = Scanner::new(text).peekable();
    let mut before = "\n";
    while let Some(token) = scanner.next() {
        let here = &text[token.lo..token.hi];
        let kind = match token.kind {
            TokenKind::LineComment | TokenKind::DocComment | TokenKind::BlockComment => "comment",
            TokenKind::Str | TokenKind::Char => "string",
            TokenKind::Number => "number",
            TokenKind::Word => {
                let next = scanner.peek().map(|next| (next.kind, &text[next.lo..next.hi]));
                word(before, here, next).unwrap_or("")
            }
            TokenKind::Punct | TokenKind::Open | TokenKind::Close | TokenKind::Newline | TokenKind::Fault(_) => "",
        };
        if kind != "comment" {
            before = here;
        }
        if !kind.is_empty() {
            lines(text, token.lo..token.hi, |line| found.push((line, kind)));
        }
    }
    found
}

/// What a word is between two tokens; nothing for a name.
fn word(before: &str, text: &str, next: Option<(TokenKind, &str)>) -> Option<&'static str> {
    let known = tables::word(text)?;
    // A field, a parameter or a variable may be called as a word is.
    let declares = matches!(before, "\n" | ";" | "{" | "(" | "," | "var" | "let");
    let label = declares && next.is_some_and(|(_, next)| next == ":");
    let before_word = next.is_some_and(|(kind, _)| matches!(kind, TokenKind::Word | TokenKind::Str));
    if matches!(before, "." | "::" | "@") {
        return None;
    }
    match known.role {
        WordRole::Type => (!label).then_some("type"),
        WordRole::Name => before_word.then_some("keyword"),
        WordRole::Begins | WordRole::Continues | WordRole::Keyword => match text {
            // The patterns of `match`.
            "default" | "true" | "false" | "null" => Some("keyword"),
            // The result of a function may be a function.
            _ if before == "->" => (text == "fn").then_some("keyword"),
            _ => (!label && (!known.before_name || before_word)).then_some("keyword"),
        },
    }
}

fn lines(text: &str, range: Range<usize>, mut each: impl FnMut(Range<usize>)) {
    let mut at = range.start;
    for line in text[range].split_inclusive('\n') {
        let indent = line.len() - line.trim_start().len();
        if !line.trim().is_empty() {
            each(at + indent..at + line.trim_end().len());
        }
        at += line.len();
    }
}
