//! The names of declarations that cannot be read, so that their uses are no errors of their own.

use super::words::{self, is_primitive};
use crate::ast::{Ident, Item, ItemKind};
use crate::diag::foreign;
use crate::source::scan::{Scanner, Token, TokenKind};
use crate::source::{FileId, Span};
use std::ops::Range;

/// Words behind which the name of what is declared follows.
const NAMED_BEHIND: &[&str] =
    &["config", "const", "enum", "extern", "fn", "impl", "import", "let", "struct", "type", "union", "var"];

/// An item for each name of the declarations at `range`. They are several where a `;` ends those of another language.
pub fn items(source: &str, file: FileId, range: Range<usize>) -> Vec<Item> {
    let text = &source[range.clone()];
    let between = [TokenKind::Newline, TokenKind::LineComment, TokenKind::DocComment, TokenKind::BlockComment];
    let tokens: Vec<Token> = Scanner::new(text).filter(|token| !between.contains(&token.kind)).collect();
    let mut depth = 0;
    let ends = |token: &Token| {
        depth += i32::from(token.kind == TokenKind::Open) - i32::from(token.kind == TokenKind::Close);
        depth == 0 && &text[token.lo..token.hi] == ";"
    };
    tokens.split_inclusive(ends).flat_map(|tokens| of_declaration(text, tokens, file, range.start)).collect()
}

/// The same of one declaration, whose text begins at `base` in the file: its name, and those of an enum's variants.
fn of_declaration(text: &str, tokens: &[Token], file: FileId, base: usize) -> Vec<Item> {
    let of = |token: &Token| &text[token.lo..token.hi];
    let is_name = |token: &Token| token.kind == TokenKind::Word && !words::is_reserved(of(token));
    let known = tokens.iter().position(|token| NAMED_BEHIND.contains(&of(token)));
    // `map counts: …`: another language's word, and a name.
    let foreign = matches!(tokens, [first, name, ..] if is_name(first) && is_name(name)).then_some(0);
    // `#define N 5`
    let defined = tokens.iter().position(|token| of(token) == "define").filter(|&at| at <= 1);
    let Some(at) = defined.or(known).or(foreign) else { return Vec::new() };
    // `var local x`, whose words are in the wrong order; `const int N`, whose type is before the name.
    let own = || tokens[at + 1..].iter().take_while(|token| is_name(token));
    let before = |word: &str| {
        matches!(word, "local" | "percpu" | "pin" | "mut" | "const" | "static")
            || is_primitive(word)
            || foreign::ty(word).is_some()
    };
    let own = own().take(1 + own().take_while(|token| before(of(token))).count());
    let open = tokens[at..].iter().position(|token| of(token) == "{").map_or(tokens.len(), |open| at + open + 1);
    let variants = if of(&tokens[at]) == "enum" { &tokens[open..] } else { &[] };
    let named = |token: &Token| {
        let span = Span::new(file, base + token.lo, base + token.hi);
        let name = Ident { name: of(token).to_owned(), span };
        Item { docs: Vec::new(), attributes: Vec::new(), visibility: None, kind: ItemKind::Unread(name), span }
    };
    own.chain(variants).filter(|token| is_name(token)).map(named).collect()
}
