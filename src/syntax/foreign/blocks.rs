//! Words that other languages have before a block, and misspelt ones. The parser takes such a word for a type, a
//! function or a statement and fails in the block or behind it: the word is reported instead.

use super::{Hint, keywords, switches, throws, up_to};
use crate::diag::codes::syntax::*;
use crate::source::Span;
use crate::source::scan::TokenKind;
use crate::syntax::builder::Builder;
use crate::syntax::errors::Failure;
use crate::syntax::types::quoted;
use crate::syntax::words;

/// What replaces a word before a block, or before the header of one.
pub fn instead(source: &str, word: &str, span: Span) -> Option<Hint> {
    let help = match word {
        "do" => "there is no `do`; write `loop { … if (!c) break }`",
        "elif" | "elseif" | "elsif" => {
            return Some(Hint::edit("a further condition is written `else if (c) { … }`", span, "else if"));
        }
        "ensure" | "finally" => throws::AT_END,
        "except" | "rescue" => return Some(Hint::edit(throws::HANDLER, span, "catch _")),
        "foreach" => "a loop over a map or an array is written `for (k, v in m) { … }`",
        "switch" => {
            return Some(Hint::with(
                "alternatives are written `match (e) { A: …, B | C: …, default: … }`",
                switches::as_match(source, span),
            ));
        }
        "unless" => "a negated condition is written `if (!c) { … }`",
        "until" => "a negated loop condition is written `while (!c) { … }`",
        _ => return None,
    };
    Some(Hint::text(help))
}

/// `else (c) { … }`, of the condition and what is before it.
pub fn else_if(before: &str, condition: Span) -> Option<Hint> {
    let word = before.trim_end().rsplit(|c: char| !c.is_ascii_alphanumeric() && c != '_').next();
    let help = "a further condition is written `else if (c) { … }`";
    (word == Some("else")).then(|| Hint::edit(help, condition.start(), "if "))
}

/// Reports the word before the block that has the fault in it or behind it; false if it is none of those.
pub fn explain(builder: &mut Builder<'_>, failure: &Failure<'_>) -> bool {
    let Some(brace) = brace(failure) else { return false };
    if lock(builder, failure, brace) {
        return true;
    }
    let Some((word, hint)) = before_block(builder, failure, brace).or_else(|| header(builder, failure, brace)) else {
        return false;
    };
    let expected = match failure.text_at(word.wrapping_sub(1)) {
        "=" | "return" | "(" | "," => "an expression",
        ")" => "`{` or a statement",
        _ => "a statement",
    };
    let found = quoted(failure.text_at(word));
    let span = failure.token_span(builder, offset(failure, word));
    builder.hinted(span, Expected { expected: expected.to_owned(), found }, Some(hint));
    true
}

/// `lock a.lock {`, read as a name and a struct literal.
fn lock(builder: &mut Builder<'_>, failure: &Failure<'_>, brace: usize) -> bool {
    let ends = |at: &usize| matches!(failure.text_at(*at), "\n" | ";" | "{" | "}");
    let first = (0..brace).rev().find(ends).map_or(0, |end| end + 1);
    if failure.text_at(first) != "lock" || !is_plain_word(failure, first + 1) || first + 1 == brace {
        return false;
    }
    let at = failure.token_span(builder, offset(failure, first + 1));
    let place = at.to(failure.token_span(builder, offset(failure, brace - 1)));
    let form = format!("({})", builder.text(place));
    let found = quoted(failure.text_at(first + 1));
    let hint = Hint::edit(format!("a lock is held in `lock {form} {{ … }}`"), place, form);
    builder.hinted(at, Expected { expected: "`(`".to_owned(), found }, Some(hint));
    true
}

fn offset(failure: &Failure<'_>, index: usize) -> isize {
    index as isize - failure.at as isize
}

/// The brace of the block: of the one that ends before an `else`, or else of the one that is open.
fn brace(failure: &Failure<'_>) -> Option<usize> {
    let ended = failure.token(0) == "else" && failure.token(-1) == "}";
    let brace = failure.bracket_around(if ended { failure.at - 1 } else { failure.at })?;
    (failure.text_at(brace) == "{").then_some(brace)
}

/// `then {`, `do {`, `esle {`
fn before_block(builder: &Builder<'_>, failure: &Failure<'_>, brace: usize) -> Option<(usize, Hint)> {
    let at = brace.checked_sub(1).filter(|&at| is_plain_word(failure, at))?;
    let (word, before) = (failure.text_at(at), failure.text_at(at.wrapping_sub(1)));
    let span = failure.token_span(builder, offset(failure, at));
    let after_loop = before == ")" && is_loop(failure, at - 1);
    if word == "then" && before == ")" || word == "do" && after_loop || word == "unsafe" {
        let help = format!("there is no `{word}`: write the block alone");
        let from = offset(failure, at);
        return Some((at, Hint::edit(help, up_to(builder, failure, from, from + 1), "")));
    }
    // After `=` and the like it is a type whose name may be near to a keyword.
    let alone = matches!(before, "" | "\n" | ";" | "{" | "}" | ")" | "]") || at > 0 && is_plain_word(failure, at - 1);
    let hint = instead(builder.source, word, span)
        .or_else(|| keywords::near(word, keywords::BLOCKS, span).filter(|_| alone))?;
    Some((at, hint))
}

/// The parenthesis that closes is that of a loop.
fn is_loop(failure: &Failure<'_>, close: usize) -> bool {
    let word = failure.bracket_around(close).and_then(|open| open.checked_sub(1));
    word.is_some_and(|word| matches!(failure.text_at(word), "for" | "while"))
}

/// `switch (x) {`, `unless x {`, `whlie (x) {`, `cacth _ {`
fn header(builder: &Builder<'_>, failure: &Failure<'_>, brace: usize) -> Option<(usize, Hint)> {
    let hint = |at: usize| {
        let span = failure.token_span(builder, offset(failure, at));
        let word = failure.text_at(at);
        let hint = instead(builder.source, word, span).or_else(|| keywords::near(word, keywords::HEADERS, span));
        hint.map(|hint| (at, hint))
    };
    let called = || {
        let close = brace.checked_sub(1).filter(|&close| failure.text_at(close) == ")")?;
        let word = failure.bracket_around(close)?.checked_sub(1)?;
        let declared = failure.text_at(word.wrapping_sub(1)) == "fn";
        hint(word).filter(|_| !declared && is_plain_word(failure, word))
    };
    let kind = |at: usize| failure.tokens.get(at).map(|token| token.kind);
    let ends = |at: &usize| matches!(failure.text_at(*at), "\n" | ";" | "{" | "}");
    let first = (0..brace).rev().find(ends).map_or(0, |end| end + 1);
    if matches!(failure.text_at(first), "struct" | "union" | "enum" | "config" | "impl")
        && kind(first + 1) == Some(TokenKind::Word)
        && failure.bracket_around(brace).is_some()
    {
        let help = format!("`{}` belongs at file level, not in functions", failure.text_at(first));
        return Some((first, Hint::text(help)));
    }
    let operand =
        matches!(kind(first + 1), Some(TokenKind::Word | TokenKind::Number)) || failure.text_at(first + 1) == "!";
    called().or_else(|| hint(first).filter(|_| operand && first + 1 < brace && is_plain_word(failure, first)))
}

fn is_plain_word(failure: &Failure<'_>, index: usize) -> bool {
    failure.tokens.get(index).is_some_and(|token| token.kind == TokenKind::Word)
        && !words::is_keyword(failure.text_at(index))
}
