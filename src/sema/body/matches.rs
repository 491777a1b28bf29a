//! `match`: patterns, and whether they cover all values.

use super::branches::Branch;
use super::coverage::{Coverage, Ranges};
use super::flow::Flow;
use super::text_match::OTHER_TEXT;
use super::value::{Value, cast, error_expr, number, truth};
use super::{Checker, Site};
use crate::ast::{self, ArmBody, Pattern};
use crate::diag::codes::types::{MissingVariants, NotExhaustive, NotMatchable, SecondDefault, UnreachableArm};
use crate::fold;
use crate::sema::enums;
use crate::sema::tree::{Arm, Block, Expr, ExprKind, Match, Stmt};
use crate::source::Span;
use crate::types::{Ty, TyKind};

/// An arm after checking: what it takes, or `default`.
struct Checked<B> {
    ranges: Ranges,
    is_default: bool,
    body: B,
    span: Span,
}

impl Checker<'_, '_> {
    /// Checks a `match` whose value is not used; variants of an enum that no arm takes are reported.
    pub fn match_stmt(&mut self, matching: &ast::MatchExpr, span: Span) -> Expr {
        let subject = self.subject(&matching.subject);
        let (arms, left, exhaustive) = self.arms(matching, &subject, |checker, arm| checker.arm_stmt(arm));
        self.missing_variants(subject.ty, &left, &arms, span);
        let (arms, default) = split(arms);
        self.match_expr(Match { subject, arms, exhaustive, default }, Ty::VOID, span)
    }

    /// Checks a `match` whose value is used; it is an error if an arm is missing.
    pub fn match_value(&mut self, matching: &ast::MatchExpr, expected: Option<Ty>, span: Span) -> Value {
        let subject = self.subject(&matching.subject);
        let (arms, left, exhaustive) = self.arms(matching, &subject, |checker, arm| checker.arm_value(arm, expected));
        if !left.is_empty() && !arms.iter().any(|arm| arm.is_default) {
            let missing = self.describe_missing(subject.ty, &left);
            self.error(span, NotExhaustive { missing }).help("add the arm, or `default: …`");
        }
        let (bodies, rest): (Vec<Branch>, Vec<(Ranges, bool, Span)>) =
            arms.into_iter().map(|arm| (arm.body, (arm.ranges, arm.is_default, arm.span))).unzip();
        let (blocks, ty) = self.merge(bodies, expected, span);
        let arms = blocks.into_iter().zip(rest).map(|(body, (ranges, is_default, span))| Checked {
            ranges,
            is_default,
            body,
            span,
        });
        let (arms, default) = split(arms.collect());
        self.match_expr(Match { subject, arms, exhaustive, default }, ty, span).into()
    }

    fn match_expr(&mut self, matching: Match, ty: Ty, span: Span) -> Expr {
        if self.is_text(matching.subject.ty) {
            return self.text_match(matching, ty, span);
        }
        Expr { kind: ExprKind::Match(Box::new(matching)), ty, span }
    }

    fn subject(&mut self, subject: &ast::Expr) -> Expr {
        let subject = self.typed(subject, None);
        let span = subject.span;
        let subject = if subject.ty == Ty::LINK { cast(subject, Ty::I32) } else { subject };
        if subject.ty == Ty::ERROR || self.domain(subject.ty).is_some() {
            return subject;
        }
        let help = self.to_match_instead(subject.ty);
        let ty = self.ty_name(subject.ty);
        self.error(span, NotMatchable { ty }).help(help);
        error_expr(span)
    }

    /// All arms, with what no arm takes, and whether they take all numbers of the subject's type.
    fn arms<B>(
        &mut self,
        matching: &ast::MatchExpr,
        subject: &Expr,
        check: impl Fn(&mut Self, &ast::Arm) -> B,
    ) -> (Vec<Checked<B>>, Ranges, bool) {
        let domain = self.domain(subject.ty).unwrap_or_default();
        let (mut arms, mut covered): (Vec<Checked<B>>, Coverage) = (Vec::new(), Coverage::default());
        let before = self.flow.clone();
        let mut after: Option<Flow> = None;
        let mut default = None;
        // A pattern that was reported: what it would have taken is not known.
        let mut left_out = subject.ty == Ty::ERROR;
        for arm in &matching.arms {
            let (ranges, is_default) = self.patterns(arm, subject.ty, &mut covered, default.is_some(), &mut left_out);
            self.flow = before.clone();
            let body = check(self, arm);
            let end = self.flow.clone();
            after = Some(match after {
                Some(after) => after.join(end),
                None => end,
            });
            if is_default {
                self.check_default(arm.span, default);
                default = default.or(Some(arm.span));
            }
            arms.push(Checked { ranges, is_default, body, span: arm.span });
        }
        let left: Ranges =
            if left_out { Vec::new() } else { domain.into_iter().flat_map(|r| covered.missing(r)).collect() };
        if let Some(default) = default
            && !left_out
            && left.is_empty()
            && self.enum_id(subject.ty).is_none()
        {
            self.warn(default, UnreachableArm {}).label("the other arms take every value");
        }
        let complete = default.is_some() || left.is_empty();
        self.flow = match after {
            Some(after) if complete => after,
            Some(after) => after.join(before.clone()),
            None => before.clone(),
        };
        if !self.flow.reachable && default.is_none() && self.enum_id(subject.ty).is_some() {
            self.flow = Flow { unforeseen: true, ..before };
        }
        let exhaustive = self.all_numbers(subject.ty).is_some_and(|all| covered.missing(all).is_empty());
        (arms, left, exhaustive)
    }

