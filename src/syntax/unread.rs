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
    let known = tokens.iter().position(|token| NAMED_BEHIND.contains(&of(token)));
    // `map counts: …`: another language's word, and a name.
    let foreign = matches!(&tokens[..], [first, name, ..] if is_name(first) && is_name(name)).then_some(0);
    let Some(at) = known.or(foreign) else { return Vec::new() };
    // `var local x`, whose words are in the wrong order.
    let modified = tokens.get(at + 1).is_some_and(|token| matches!(of(token), "local" | "percpu" | "pin" | "mut"));
    let own = tokens[at + 1..].iter().take(if modified { 2 } else { 1 });
    let open = tokens[at..].iter().position(|token| of(token) == "{").map_or(tokens.len(), |open| at + open + 1);
    let variants = if of(&tokens[at]) == "enum" { &tokens[open..] } else { &[] };
    let named = |token: &Token| {
        let span = Span::new(file, range.start + token.lo, range.start + token.hi);
        let name = Ident { name: of(token).to_owned(), span };
        Item { docs: Vec::new(), attributes: Vec::new(), visibility: None, kind: ItemKind::Unread(name), span }
    };
    own.chain(variants).filter(|token| is_name(token)).map(named).collect()
}
