//! Keywords that are misspelt, or are called otherwise elsewhere.

use super::Hint;
use crate::diag::similar;
use crate::source::Span;
use crate::syntax::build::Builder;
use crate::syntax::errors::Failure;
use crate::syntax::words;

/// Before a block: `whlie (c) { … }`
const HEADERS: &[&str] = &["catch", "for", "if", "lock", "match", "while"];

/// Right before a block: `lop { … }`
const BLOCKS: &[&str] = &["defer", "else", "loop", "try"];

/// Before an operand: `retrun x`
const STATEMENTS: &[&str] = &["const", "defer", "delete", "else", "let", "return", "throw", "var"];

/// Before a declaration, or its first word.
const DECLARATIONS: &[&str] = &[
    "config", "const", "enum", "extern", "fn", "impl", "import", "include", "let", "license", "local", "percpu", "pin",
    "priv", "pub", "struct", "type", "var",
];

fn meant(near: String, span: Span) -> Hint {
    Hint::edit(format!("did you mean `{near}`?"), span, near)
}

/// Of the word that a declaration begins with.
pub fn declaration(builder: &Builder<'_>, failure: &Failure<'_>) -> Option<Hint> {
    let span = failure.span(builder);
    let elsewhere = match failure.token(0) {
        "public" | "export" => Some("pub"),
        "private" => Some("priv"),
        "pinned" => Some("pin"),
        "def" | "func" | "function" | "proc" if failure.is_word(1) => Some("fn"),
        _ => None,
    };
    if failure.token(0) == "global" && failure.token(1) == "var" {
        let span = Span { hi: failure.token_span(builder, 1).lo, ..span };
        return Some(Hint::edit("variables at file level are global: leave out `global`", span, ""));
    }
    // `@xdp name(…)`
    if failure.at > 0 && failure.is_word(0) && failure.token(1) == "(" {
        let form = format!("fn {}", failure.token(0));
        return Some(Hint::edit(format!("a function is declared as `{form}(…)`"), span, form));
    }
    let near = elsewhere.map(str::to_owned).or_else(|| similar::best(failure.token(0), DECLARATIONS));
    near.map(|near| meant(near, span))
}

/// Of a word before a header, or before the braces, in which the parser came to grief.
pub fn header(builder: &Builder<'_>, failure: &Failure<'_>) -> Option<Hint> {
    let open = failure.open_bracket()? as isize - failure.at as isize;
    let (word, among) = if failure.token(open) == "{" && failure.token(open - 1) == ")" {
        (failure.opening(open - 1)? - 1, HEADERS)
    } else if failure.token(open) == "{" {
        (open - 1, BLOCKS)
    } else if failure.token(open) == "(" && failure.token(0) == "in" {
        (open - 1, HEADERS)
    } else {
        return None;
    };
    if !failure.is_word(word) || words::is_keyword(failure.token(word)) {
        return None;
    }
    similar::best(failure.token(word), among).map(|near| meant(near, failure.token_span(builder, word)))
}

/// Of a word that was read as a statement of its own, and another after it.
pub fn statement(first: &str, at: Span) -> Option<Hint> {
    let word = first.rsplit(|c: char| !c.is_ascii_alphanumeric() && c != '_').next()?;
    let before = first[..first.len() - word.len()].trim_end();
    let begins = before.is_empty() || before.ends_with(')') || before.ends_with("else");
    let among = if begins { STATEMENTS } else { &["new"] };
    let span = Span { lo: at.hi - word.len() as u32, ..at };
    similar::best(word, among).map(|near| meant(near, span))
}

/// Of what looks like a call before a block.
pub fn block(name: &str) -> Option<String> {
    similar::best(name, HEADERS)
}
