//! The header of a `for` in the syntax of other languages.

use super::Hint;
use crate::source::Span;
use crate::source::scan::{Token, TokenKind};
use crate::syntax::builder::Builder;
use crate::syntax::c_order::{Counting, Reader, declares};
use crate::syntax::errors::Failure;
use crate::syntax::words;

const FORM: &str = "a counting loop is written `for (i in 0..n) { … }`, one over a map `for (k, v in m) { … }`";

/// `for (int i = 0; …)`, `for (;;)`, `for (x of xs)`.
pub fn header(builder: &Builder<'_>, failure: &Failure<'_>) -> Option<Hint> {
    if failure.expected.name && failure.token(-1) == "(" && failure.token(-2) == "for" && failure.token(0) == ";" {
        let endless = failure.token(1) == ";" && failure.token(2) == ")";
        let span = failure.token_span(builder, -2).to(failure.token_span(builder, 2));
        return endless.then(|| Hint::edit("an endless loop is written `loop { … }`", span, "loop"));
    }
    if !(failure.expected.signs.contains(&"in") && failure.expected.signs.len() < 4) {
        return None;
    }
    let open = (1..4).find(|&back| failure.token(-back) == "(" && failure.token(-back - 1) == "for");
    let Some(open) = open else {
        let colon = failure.token(0) == ":" && failure.token(1) != "=";
        return Some(if colon { Hint::edit(FORM, failure.span(builder), " in") } else { Hint::text(FORM) });
    };
    if matches!(failure.token(0), ":" | "of" | "on") {
        return Some(Hint::edit(FORM, failure.span(builder), "in"));
    }
    let lo = failure.token_span(builder, 1 - open).lo;
    let mut reader = Reader::new(builder.source, lo);
    let Some(counting) = reader.counting() else { return Some(Hint::text(FORM)) };
    let hi = lo + reader.hi() as u32;
    let Counting { name, low, dots, high, .. } = counting;
    let range = format!("{name} in {low}{dots}{high}");
    let body = failure.tokens.partition_point(|token| builder.base + token.lo < hi as usize);
    if !is_range(builder, failure, &counting, body_at(failure, body)) {
        return Some(Hint::text(FORM));
    }
    // The parenthesis that closes stays.
    let span = Span { lo, hi: hi - 1, ..failure.span(builder) };
    Some(Hint::edit(format!("a counting loop is written `for ({range}) {{ … }}`"), span, range))
}

/// The tokens of the block or the statement that begins at an index.
fn body_at<'f>(failure: &'f Failure<'_>, from: usize) -> &'f [Token] {
    let from = from + usize::from(failure.text_at(from) == "\n");
    let braced = failure.text_at(from) == "{";
    let mut depth = 0;
    let ends = |at: &usize| {
        let kind = failure.tokens[*at].kind;
        depth += i32::from(kind == TokenKind::Open) - i32::from(kind == TokenKind::Close);
        depth < 0 || depth == 0 && (braced || matches!(failure.text_at(*at), "\n" | ";"))
    };
    let end = (from..failure.tokens.len()).find(ends).unwrap_or(failure.tokens.len());
    &failure.tokens[from.min(end)..end]
}

/// C reads the bound before each iteration and lets the body set the variable; a `for` over a range reads both once. So
/// the body changes neither, and the variable is the loop's own.
fn is_range<'a>(builder: &Builder<'a>, failure: &Failure<'_>, counting: &Counting<'a>, body: &[Token]) -> bool {
    let text = |token: &Token| &failure.text[token.lo..token.hi];
    let plain_word = |pair: &[Token]| pair[0].kind == TokenKind::Word && !words::is_keyword(text(&pair[0]));
    let mut pairs = failure.tokens.windows(2);
    let before = pairs.any(|pair| plain_word(pair) && text(&pair[1]) == counting.name);
    if !counting.declares && (before || declares(builder.source, counting.name, &["var", "let"])) {
        return false;
    }
    let words = |text: &'a str| text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let mut ends = words(counting.low).chain(words(counting.high));
    if ends.any(|word| word == counting.name) {
        return false;
    }
    let bound = counting.high;
    let calls = body.windows(2).any(|pair| plain_word(pair) && text(&pair[1]) == "(");
    if bound.contains('(') || calls && bound.contains(['.', '>', '*', '[']) {
        return false;
    }
    words(bound).chain([counting.name]).all(|name| {
        let number = name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit());
        let capitals = !name.contains(|c: char| c.is_ascii_lowercase());
        let constant = capitals && !declares(builder.source, name, &["var", "let"]);
        let parameter = failure.tokens.windows(2).any(|pair| text(&pair[0]) == name && text(&pair[1]) == ":");
        let own = name == counting.name || parameter || declares(failure.text, name, &["var", "let", "const"]);
        let pointed = failure.tokens.windows(2).any(|pair| text(&pair[0]) == "&" && text(&pair[1]) == name);
        number || (constant || own || !calls) && !pointed && !is_set(failure, body, name)
    })
}

/// An assignment to what begins with a name, or `++` or `--` next to it.
fn is_set(failure: &Failure<'_>, body: &[Token], name: &str) -> bool {
    let text = |at: usize| body.get(at).map_or("", |token| &failure.text[token.lo..token.hi]);
    let twice = |first: usize| matches!(text(first), "+" | "-") && text(first) == text(first + 1);
    (0..body.len()).filter(|&at| text(at) == name).any(|at| {
        let mut next = at + 1;
        while matches!(text(next), "." | "->" | "[") {
            let skipped = if text(next) == "[" { (next..).find(|&at| matches!(text(at), "]" | "")) } else { None };
            next = skipped.unwrap_or(next + 1) + 1;
        }
        let assigned = text(next).ends_with('=') && !matches!(text(next), "==" | "!=" | "<=" | ">=");
        assigned || twice(next) || at >= 2 && twice(at - 2)
    })
}
