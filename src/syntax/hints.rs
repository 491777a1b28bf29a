//! Hints for common mistakes: each names the mistake and the text to write in its place.

use super::builder::Builder;
use super::c_order::Reader;
use super::conditions;
use super::errors::Failure;
use super::foreign::{self, Hint};
use crate::diag::codes::syntax::*;
use crate::source::Span;

/// Reports a failure that has a code of its own; false if it has none.
pub fn explain(builder: &mut Builder<'_>, failure: &Failure<'_>) -> bool {
    not_a_declaration(builder, failure)
        || foreign::blocks::explain(builder, failure)
        || foreign::lines::header_colon(builder, failure)
        || increment(builder, failure)
        || body_on_next_line(builder, failure)
        || conditions::explain(builder, failure)
        || suffix_after_as(builder, failure)
        || foreign::lines::question_mark(builder, failure)
        || struct_literal_in_header(builder, failure)
}

fn not_a_declaration(builder: &mut Builder<'_>, failure: &Failure<'_>) -> bool {
    if !failure.expected.declaration {
        return false;
    }
    let found = failure.found(builder);
    let keyword = foreign::keywords::declaration(builder, failure);
    let hint = foreign::bpftrace::hint(builder.source, failure.span(builder))
        .or(keyword)
        .or_else(|| foreign::declaration(builder, failure))
        .or_else(|| foreign::matching::find(builder, failure, foreign::table::DECLARATIONS));
    builder.hinted(failure.span(builder), NotADeclaration { found }, hint);
    true
}

/// `x++`, `++x`, `x--`
fn increment(builder: &mut Builder<'_>, failure: &Failure<'_>) -> bool {
    let pair = |at: isize, sign: &str| failure.token(at) == sign && failure.token(at + 1) == sign;
    let (at, sign) = if pair(-1, "+") {
        (-1, "+")
    } else if pair(0, "+") {
        (0, "+")
    } else if pair(-2, "-") {
        (-2, "-")
    } else {
        return false;
    };
    let span = failure.token_span(builder, at).to(failure.token_span(builder, at + 1));
    if span.hi - span.lo != 2 {
        return false;
    }
    let hint = increment_hint(builder, failure, at, sign);
    builder.hinted(span, Increment { operator: sign.repeat(2) }, Some(hint));
    true
}

/// `x += 1`, as an edit where the increment is a statement of its own. `at` is the first of the two signs.
fn increment_hint(builder: &Builder<'_>, failure: &Failure<'_>, at: isize, sign: &str) -> Hint {
    let signs = failure.token_span(builder, at).to(failure.token_span(builder, at + 1));
    let before = failure.operand_before(at);
    if before < at {
        let operand = Span { lo: failure.token_span(builder, before).lo, ..signs };
        let text = builder.text(Span { hi: signs.lo, ..operand }).trim_end();
        let form = format!("{text} {sign}= 1");
        let fix = is_alone(builder.source, operand).then_some((operand, form.clone()));
        return Hint::with(format!("write `{form}`"), fix);
    }
    let mut reader = Reader::new(builder.source, signs.hi);
    let Some(operand) = reader.operand() else { return Hint::text(format!("write `x {sign}= 1`")) };
    let form = format!("{operand} {sign}= 1");
    let whole = Span { hi: signs.hi + reader.hi() as u32, ..signs };
    let fix = is_alone(builder.source, whole).then_some((whole, form.clone()));
    Hint::with(format!("write `{form}`"), fix)
}

/// Nothing of its own statement is on the line around it. (Here a sign at a line's end has hidden where that is.)
pub fn is_alone(source: &str, span: Span) -> bool {
    let before = source[..span.lo as usize].rsplit('\n').next().unwrap_or_default().trim_end();
    let after = source[span.hi as usize..].split('\n').next().unwrap_or_default().trim_start();
    let begins = before.is_empty() || before.ends_with([';', '{', '}', ')', ':']) || before.ends_with("else");
    begins && (after.is_empty() || after.starts_with([';', '}']) || after.starts_with("//"))
}

/// The header, or `else`, is on one line, the statement that it guards on the next.
fn body_on_next_line(builder: &mut Builder<'_>, failure: &Failure<'_>) -> bool {
    let next_line = failure.token(-1) == "\n" && matches!(failure.token(-2), ")" | "else");
    let here = failure.token(0) == "\n" && matches!(failure.token(-1), ")" | "else");
    if !failure.expected.block || failure.expected.statement && !here || !(next_line || here) {
        return false;
    }
    let span = failure.token_span(builder, if here { 1 } else { 0 });
    let header = failure.token_span(builder, if here { -1 } else { -2 });
    let between = Span { lo: header.hi, hi: span.lo, ..span };
    let blank = builder.text(between).trim().is_empty();
    let error = builder.error(span, BodyOnNextLine {});
    error.help("put `{` at the end of the line above and `}` after the statement, or write it there");
    if blank {
        error.fix(between, " ");
    }
    true
}