    /// The values that the patterns of an arm take and earlier arms do not; whether one of them is `default`.
    fn patterns(
        &mut self,
        arm: &ast::Arm,
        ty: Ty,
        covered: &mut Coverage,
        after_default: bool,
        left_out: &mut bool,
    ) -> (Ranges, bool) {
        let mut taken = Vec::new();
        let mut is_default = false;
        for pattern in &arm.patterns {
            let range = match pattern {
                Pattern::Default(_) => {
                    is_default = true;
                    continue;
                }
                Pattern::Value(value) => self.pattern(value, ty).map(|value| (value, value)),
                Pattern::Range { .. } if self.is_text(ty) => {
                    self.refuse_text_range(pattern.span());
                    None
                }
                Pattern::Range { low, high, inclusive, .. } => {
                    let (low, high) = (self.pattern(low, ty), self.pattern(high, ty));
                    low.zip(high).map(|(low, high)| (low, if *inclusive { high } else { high - 1 }))
                }
            };
            let Some(range) = range else {
                *left_out = true;
                continue;
            };
            let possible = self.possible(ty, range);
            if let (Pattern::Value(value), Some((number @ (..=-1 | 1..), _))) = (pattern, possible) {
                enums::check_variant(self.cx, value.span, number, ty);
            }
            let fresh = possible.map_or_else(Vec::new, |range| covered.missing(range));
            if fresh.is_empty() || after_default {
                let warning = self.warn(pattern.span(), UnreachableArm {});
                if range.0 > range.1 {
                    warning.label("an empty range");
                } else if after_default {
                    warning.label("`default` before it takes everything");
                } else if possible.is_none() {
                    warning.label("no value of the subject's type is here");
                } else {
                    warning.label("earlier arms take this");
                }
            }
            if !after_default {
                for &range in &fresh {
                    covered.insert(range);
                }
                taken.extend(fresh);
            }
        }
        (taken, is_default)
    }

    /// The part of a range where values of the type lie.
    fn possible(&self, ty: Ty, (low, high): (i128, i128)) -> Option<(i128, i128)> {
        if self.is_text(ty) {
            return (!self.longer_text(ty, low)).then_some((low, high));
        }
        let (least, most) = self.all_numbers(ty)?;
        let (low, high) = (low.max(least), high.min(most));
        (low <= high).then_some((low, high))
    }

    /// The number of a pattern: a constant that compares with the subject.
    fn pattern(&mut self, pattern: &ast::Expr, ty: Ty) -> Option<i128> {
        if self.unknown_pattern(pattern) {
            return None;
        }
        let expected = (ty != Ty::ERROR).then_some(ty);
        let value = self.value(pattern, expected);
        if value.is_error() || ty == Ty::ERROR {
            return None;
        }
        if self.is_text(ty) {
            return self.text_pattern(value.expr, ty);
        }
        let same = value.ty() == ty;
        if let (Some(truth), true) = (truth(&value.expr), ty == Ty::BOOL) {
            return Some(i128::from(truth));
        }
        if self.refuse_enum(&value.expr, ty) {
            return None;
        }
        let both_numbers = self.cx.types.as_int(value.ty()).is_some() && ty != Ty::BOOL;
        match number(&value.expr) {
            Some(number) if same || both_numbers => Some(number),
            Some(_) => {
                self.mismatch(pattern.span, value.ty(), ty);
                None
            }
            None => {
                if self.constant_of(&value.expr).is_some() {
                    self.mismatch(pattern.span, value.ty(), ty);
                }
                None
            }
        }
    }

    fn arm_stmt(&mut self, arm: &ast::Arm) -> Block {
        match &arm.body {
            ArmBody::Block(block) => self.block(block),
            ArmBody::Stmt(stmt) => {
                let mut stmts = Vec::new();
                self.vars.blocks.push();
                self.stmt(stmt, &mut stmts);
                self.pop_scope();
                Block { stmts, value: None, span: stmt.span }
            }
            ArmBody::Expr(expr) => {
                let stmts = self.expr_stmt(expr).map(|kind| Stmt { kind, span: expr.span }).into_iter().collect();
                Block { stmts, value: None, span: expr.span }
            }
        }
    }

