//! The words by which the layout tells statements and declarations apart.

use super::scan::{Scanner, TokenKind};
use std::ops::Range;

/// Words that begin a statement or an expression, and so are no names in one.
pub const RESERVED: &[&str] = &[
    "break", "const", "continue", "defer", "delete", "false", "for", "if", "let", "loop", "match", "new", "none",
    "null", "offsetof", "return", "sizeof", "throw", "true", "try", "var", "while",
];

/// Words that continue a statement or an expression.
pub const CONTINUES: &[&str] = &["as", "catch", "else"];

/// Words that begin a declaration where one may begin.
pub const BEGINS_ITEM: &[&str] = &[
    "fn", "struct", "enum", "type", "config", "var", "let", "const", "impl", "extern", "include", "import", "license",
    "pub", "priv", "pin", "local", "percpu",
];

/// Empty if there is none.
pub fn first_token(text: &str) -> &str {
    Scanner::new(text).next().map_or("", |token| &text[token.lo..token.hi])
}

/// What cannot begin a statement.
pub fn begins_only_items(text: &str) -> bool {
    let statement = ["var", "let", "const", "type"];
    text == "@" || BEGINS_ITEM.contains(&text) && !statement.contains(&text)
}

/// Where the name of the function stands that an item declares.
pub fn function_name(item: &str) -> Option<Range<usize>> {
    let mut tokens = Scanner::new(item).skip_while(|token| &item[token.lo..token.hi] != "fn").skip(1);
    tokens.next().filter(|token| token.kind == TokenKind::Word).map(|token| token.lo..token.hi)
}
