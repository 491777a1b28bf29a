//! Throwing, catching and clean-up in the syntax of other languages.

use super::{Hint, up_to};
use crate::source::Span;
use crate::syntax::builder::Builder;
use crate::syntax::errors::Failure;

pub const AT_END: &str = "what is always done at the end goes in `defer { … }`, before what may throw";
pub const HANDLER: &str = "a handler is written `catch CODE { … }`, `catch e { … }` or `catch _ { … }`";
const DEFERRED: &str = "a block that runs when the function ends is written `defer { … }`";
const BOUND: &str = "a code is bound by its name alone: `catch e { … }`";
pub const SEVERAL: &str =
    "a `catch` takes one code; of several each has its own, or `catch e { match (e) { … } }` distinguishes them";

/// Of a failure that has no code of its own.
pub fn hint(builder: &Builder<'_>, failure: &Failure<'_>) -> Option<Hint> {
    catch(builder, failure).or_else(|| unguarded(builder, failure)).or_else(|| {
        let defers = |at: usize| {
            let text = |at: usize| failure.tokens.get(at).map_or("", |token| &failure.text[token.lo..token.hi]);
            text(at) == "defer" && matches!(text(at + 1), "func" | "fn" | "function" | "lambda")
        };
        (failure.token(0) == ")" && (0..failure.at).any(defers)).then(|| Hint::text(DEFERRED))
    })
}

/// The code after `catch`, or another word for `catch`.
fn catch(builder: &Builder<'_>, failure: &Failure<'_>) -> Option<Hint> {
    let (found, before) = (failure.token(0), failure.token(-1));
    let in_parentheses = failure.token(-2) == "(" && failure.token(-3) == "catch";
    if in_parentheses && failure.is_word(-1) && failure.is_word(0) && failure.token(1) == ")" {
        return Some(Hint::edit(BOUND, up_to(builder, failure, -2, 2), format!("{found} ")));
    }
    if in_parentheses && found == ":" && failure.token(2) == ")" {
        return Some(Hint::edit(BOUND, up_to(builder, failure, -2, 3), format!("{before} ")));
    }
    if failure.token(-2) == "catch" && found == ":" {
        return Some(Hint::edit(BOUND, up_to(builder, failure, 0, 2), " "));
    }
    if failure.token(-2) == "catch" && before == "*"
        || (before == "catch" || before == "(" && failure.token(-2) == "catch") && found.starts_with("..")
    {
        return Some(Hint::text("`catch _ { … }` catches every code"));
    }
    let follows = failure.token(-2) == "catch" || in_parentheses;
    (follows && matches!(found, "," | "if" | "when" | "or" | ".." | "..=")).then(|| Hint::text(SEVERAL))
}

/// `try f()`, `throw` without a code, `defer x = 1`, `fn f() throws`.
fn unguarded(builder: &Builder<'_>, failure: &Failure<'_>) -> Option<Hint> {
    const CALL: &str = "what a call throws goes on by itself: leave out `try`";
    let (found, before) = (failure.token(0), failure.token(-1));
    let ends = matches!(found, "}" | "\n" | ";" | "");
    if found == "try" && failure.expected.expression {
        let marked = matches!(failure.token(1), "!" | "?");
        if failure.token(1) == "{" {
            return Some(Hint::text("`try` is a statement and has no value: assign to a variable in its blocks"));
        }
        return Some(Hint::edit(CALL, up_to(builder, failure, 0, if marked { 2 } else { 1 }), ""));
    }
    if before == "try" && matches!(found, "!" | "?") {
        return Some(Hint::edit(CALL, up_to(builder, failure, -1, 1), ""));
    }
    if before == "try" {
        return Some(Hint::text("the body of a `try` is in braces: `try { … } catch _ { … }`"));
    }
    if before == "throw" && ends {
        return Some(Hint::text("`throw` takes a code; a handler throws on what it caught by `catch e { … throw e }`"));
    }
    if before == "defer" && ends {
        return Some(Hint::text("`defer f(x)` defers a call, `defer { … }` a block"));
    }
    if found == "=" && failure.expected.operator && first_word(failure) == "defer" {
        return Some(Hint::text("a call or a block is deferred: `defer { … }`"));
    }
    if found == "throws" && failure.open_bracket().is_none() {
        let fix = (failure.token(1) == "{").then(|| (failure.span(builder), String::new()));
        let help = "the compiler finds out what a function throws: leave out `throws`".to_owned();
        return Some(Hint::with(help, fix));
    }
    None
}

/// The word that the statement at the fault begins with.
fn first_word<'a>(failure: &Failure<'a>) -> &'a str {
    let begins = |offset: &isize| matches!(failure.token(offset - 1), "\n" | ";" | "{" | "}" | "");
    (1..32).map(|back: isize| -back).find(begins).map_or("", |offset| failure.token(offset))
}

/// Of two statements in a row, the first of which is at `at`.
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

/// Of the word after a `try` that has no `catch`, or after its last one: another language's handler.
pub fn after(text: &str) -> Option<(&str, &'static str)> {
    let text = text.trim_start();
    let word = &text[..text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len())];
    match word {
        "except" | "rescue" => Some((word, HANDLER)),
        "finally" | "ensure" => Some((word, AT_END)),
        _ => None,
    }
}