    fn arm_value(&mut self, arm: &ast::Arm, expected: Option<Ty>) -> Branch {
        match &arm.body {
            ArmBody::Block(block) => self.branch(block, expected),
            ArmBody::Expr(expr) => self.expr_branch(expr, expected),
            ArmBody::Stmt(stmt) => {
                let mut stmts = Vec::new();
                self.vars.blocks.push();
                self.stmt(stmt, &mut stmts);
                self.pop_scope();
                // A reported exit, such as `break` outside of a loop, was meant to leave.
                let reported = stmts.is_empty();
                let branch = self.ended(stmts, None, stmt.span);
                Branch { leaves: branch.leaves || reported, ..branch }
            }
        }
    }
}

impl Site<'_, '_> {
    fn to_match_instead(&self, ty: Ty) -> &'static str {
        if let TyKind::Struct(_) = self.cx.types.kind(ty) {
            return "match one of its fields";
        }
        if let TyKind::Array(..) = self.cx.types.kind(ty) {
            return "match one of its elements";
        }
        if self.pointer(ty).is_some_and(|pointer| self.domain(pointer.to).is_some()) {
            return "match what it points to: `match (*p) { … }`";
        }
        "integers, chars, bools, `be` values, enums and strings can be; other values are compared by `if`"
    }

    /// The numbers that values of a type have: of an enum only the variants'; of strings the one of those in no pattern.
    fn domain(&self, ty: Ty) -> Option<Ranges> {
        if self.is_text(ty) {
            return Some(vec![(OTHER_TEXT, OTHER_TEXT)]);
        }
        if let Some(id) = self.enum_id(ty) {
            let mut values: Vec<i128> = self.cx.types.enum_def(id).variants.iter().map(|v| v.value).collect();
            values.sort_unstable();
            values.dedup();
            return Some(values.into_iter().map(|value| (value, value)).collect());
        }
        self.all_numbers(ty).map(|all| vec![all])
    }

    /// All numbers that the type's bits can be, those that are no variant of an enum too.
    fn all_numbers(&self, ty: Ty) -> Option<(i128, i128)> {
        if ty == Ty::BOOL {
            return Some((0, 1));
        }
        let (bits, signed) = self.be_bits(ty).map(|bits| (bits, false)).or_else(|| self.cx.types.as_int(ty))?;
        Some(fold::range(bits, signed))
    }

    fn check_default(&mut self, span: Span, before: Option<Span>) {
        if let Some(before) = before {
            self.error(span, SecondDefault {}).note(before, "the first one");
        }
    }

    fn missing_variants(&mut self, ty: Ty, left: &Ranges, arms: &[Checked<Block>], span: Span) {
        let finite = self.enum_id(ty).is_some() || ty == Ty::BOOL;
        if finite && !left.is_empty() && !arms.iter().any(|arm| arm.is_default) {
            let missing = self.describe_missing(ty, left);
            let head = Span { hi: span.lo + 5, ..span };
            self.warn(head, MissingVariants { missing }).help("add the arm, or `default: …`");
        }
    }

    /// The values that no arm takes, in words.
    fn describe_missing(&self, ty: Ty, left: &Ranges) -> String {
        let name = |value: i128| {
            let variants = self.enum_id(ty).map(|id| &self.cx.types.enum_def(id).variants);
            if let Some(variant) = variants.and_then(|all| all.iter().find(|v| v.value == value)) {
                return variant.name.clone();
            }
            if ty == Ty::BOOL { (value != 0).to_string() } else { value.to_string() }
        };
        if self.is_text(ty) {
            return "any other string".into();
        }
        let mut words: Vec<String> = Vec::new();
        for &(low, high) in left.iter().take(4) {
            words.push(match high - low {
                0 => format!("`{}`", name(low)),
                1 => format!("`{}`, `{}`", name(low), name(high)),
                _ => format!("`{}..={}`", name(low), name(high)),
            });
        }
        if left.len() > 4 {
            words.push(format!("{} more", left.len() - 4));
        }
        words.join(", ")
    }
}

fn split(checked: Vec<Checked<Block>>) -> (Vec<Arm>, Option<Block>) {
    let (mut arms, mut default) = (Vec::new(), None);
    for Checked { ranges, is_default, body, span } in checked {
        if is_default {
            default = Some(body);
        } else if !ranges.is_empty() {
            arms.push(Arm { ranges, body, span });
        }
    }
    (arms, default)
}
