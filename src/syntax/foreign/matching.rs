//! Which row of the table of mistakes fits a failure.

use super::{Hint, up_to};
use crate::syntax::builder::Builder;
use crate::syntax::c_order::{is_type, own_type};
use crate::syntax::errors::Failure;
use crate::syntax::{hints, words};

/// A mistake and its hint.
pub struct Row {
    /// The tokens around the fault, see `fits`.
    pub tokens: &'static str,
    /// All of these hold.
    pub when: &'static [When],
    pub help: &'static str,
    pub edit: Edit,
}

/// A condition on the place of the fault.
pub enum When {
    // The constructs that are allowed there.
    Expression,
    Operator,
    Name,
    Block,
    Sign(&'static str),
    Statement,
    NoExpression,
    NoOperator,
    NoSign(&'static str),
    NoStatement,
    // The brackets around it.
    Argument,
    InBareHeader(&'static str),
    InCondition,
    InHeader(&'static str),
    InIndex,
    /// The braces are those of a struct literal.
    InLiteral,
    InMatch,
    OutsideBrackets,
    OutsideMatch,
    /// The statement begins with this word.
    First(&'static str),
    /// The statement declares a variable.
    Declares,
    /// A `?` is before it on its line.
    BehindMark,
    /// `x if c else y`
    Chooses,
    /// The token at an offset is a variable's name.
    IsDeclared(isize),
    /// The token at an offset is a type's name, or none.
    IsType(isize),
    IsNoType(isize),
}

/// The text that replaces tokens, which are named by their offsets from the fault.
pub enum Edit {
    Nothing,
    /// From the beginning of one to the end of another.
    Over(isize, isize, &'static str),
    /// Up to the beginning of the second.
    UpTo(isize, isize, &'static str),
}

/// The help of the first row that fits.
pub fn find(builder: &Builder<'_>, failure: &Failure<'_>, rows: &'static [Row]) -> Option<Hint> {
    let row =
        rows.iter().find(|row| fits(failure, row.tokens) && row.when.iter().all(|w| holds(builder, failure, w)))?;
    let fix = match row.edit {
        Edit::Nothing => None,
        Edit::Over(from, to, text) => {
            let span = failure.token_span(builder, from).to(failure.token_span(builder, to));
            Some((span, filled(failure, text)))
        }
        Edit::UpTo(from, to, text) => Some((up_to(builder, failure, from, to), filled(failure, text))),
    };
    Some(Hint::with(filled(failure, row.help), fix))
}

/// Whether the tokens before and from the fault on, which `^` separates, are those of a row.
fn fits(failure: &Failure<'_>, tokens: &str) -> bool {
    let before = tokens.split(' ').take_while(|token| *token != "^").count() as isize;
    let tokens = tokens.split(' ').filter(|token| *token != "^");
    tokens.zip(-before..).all(|(wanted, offset)| is(failure, wanted, offset))
}

fn is(failure: &Failure<'_>, wanted: &str, offset: isize) -> bool {
    let text = failure.token(offset);
    match wanted {
        "ANY" => true,
        "WORD" => failure.is_word(offset),
        // A token that begins a statement follows it, or it ends one.
        "START" => matches!(text, "" | "\n" | ";" | "{" | "}"),
        "END" => matches!(text, "" | "\n" | ";" | "}"),
        "NOTHING" => text.is_empty(),
        "NOPAREN" => text != "(",
        "NOCOLON" => text != ":",
        "NOWORD" => !failure.is_word(offset),
        "KEYWORD" => words::is_keyword(text),
        "OPERAND" => !matches!(text, "||" | "&&"),
        "|" | "||" => text == wanted,
        _ => wanted.split('|').any(|wanted| text == wanted),
    }
}

fn holds(builder: &Builder<'_>, failure: &Failure<'_>, when: &When) -> bool {
    let expected = &failure.expected;
    match when {
        When::Expression => expected.expression,
        When::Operator => expected.operator,
        When::Name => expected.name,
        When::Block => expected.block,
        When::Sign(sign) => expected.signs.contains(sign),
        When::Statement => expected.statement,
        When::NoExpression => !expected.expression,
        When::NoOperator => !expected.operator,
        When::NoSign(sign) => !expected.signs.contains(sign),
        When::NoStatement => !expected.statement,
        When::Argument => is_argument(failure),
        When::InBareHeader(keyword) => {
            let header = hints::bare_header(failure);
            !header.is_empty() && (keyword.is_empty() || header == *keyword)
        }
        When::InCondition => matches!(hints::condition(failure), "if" | "while"),
        When::InHeader(keyword) => hints::header_keyword(failure) == *keyword,
        When::InIndex => failure.in_index(),
        When::InLiteral => failure.literal_type().is_some(),
        When::InMatch => failure.in_braces_of("match"),
        When::OutsideBrackets => failure.open_bracket().is_none(),
        When::OutsideMatch => !failure.in_braces_of("match"),
        When::First(word) => first_word(failure) == *word,
        When::Declares => hints::first_of_line(failure).is_some(),
        When::BehindMark => {
            let before = (1..32).map(|back: isize| failure.token(-back));
            before.take_while(|token| !matches!(*token, "\n" | ";")).any(|token| token == "?")
        }
        When::Chooses => hints::chooses(failure),
        When::IsDeclared(offset) => is_declared(failure, failure.token(*offset)),
        When::IsType(offset) => is_type(builder.source, failure.token(*offset)),
        When::IsNoType(offset) => !is_type(builder.source, failure.token(*offset)),
    }
}

/// A text with tokens for the placeholders in braces. Other braces are as they are.
fn filled(failure: &Failure<'_>, text: &str) -> String {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('{') {
        filled += before;
        let part = behind.split_once('}').and_then(|(place, behind)| {
            let token = match place {
                "type" => own_type(failure.token(0)),
                "literal" => failure.literal_type()?,
                offset => failure.token(offset.parse().ok()?),
            };
            Some((token, behind))
        });
        match part {
            Some((token, behind)) => {
                filled += token;
                rest = behind;
            }
            None => {
                filled.push('{');
                rest = behind;
            }
        }
    }
    filled + rest
}

/// The fault is in the parentheses of a call.
fn is_argument(failure: &Failure<'_>) -> bool {
    let open = failure.open_bracket().map(|open| open as isize - failure.at as isize);
    open.is_some_and(|open| {
        failure.token(open) == "(" && failure.is_word(open - 1) && !words::is_keyword(failure.token(open - 1))
    })
}

/// Whether a variable or parameter of that name is declared before the fault.
fn is_declared(failure: &Failure<'_>, name: &str) -> bool {
    (-(failure.at as isize)..-1).any(|offset| {
        let (before, after) = (failure.token(offset - 1), failure.token(offset + 1));
        failure.token(offset) == name
            && (matches!(before, "var" | "let") || matches!(before, "(" | "," | "->") && after == ":")
    })
}

/// The word that the statement at the fault begins with.
fn first_word<'a>(failure: &Failure<'a>) -> &'a str {
    let begins = |offset: &isize| matches!(failure.token(offset - 1), "\n" | ";" | "{" | "}" | "");
    (1..32).map(|back: isize| -back).find(begins).map_or("", |offset| failure.token(offset))
}
