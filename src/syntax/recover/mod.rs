//! Recovery: reads the rest of a declaration that has syntax errors.
//!
//! Pest stops at the first token that the grammar does not allow. That token is reported. Then the smallest part around it
//! without which pest gets past it is removed from the text (`holes`), and pest reads the declaration again. A hole is a
//! node of the tree. No part of a hole is read, so each hole is one error, and using a name that a hole may declare is none.

mod holes;

use super::builder::Builder;
use super::errors::{self, Failure};
use super::{KsParser, Rule};
use crate::ast::ItemKind;
use crate::diag::Diagnostic;
use crate::source::Span;
use crate::source::scan::{Scanner, Token, TokenKind};
use holes::Hole;
use pest::Parser;
use pest::error::{Error, ErrorVariant};

/// So many mistakes of one declaration are reported.
const MAX_MISTAKES: usize = 24;

/// The most parts around a mistake that are tried; each costs a parse.
const MAX_HOLES: usize = 20;

/// Whether the tree of such a declaration may have holes. The name of another one says as much.
pub fn keeps(kind: &ItemKind) -> bool {
    matches!(kind, ItemKind::Fn(_) | ItemKind::Struct(_) | ItemKind::Enum(_) | ItemKind::Config(_))
}

/// Reports what is wrong with a declaration that cannot be read. The result is its text with holes, which can.
pub fn readable_part(builder: &mut Builder<'_>, text: &str) -> Option<String> {
    // From the first text on that is known to be wrong, pest notes what it tried at each place; that is slower. The
    // switch is one for all threads, so it stays.
    pest::set_error_detail(true);
    let tokens: Vec<Token> = Scanner::new(text).collect();
    let mut part = text.to_owned();
    let mut error = KsParser::parse(Rule::item, text).err()?;
    let mut reported: Vec<Span> = Vec::new();
    let mut before: Option<Hole> = None;
    for _ in 0..MAX_MISTAKES {
        if let ErrorVariant::CustomError { .. } = error.variant {
            errors::too_deep(builder, text, &error);
            return None;
        }
        let failure = Failure::new(text, &tokens, &error);
        if before.is_some() && failure.open_bracket().is_none() && failure.token(-1) == "}" {
            // The declaration ends too early, for what is wrong before.
            return None;
        }
        let count = builder.diags.len();
        errors::explain(builder, &failure);
        let span = builder.diags[count..].iter().find_map(|diag| diag.span)?;
        let known = reported.contains(&span);
        if known || before.is_some_and(|before| repeats(&failure, before, builder.diags)) {
            builder.diags.truncate(count);
        }
        if known {
            return None;
        }
        reported.push(span);
        let mut loose = None;
        let mut found = None;
        let edited = builder.diags[count..].iter().find_map(|diag| diag.fix.as_ref()).map(|fix| fix.span);
        let whole = edited.map_or(span.start(), |edited| edited.to(span.start()));
        for hole in holes::around(&failure, builder.source, builder.base, whole).take(MAX_HOLES) {
            match without(&part, &failure, hole) {
                Some(rest) if rest.is_elsewhere => {
                    found = Some(rest);
                    break;
                }
                rest => loose = loose.or(rest),
            }
        }
        let rest = found.or(loose)?;
        before = Some(rest.hole);
        part = rest.text;
        match rest.error {
            None => return Some(part),
            Some(next) => error = next,
        }
    }
    None
}

/// The last mistake is that of the element before in a list, as in `P { 1, 2 }`.
fn repeats(failure: &Failure<'_>, before: Hole, diags: &[Diagnostic]) -> bool {
    let [.., first, second] = diags else { return false };
    let follows = failure.text_at(before.end) == "," && failure.at == before.end + 1;
    follows && first.code == second.code && first.helps == second.helps && second.fix.is_none()
}

/// A text with one more hole.
struct Rest {
    hole: Hole,
    text: String,
    /// Where it gives up then.
    error: Option<Error<Rule>>,
    /// Behind the statement or the element that has the hole: that has no other mistake.
    is_elsewhere: bool,
}

/// Whether a later fault is outside of the statement or element that a hole is in, and not what first follows that.
fn leaves(failure: &Failure<'_>, hole: Hole, at: usize) -> bool {
    let mut depth = 0;
    let mut separated = false;
    let mut follows = false;
    for token in &failure.tokens[hole.end..at.min(failure.tokens.len())] {
        let text = &failure.text[token.lo..token.hi];
        depth += i32::from(token.kind == TokenKind::Open) - i32::from(token.kind == TokenKind::Close);
        separated |= depth < 0 || depth == 0 && matches!(text, "\n" | ";" | ",");
        follows |= !matches!(text, "\n" | ";");
    }
    follows && (separated || depth != 0)
}

/// The text with one more hole, if pest comes past it.
fn without(part: &str, failure: &Failure<'_>, hole: Hole) -> Option<Rest> {
    let (first, last) = (failure.tokens.get(hole.first)?, failure.tokens.get(hole.end.checked_sub(1)?)?);
    let mut rest = part.to_owned();
    rest.replace_range(first.lo..last.hi, &"`".repeat(last.hi - first.lo));
    if let Some(at) = hole.line_end {
        rest.replace_range(at..at + 1, "\n");
    }
    let Err(error) = KsParser::parse(Rule::item, &rest) else {
        return Some(Rest { hole, text: rest, error: None, is_elsewhere: true });
    };
    let at = Failure::new(failure.text, failure.tokens, &error).at;
    (at > hole.end).then(|| Rest { hole, text: rest, error: Some(error), is_elsewhere: leaves(failure, hole, at) })
}
