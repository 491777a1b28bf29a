//! Assignments and declarations in the header of an `if`, a `while` or a `match`.

use super::builder::Builder;
use super::c_order;
use super::errors::Failure;
use super::hints::condition;
use crate::diag::codes::syntax::{AssignmentInCondition, BindingNotHere};
use crate::source::Span;

/// Reports a failure at the `=` or the `var` of a header; false if it is another.
pub fn explain(builder: &mut Builder<'_>, failure: &Failure<'_>) -> bool {
    assignment(builder, failure) || binding_not_here(builder, failure)
}

fn assignment(builder: &mut Builder<'_>, failure: &Failure<'_>) -> bool {
    if failure.token(0) != "=" {
        return false;
    }
    if !matches!(condition(failure), "if" | "while" | "match") || !failure.expected.operator {
        return false;
    }
    let span = failure.span(builder);
    let value = optional_value(failure);
    let binding = new_binding(builder, failure).filter(|_| value.is_some());
    // The result of such a call cannot be compared, so `==` is no fix.
    let edit = binding.or_else(|| (value != Some(Optional::Call)).then(|| (span, "==".to_owned())));
    let error = builder.error(span, AssignmentInCondition {});
    error.help("write `==` to compare; a value that may be absent is tested by `if (var v = e)`");
    if let Some((at, instead)) = edit {
        error.fix(at, instead);
    }
    true
}

/// An expression whose value may be absent.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Optional {
    /// `m[k]`
    Entry,
    /// `ctx.packet(14, iphdr)` and the like, or a place in the packet `as *T`.
    Call,
}

/// Whether the value behind the `=` at the fault, which is all of the condition, may be absent.
fn optional_value(failure: &Failure<'_>) -> Option<Optional> {
    let text = |offset: isize| failure.token(offset);
    if failure.is_word(1) && text(2) == "[" {
        return Some(Optional::Entry);
    }
    let bare = failure.token(-2) == "if";
    let ends = |offset: isize| text(offset) == if bare { "{" } else { ")" };
    let mut offset = 1;
    let mut call = false;
    while !ends(offset) {
        let method = matches!(text(offset), "packet" | "entry" | "pop" | "peek" | "reserve");
        if matches!(text(offset - 1), "." | "->") && method && text(offset + 1) == "(" {
            offset = failure.closing(offset + 1)? + 1;
            call = true;
        } else if text(offset) == "as" && text(offset + 1) == "*" && failure.is_word(offset + 2) {
            offset += 3;
            call = true;
        } else if matches!(text(offset), "(" | "[") {
            offset = failure.closing(offset)? + 1;
            call = false;
        } else if matches!(
            text(offset),
            "" | "\n" | ";" | "{" | "}" | ")" | "]" | "," | "?" | "&&" | "||" | "==" | "!="
        ) {
            return None;
        } else {
            offset += 1;
            call = false;
        }
    }
    call.then_some(Optional::Call)
}

/// `var s` for `if (s = m[k])`, where the file declares no `s` that the value could be for.
fn new_binding(builder: &Builder<'_>, failure: &Failure<'_>) -> Option<(Span, String)> {
    let (name, header) = (failure.token(-1), failure.token(-2));
    let condition = header == "if" || header == "(" && failure.token(-3) == "if";
    if !condition || !failure.is_word(-1) {
        return None;
    }
    let declared = c_order::declares(builder.source, name, &["var", "let", "const", "for"])
        || c_order::occurs(builder.source, name, |_, after| after.trim_start().starts_with(':'));
    (!declared).then(|| (failure.token_span(builder, -1), format!("var {name}")))
}

/// `while (var x = …)`
fn binding_not_here(builder: &mut Builder<'_>, failure: &Failure<'_>) -> bool {
    let keyword = match failure.token(-1) {
        "(" => failure.token(-2),
        keyword => keyword,
    };
    if !matches!(failure.token(0), "var" | "let") || !matches!(keyword, "while" | "match") {
        return false;
    }
    let help = if keyword == "while" {
        "write `loop { var v = e else { break } … }`"
    } else {
        "declare the variable on a line of its own"
    };
    builder.error(failure.span(builder), BindingNotHere { word: keyword.to_owned() }).help(help);
    true
}
