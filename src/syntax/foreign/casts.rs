//! Conversions in C's syntax.

use super::Hint;
use crate::source::Span;
use crate::source::scan::{Scanner, TokenKind};
use crate::syntax::builder::Builder;
use crate::syntax::c_order::Reader;
use crate::syntax::errors::Failure;
use crate::syntax::words;

/// `(struct ethhdr *)ctx->data`, from its parenthesis on.
pub fn conversion(builder: &Builder<'_>, open: u32) -> Option<Hint> {
    let mut reader = Reader::new(builder.source, open);
    let form = reader.cast()?;
    let form = if behind_prefix(&builder.source[..open as usize]) { format!("({form})") } else { form };
    let span = Span { file: builder.file, lo: open, hi: open + reader.hi() as u32 };
    Some(Hint::edit(format!("a conversion is written `{form}`"), span, form))
}

/// A prefix operator is before it: in C it takes the converted value, here it binds tighter than `as`.
fn behind_prefix(before: &str) -> bool {
    let line = before.rsplit('\n').next().unwrap_or_default();
    let tokens: Vec<_> = Scanner::new(line).map(|token| (token.kind, &line[token.lo..token.hi])).collect();
    let Some(((_, operator), rest)) = tokens.split_last() else { return false };
    let after_operand = rest.last().is_some_and(|(kind, text)| {
        matches!(kind, TokenKind::Number | TokenKind::Str | TokenKind::Char | TokenKind::Close)
            || *kind == TokenKind::Word && !words::is_keyword(text)
    });
    matches!(*operator, "!" | "~") || matches!(*operator, "-" | "*" | "&") && !after_operand
}

/// Of a failure at the name in a conversion, or at the parenthesis that closes.
pub fn cast(builder: &Builder<'_>, failure: &Failure<'_>) -> Option<Hint> {
    let open = (1..8).map(|back: isize| -back).find(|&offset| failure.token(offset) == "(")?;
    if failure.is_word(open - 1) && !matches!(failure.token(open - 1), "return" | "in") {
        return None;
    }
    conversion(builder, failure.token_span(builder, open).lo)
}
