//! The words by which the layout distinguishes statements and declarations.

use super::scan::{Scanner, TokenKind};
use crate::tables::{WordRole, word};
use std::ops::Range;

/// Whether a word continues a statement or an expression.
pub fn continues(text: &str) -> bool {
    word(text).is_some_and(|word| word.role == WordRole::Continues)
}

/// Whether a word begins a declaration where one may begin.
pub fn begins_item(text: &str) -> bool {
    word(text).is_some_and(|word| word.item)
}

/// Empty if there is none.
pub fn first_token(text: &str) -> &str {
    Scanner::new(text).next().map_or("", |token| &text[token.lo..token.hi])
}

/// What cannot begin a statement.
pub fn begins_only_items(text: &str) -> bool {
    let statement = ["var", "let", "const", "type"];
    text == "@" || begins_item(text) && !statement.contains(&text)
}

/// The position of the name of the function that an item declares.
pub fn function_name(item: &str) -> Option<Range<usize>> {
    let mut tokens = Scanner::new(item).skip_while(|token| &item[token.lo..token.hi] != "fn").skip(1);
    tokens.next().filter(|token| token.kind == TokenKind::Word).map(|token| token.lo..token.hi)
}