/// The words before the bracket that is open at the fault.
pub fn header_keyword<'a>(failure: &Failure<'a>) -> &'a str {
    let Some(open) = failure.open_bracket() else { return "" };
    let before = open as isize - failure.at as isize - 1;
    if failure.token(before + 1) == "(" { failure.token(before) } else { "" }
}

/// The keyword of the header without parentheses that has the fault.
pub fn bare_header<'a>(failure: &Failure<'a>) -> &'a str {
    let from = failure.open_bracket().map_or(0, |open| open + 1);
    let line = failure.tokens[from..failure.at.min(failure.tokens.len())].iter().rev();
    let line = line.map(|t| &failure.text[t.lo..t.hi]).take_while(|text| !matches!(*text, "\n" | ";" | "}"));
    line.into_iter().find(|text| matches!(*text, "if" | "while" | "match" | "for")).unwrap_or("")
}

/// The keyword of the header that has the fault, with parentheses or without.
pub fn condition<'a>(failure: &Failure<'a>) -> &'a str {
    match header_keyword(failure) {
        "" => bare_header(failure),
        keyword => keyword,
    }
}

fn suffix_after_as(builder: &mut Builder<'_>, failure: &Failure<'_>) -> bool {
    let bracket = failure.expected.as_type && matches!(failure.token(0), "[" | "(");
    let mark = failure.expected.expression && failure.token(-1) == "?" && is_cast(failure);
    if !bracket && !mark {
        return false;
    }
    let at = if bracket { 0 } else { -1 };
    let suffix = failure.token(at).to_owned();
    let help = match suffix.as_str() {
        "[" => "write `(x as T)[i]` for an element, `x as (T[N])` for an array type",
        "(" => "write `(x as T)(…)` for a call",
        _ => "write `x as (*T?)`",
    };
    builder.error(failure.token_span(builder, at), SuffixAfterAs { suffix }).help(help);
    true
}

/// Before the `?` before the fault, there is `as` and a type.
fn is_cast(failure: &Failure<'_>) -> bool {
    let mut offset = -2;
    while failure.token(offset) != "as" {
        if !(failure.token(offset) == "*" || failure.is_word(offset)) {
            return false;
        }
        offset -= 1;
    }
    true
}

/// `if x == S { a: 1 } {`: at the colon.
fn struct_literal_in_header(builder: &mut Builder<'_>, failure: &Failure<'_>) -> bool {
    let line_end = if failure.token(-2) == "\n" { 1 } else { 0 };
    let literal = failure.token(0) == ":" && failure.is_word(-1) && failure.token(-2 - line_end) == "{";
    if !literal || !failure.is_word(-3 - line_end) {
        return false;
    }
    let before = Failure {
        text: failure.text,
        tokens: failure.tokens,
        at: failure.at.saturating_sub(3 + line_end as usize),
        expected: Default::default(),
    };
    if bare_header(&before).is_empty() {
        return false;
    }
    let name = before.token(0);
    let span = before.token_span(builder, 0).to(failure.token_span(builder, -2 - line_end));
    builder
        .error(span, StructLiteralInHeader {})
        .help(format!("write `({name} {{ … }})`, or the header in parentheses"));
    true
}

/// `x if c else y`, at the `else`
pub fn chooses(failure: &Failure<'_>) -> bool {
    let condition = (2..32).map(|back: isize| -back).find(|&offset| failure.token(offset) == "if");
    let line = |offset: isize| (offset..0).all(|offset| !matches!(failure.token(offset), "\n" | ";" | "{" | "}"));
    condition.is_some_and(|at| line(at) && !matches!(failure.token(at - 1), "" | "\n" | ";" | "{" | "}" | "else"))
}

/// `var` or `const`, if the statement at the fault begins with it.
pub fn first_of_line<'a>(failure: &Failure<'a>) -> Option<&'a str> {
    let open = failure.open_bracket().map_or(0, |open| open + 1);
    let tokens = failure.tokens.get(open..failure.at)?;
    let text = |token: &crate::source::scan::Token| &failure.text[token.lo..token.hi];
    let start = tokens.iter().rposition(|token| matches!(text(token), "\n" | ";")).map_or(0, |at| at + 1);
    tokens.get(start).map(text).filter(|word| matches!(*word, "var" | "let" | "const"))
}
