//! Throwing, catching and clean-up in the syntax of other languages.

use super::Hint;
use crate::source::Span;
use crate::syntax::errors::Failure;

/// The hint for `finally` and the like.
pub const AT_END: &str = "what is always done at the end goes in `defer { … }`, before what may throw";
/// The hint for handlers of other languages.
pub const HANDLER: &str = "a handler is written `catch CODE { … }`, `catch e { … }` or `catch _ { … }`";
const DEFERRED: &str = "a block that runs when the function ends is written `defer { … }`";
/// The hint for a handler that declares the type of what it catches.
pub const BOUND: &str = "a code is bound by its name alone: `catch e { … }`";
/// The hint for a handler of several codes.
pub const SEVERAL: &str =
    "a `catch` takes one code; of several each has its own, or `catch e { match (e) { … } }` distinguishes them";

/// `defer func() { … }()`
pub fn deferred(failure: &Failure<'_>) -> Option<Hint> {
    let defers = |at: usize| {
        failure.text_at(at) == "defer" && matches!(failure.text_at(at + 1), "func" | "fn" | "function" | "lambda")
    };
    (failure.token(0) == ")" && (0..failure.at).any(defers)).then(|| Hint::text(DEFERRED))
}

/// A hint for two consecutive statements, `one` at `at` and `two` at `next`, that are the text of another language's throw, handler or
/// `defer`.
pub fn statement(one: &str, two: &str, at: Span, next: Span) -> Option<Hint> {
    let word = one.rsplit(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
    let span = Span { lo: at.hi - word.len() as u32, ..at };
    let function = ["func(", "fn(", "function("].into_iter().any(|word| one.starts_with(&format!("defer {word}")));
    match word {
        "raise" => Some(Hint::edit("an error is thrown by `throw CODE`", span, "throw")),
        "except" | "rescue" => Some(Hint::edit(HANDLER, span, "catch")),
        "errdefer" => Some(Hint::text(
            "`defer` runs on every exit of the function; what is done only after an error goes in `catch e { … throw e }`",
        )),
        _ if function && two.starts_with('{') => {
            let lo = at.lo + "defer ".len() as u32;
            Some(Hint::edit(DEFERRED, Span { lo, hi: next.lo, ..at }, ""))
        }
        _ => None,
    }
}

/// A hint for the word after a `try` that has no `catch`, or after its last one: another language's handler.
pub fn after(text: &str) -> Option<(&str, &'static str)> {
    let text = text.trim_start();
    let word = &text[..text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len())];
    match word {
        "except" | "rescue" => Some((word, HANDLER)),
        "finally" | "ensure" => Some((word, AT_END)),
        _ => None,
    }
}
