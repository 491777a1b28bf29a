//! The names of declarations that cannot be read, so that their uses are no errors of their own.

use super::words;
use crate::ast::{Ident, Item, ItemKind};
use crate::source::scan::{Scanner, Token, TokenKind};
use crate::source::{FileId, Span};
use std::ops::Range;

/// Words behind which the name of what is declared follows.
const NAMED_BEHIND: &[&str] =
    &["config", "const", "enum", "extern", "fn", "impl", "import", "let", "struct", "type", "var"];

/// An item for each name of the declaration at `range`: one, and those of an enum's variants.
pub fn items(source: &str, file: FileId, range: Range<usize>) -> Vec<Item> {
    let text = &source[range.clone()];
    let tokens: Vec<Token> = Scanner::new(text).filter(|token| token.kind != TokenKind::Newline).collect();
    let of = |token: &Token| &text[token.lo..token.hi];
    let is_name = |token: &Token| token.kind == TokenKind::Word && !words::is_reserved(of(token));
    let Some(at) = tokens.iter().position(|token| NAMED_BEHIND.contains(&of(token))) else { return Vec::new() };
    let own = tokens[at + 1..].iter().take(1);
    let open = tokens[at..].iter().position(|token| of(token) == "{").map_or(tokens.len(), |open| at + open + 1);
    let variants = if of(&tokens[at]) == "enum" { &tokens[open..] } else { &[] };
    let named = |token: &Token| {
        let span = Span::new(file, range.start + token.lo, range.start + token.hi);
        let name = Ident { name: of(token).to_owned(), span };
        Item { docs: Vec::new(), attributes: Vec::new(), visibility: None, kind: ItemKind::Unread(name), span }
    };
    own.chain(variants).filter(|token| is_name(token)).map(named).collect()
}
