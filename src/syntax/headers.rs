//! Statements with a header: `if`, `match`, `while`, `for`.

use super::Rule;
use super::builder::Builder;
use super::types::only;
use crate::ast::{
    Arm, ArmBody, Binding, Block, Condition, Expr, ExprKind, ForOver, ForStmt, IfExpr, MatchExpr, Pattern, Stmt,
    StmtKind, Unread,
};
use crate::diag::codes::syntax::*;
use crate::source::Span;
use pest::iterators::{Pair, Pairs};

impl Builder<'_> {
    /// Builds an `if` with its `else` branches.
    pub fn if_expr(&mut self, pair: Pair<'_, Rule>) -> IfExpr {
        let start = self.span(&pair).lo;
        let mut parts = pair.into_inner();
        let condition = match parts.peek() {
            Some(part) if matches!(part.as_rule(), Rule::bindings | Rule::head_bindings) => {
                parts.next();
                Condition::Bindings(part.into_inner().map(|binding| self.binding(binding)).collect())
            }
            _ => Condition::Expr(self.header_expr(start, &mut parts)),
        };
        let then = self.body(&mut parts);
        let otherwise = parts.next().map(|part| self.else_body(&mut part.into_inner()));
        IfExpr { condition, then, otherwise }
    }

    /// The expression of a header: in parentheses, with more after them, or without.
    fn header_expr(&mut self, start: u32, parts: &mut Pairs<'_, Rule>) -> Expr {
        let first = parts.next().unwrap_or_else(|| crate::bug!("a header without a condition"));
        let expr = self.expr(first);
        let Some(rest) = parts.peek().filter(|part| part.as_rule() == Rule::head_rest) else { return expr };
        parts.next();
        // The parentheses around `expr` are the first after the keyword and the last before the rest.
        let before = &self.layout.text[start as usize..expr.span.lo as usize];
        let lo = start as usize + before.find('(').unwrap_or(0);
        let until = self.span(&rest).lo as usize;
        let inside = &self.layout.text[expr.span.hi as usize..until];
        let hi = expr.span.hi as usize + inside.rfind(')').map_or(0, |at| at + 1);
        let span = Span::new(self.file, lo, hi);
        self.head_rest(Expr { kind: ExprKind::Paren(Box::new(expr)), span }, rest)
    }

    /// What follows `else`.
    fn else_body(&mut self, parts: &mut Pairs<'_, Rule>) -> Block {
        let next = parts.peek().map(|part| if part.as_rule() == Rule::body { only(part) } else { part });
        match next.filter(|part| part.as_rule() == Rule::if_expr) {
            Some(part) => {
                let stmt = self.next_of_chain(part);
                let span = stmt.span;
                Block { stmts: vec![stmt], braced: false, span }
            }
            None => self.body(parts),
        }
    }

    /// A block, or the one statement that replaces it; also within `body`.
    pub fn body(&mut self, parts: &mut Pairs<'_, Rule>) -> Block {
        let part = parts.next().unwrap_or_else(|| crate::bug!("a header without a body"));
        let part = if part.as_rule() == Rule::body { only(part) } else { part };
        if part.as_rule() == Rule::block {
            return self.block(part);
        }
        let stmt = self.stmt(part);
        let span = stmt.span;
        Block { stmts: vec![stmt], braced: false, span }
    }

    fn binding(&mut self, pair: Pair<'_, Rule>) -> Binding {
        let span = self.span(&pair);
        let mut parts = pair.into_inner();
        let name = parts.next().map(|word| self.declared(word));
        let mut ty = None;
        let mut value = None;
        for part in parts {
            if part.as_rule() == Rule::r#type {
                ty = Some(self.ty(part));
            } else {
                value = Some(self.expr(part));
            }
        }
        let (Some(name), Some(value)) = (name, value) else { crate::bug!("a binding without name or value") };
        Binding { name, ty, value, span }
    }

    /// Builds a `match`.
    pub fn match_expr(&mut self, pair: Pair<'_, Rule>) -> MatchExpr {
        let start = self.span(&pair).lo;
        let mut parts = pair.into_inner();
        let subject = self.header_expr(start, &mut parts);
        let mut arms: Vec<Arm> = Vec::new();
        for part in parts {
            let span = self.span(&part);
            if let Some(last) = arms.last()
                && !self.is_separated(last.span, span, true)
            {
                let last = last.span;
                self.not_separated(last, span, "`,`");
                self.refused = false;
                arms.pop();
                arms.push(self.unread_arm(last.to(span)));
                continue;
            }
            arms.push(if part.as_rule() == Rule::hole_text { self.unread_arm(span) } else { self.arm(part, span) });
        }
        MatchExpr { subject, arms }
    }

    /// An arm that could not be read, with unknown patterns.
    fn unread_arm(&self, span: Span) -> Arm {
        let names = self.unread(span);
        let patterns = vec![Pattern::Value(Expr { kind: ExprKind::Unread(Unread::default()), span })];
        Arm { patterns, body: ArmBody::Expr(names), span }
    }

    fn arm(&mut self, pair: Pair<'_, Rule>, span: Span) -> Arm {
        let mut patterns = Vec::new();
        let mut body = None;
        for part in pair.into_inner() {
            if part.as_rule() == Rule::pattern {
                patterns.push(self.pattern(part));
            } else {
                body = Some(self.stmt(part));
            }
        }
        let body = body.unwrap_or_else(|| crate::bug!("an arm without a body"));
        Arm { patterns, body: arm_body(body), span }
    }

    fn pattern(&mut self, pair: Pair<'_, Rule>) -> Pattern {
        let span = self.span(&pair);
        let mut parts = pair.into_inner();
        let first = parts.next().unwrap_or_else(|| crate::bug!("an empty pattern"));
        if first.as_rule() == Rule::default_pat {
            return Pattern::Default(span);
        }
        let low = self.expr(first);
        let Some(dots) = parts.next() else { return Pattern::Value(low) };
        let high = parts.next().map(|high| self.expr(high));
        let high = high.unwrap_or_else(|| crate::bug!("a range without an end"));
        Pattern::Range { low, high, inclusive: dots.as_str() == "..=", span }
    }

    /// Builds a `while`.
    pub fn while_stmt(&mut self, pair: Pair<'_, Rule>) -> StmtKind {
        let start = self.span(&pair).lo;
        let mut parts = pair.into_inner();
        let condition = self.header_expr(start, &mut parts);
        StmtKind::While { condition, body: self.body(&mut parts) }
    }

    /// Builds a `for` over a range, an array or a map.
    pub fn for_stmt(&mut self, pair: Pair<'_, Rule>) -> StmtKind {
        let mut names = Vec::new();
        let mut exprs = Vec::new();
        let mut inclusive = None;
        let mut body = None;
        for part in pair.into_inner() {
            let rule = part.as_rule();
            if rule == Rule::for_names {
                names = part.into_inner().map(|word| self.declared(word)).collect();
            } else if rule == Rule::range_op {
                inclusive = Some(part.as_str() == "..=");
            } else if matches!(rule, Rule::expr | Rule::head_expr) {
                exprs.push(self.expr(part));
            } else if rule == Rule::hole_text {
                exprs.push(self.unread(self.span(&part)));
            } else {
                body = Some(self.body(&mut Pairs::single(part)));
            }
        }
        let body = body.unwrap_or_else(|| crate::bug!("a loop without a body"));
        let mut exprs = exprs.into_iter();
        let over = match (exprs.next(), exprs.next(), inclusive) {
            (Some(low), Some(high), Some(inclusive)) => ForOver::Range { low, high, inclusive },
            (Some(all), None, None) => ForOver::Each(all),
            _ => crate::bug!("a loop over neither a range nor a thing"),
        };
        if let (ForOver::Range { .. }, [_, second]) = (&over, &names[..]) {
            let found = format!("`, {}`", second.name);
            self.error(second.span, Expected { expected: "one name before `in` and a range".into(), found })
                .help("over a range one name counts: `for (i in a..b)`; arrays and maps take two");
        }
        StmtKind::For(ForStmt { names, over, body })
    }
}

/// An arm whose body is an expression or a block holds just that.
fn arm_body(stmt: Stmt) -> ArmBody {
    if let StmtKind::Expr(Expr { kind: ExprKind::Block(block), .. }) = stmt.kind {
        ArmBody::Block(block)
    } else if let StmtKind::Expr(expr) = stmt.kind {
        ArmBody::Expr(expr)
    } else {
        ArmBody::Stmt(Box::new(stmt))
    }
}
