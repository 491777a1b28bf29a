//! `match` on strings: patterns are numbered, and the subject is the number of the pattern that the string equals.

use super::value::{int_expr, local};
use super::{Checker, Site};
use crate::diag::codes::refused::OverLimit;
use crate::diag::codes::types::MismatchedTypes;
use crate::sema::tree::{Block, CompareOp, Condition, Expr, ExprKind, If, Match, Stmt, StmtKind};
use crate::source::Span;
use crate::types::Ty;

/// The number of a string that is in no pattern.
pub(super) const OTHER_TEXT: i128 = -1;

/// The most strings of one `match`: they are compared one after the other.
const MAX_TEXTS: usize = 256;

impl Checker<'_, '_> {
    /// The number of a pattern.
    pub fn text_pattern(&mut self, pattern: Expr, wanted: Ty) -> Option<i128> {
        if !self.is_str(pattern.ty) {
            self.mismatch(pattern.span, pattern.ty, wanted);
            return None;
        }
        let Some(text) = super::strings::constant(&pattern).map(<[u8]>::to_vec) else {
            self.constant_of(&pattern);
            return None;
        };
        let number = self.pattern_texts.iter().position(|known| *known == text).unwrap_or_else(|| {
            self.pattern_texts.push(text);
            self.pattern_texts.len() - 1
        });
        Some(number as i128)
    }

    /// Whether no string of the type can be this one.
    pub fn longer_text(&self, ty: Ty, number: i128) -> bool {
        let room = self.cx.types.size_of(ty) + u64::from(!self.is_str(ty));
        let text = usize::try_from(number).ok().and_then(|number| self.pattern_texts.get(number));
        text.is_some_and(|text| text.len() as u64 >= room)
    }

    /// The string is evaluated once; then its number is matched.
    pub fn text_match(&mut self, mut matching: Match, ty: Ty, span: Span) -> Expr {
        let subject = std::mem::replace(&mut matching.subject, int_expr(OTHER_TEXT, Ty::I32, span));
        let at = subject.span;
        let mut numbers: Vec<i128> = matching.arms.iter().flat_map(|arm| &arm.ranges).map(|range| range.0).collect();
        numbers.reverse();
        if numbers.len() > MAX_TEXTS {
            self.error(at, OverLimit { what: "a `match` over strings".into(), most: MAX_TEXTS.to_string() })
                .help("keep the strings as keys of a map, with what follows from each as its value");
            return super::value::error_expr(at);
        }
        let mut stmts = Vec::new();
        let text = match local(&subject) {
            Some(local) if self.is_str(subject.ty) => local,
            Some(_) | None => {
                let subject = self.as_string(subject);
                let text = self.hidden("text", subject.ty, at);
                stmts.push(Stmt { kind: StmtKind::Var { local: text, init: Some(subject) }, span: at });
                text
            }
        };
        for number in numbers {
            let pattern = self.pattern_texts[number as usize].clone();
            let (left, right) = (self.vars.local_expr(text, at), self.string(&pattern, at));
            let equal = self.compare_strings(CompareOp::Eq, left, right, at);
            let other = std::mem::replace(&mut matching.subject, int_expr(number, Ty::I32, at));
            matching.subject = choice(equal, int_expr(number, Ty::I32, at), other);
        }
        let value = Expr { kind: ExprKind::Match(Box::new(matching)), ty, span };
        let block = if ty == Ty::VOID {
            stmts.push(Stmt { kind: StmtKind::Expr(value), span });
            Block { stmts, value: None, span }
        } else {
            Block { stmts, value: Some(Box::new(value)), span }
        };
        Expr { kind: ExprKind::Block(block), ty, span }
    }
}

impl Site<'_, '_> {
    /// Reports a pattern that is a range where the subject is a string.
    pub fn refuse_text_range(&mut self, span: Span) {
        self.error(span, MismatchedTypes { wanted: "a string".into(), found: "a range".into() });
    }
}

fn choice(condition: Expr, then: Expr, otherwise: Expr) -> Expr {
    let (ty, span) = (then.ty, condition.span);
    let block = |value: Expr| Block { stmts: Vec::new(), value: Some(Box::new(value)), span };
    let node = If { condition: Condition::Expr(condition), then: block(then), otherwise: Some(block(otherwise)) };
    Expr { kind: ExprKind::If(Box::new(node)), ty, span }
}
