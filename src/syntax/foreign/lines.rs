//! Signs with which other languages end a line; here the line continues after them, so the fault is behind them.

use crate::diag::codes::syntax::*;
use crate::source::Span;
use crate::source::scan::{Token, TokenKind};
use crate::syntax::builder::Builder;
use crate::syntax::errors::Failure;

/// `fn f() -> u32:` and `struct S:`, whose colon another type or a field would follow.
pub fn header_colon(builder: &mut Builder<'_>, failure: &Failure<'_>) -> bool {
    let mut depth = 0;
    let outside = |token: &&Token| {
        depth += isize::from(token.kind == TokenKind::Open) - isize::from(token.kind == TokenKind::Close);
        depth == 0
    };
    let header: Vec<&Token> = failure.tokens.iter().take(failure.at + 1).filter(outside).collect();
    let text = |token: &&Token| &failure.text[token.lo..token.hi];
    let declares = header.iter().any(|token| matches!(text(token), "config" | "enum" | "fn" | "struct" | "union"));
    let colon = header.iter().find(|token| text(token) == ":").filter(|_| declares);
    let (Some(colon), None) = (colon, failure.open_bracket()) else { return false };
    let span = Span::new(builder.file, builder.base + colon.lo, builder.base + colon.hi);
    let rest = &builder.layout.text[span.hi as usize..builder.line_from(span).hi as usize];
    if !rest.trim().is_empty() {
        return false;
    }
    builder
        .error(span, Expected { expected: "`{`".to_owned(), found: "`:`".to_owned() })
        .help("what belongs to it is in braces, without `:`");
    true
}

/// `var v = f()?` at a line's end, which goes on as a choice until no `:` follows.
pub fn question_mark(builder: &mut Builder<'_>, failure: &Failure<'_>) -> bool {
    let awaited = failure.expected.signs.contains(&":") || failure.expected.expression;
    let from = failure.open_bracket().map_or(0, |open| open + 1);
    let until = failure.at.min(failure.tokens.len());
    let Some(mark) = (from..until).rev().find(|&at| failure.text_at(at) == "?") else { return false };
    let ends = matches!(failure.text_at(mark + 1), "\n" | ";" | "}" | "." | "->" | "");
    let at_start = failure.token(-1) == "\n" || mark + 1 == until;
    if !awaited || failure.expected.statement || !ends || !at_start {
        return false;
    }
    let ends_before = |at: &usize| matches!(failure.text_at(*at), "\n" | ";" | "{" | "}");
    let first = (from..mark).rev().find(ends_before).map_or(from, |end| end + 1);
    let offset = |index: usize| index as isize - failure.at as isize;
    let span = failure.token_span(builder, offset(mark));
    let statement = Span { lo: failure.token_span(builder, offset(first)).lo, hi: span.lo, ..span };
    let text = builder.text(statement).trim_end();
    let text = if failure.text_at(first) == "var" && !text.contains('\n') { text } else { "var v = e" };
    builder
        .error(span, Expected { expected: "the end of this expression".to_owned(), found: "`?`".to_owned() })
        .help(format!("what may be absent is tested where it is declared: `{text} else {{ return … }}`"));
    true
}
