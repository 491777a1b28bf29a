//! `f64`: arithmetic, comparisons, conversions. An integer literal beside one becomes one; other integers only by `as`.

use super::Site;
use super::value::{Value, bool_expr, cast, error_expr, int_expr, number};
use crate::ast::BinaryOp;
use crate::diag::codes::types::{BadOperand, FloatMixed};
use crate::fold;
use crate::sema::consts::floats::of_literal;
use crate::sema::tree::{ArithOp, CompareOp, Const, Expr, ExprKind};
use crate::source::Span;
use crate::types::Ty;

pub(super) fn float_expr(value: f64, span: Span) -> Expr {
    Expr { kind: ExprKind::Const(Const::Float(value)), ty: Ty::F64, span }
}

/// The value of a constant.
fn float(expr: &Expr) -> Option<f64> {
    if let ExprKind::Const(Const::Float(value)) = expr.kind { Some(value) } else { None }
}

impl Site<'_, '_> {
    /// A value beside an `f64`, as one. None if it is none and no literal.
    fn as_float(&mut self, value: Value) -> Option<Expr> {
        if value.ty() == Ty::F64 {
            return Some(value.expr);
        }
        let literal = number(&value.expr).filter(|_| value.untyped)?;
        Some(self.float_literal(literal, value.span()))
    }

    /// An integer literal where an `f64` is asked for.
    pub fn float_literal(&mut self, literal: i128, span: Span) -> Expr {
        float_expr(of_literal(self.cx, span, literal), span)
    }

    fn both_floats(&mut self, token: BinaryOp, left: Value, right: Value, span: Span) -> Option<(Expr, Expr)> {
        // In a compound assignment only the value can be converted; its place marks it.
        let into_place = (left.ty() != Ty::F64 && left.span() == span).then(|| (left.ty(), right.span()));
        let other = if left.ty() == Ty::F64 { &right } else { &left };
        let (ty, at) = (other.ty(), other.span());
        match (self.as_float(left), self.as_float(right)) {
            (Some(left), Some(right)) => Some((left, right)),
            (Some(_) | None, Some(_) | None) => {
                let is_int = self.cx.types.as_int(ty).is_some();
                let help = match into_place {
                    Some((place, value)) => {
                        format!("convert the value: `{} as {}`", self.cast_text(value), self.ty_name(place))
                    }
                    None => format!("convert the integer: `{} as f64`", self.cast_text(at)),
                };
                let other = self.ty_name(ty);
                let error = self.error(span, FloatMixed { op: token.text().into(), other });
                if is_int {
                    error.help(help);
                }
                None
            }
        }
    }

    /// An operator with an `f64` on a side at least.
    pub fn float_arith(&mut self, op: ArithOp, token: BinaryOp, left: Value, right: Value, span: Span) -> Expr {
        if fold::float(op, 1.0, 1.0).is_none() {
            self.error(span, BadOperand { op: token.text().into(), ty: "f64".into() });
            return error_expr(span);
        }
        let Some((left, right)) = self.both_floats(token, left, right, span) else { return error_expr(span) };
        if let (Some(l), Some(r)) = (float(&left), float(&right))
            && let Some(value) = fold::float(op, l, r)
        {
            return float_expr(value, span);
        }
        Expr { kind: ExprKind::Arith { op, left: Box::new(left), right: Box::new(right) }, ty: Ty::F64, span }
    }

    /// Checks a comparison in which at least one operand is a float.
    pub fn compare_floats(&mut self, op: CompareOp, token: BinaryOp, left: Value, right: Value, span: Span) -> Expr {
        let Some((left, right)) = self.both_floats(token, left, right, span) else { return error_expr(span) };
        if let (Some(l), Some(r)) = (float(&left), float(&right)) {
            return bool_expr(fold::compare(op, l, r), span);
        }
        Expr { kind: ExprKind::Compare { op, left: Box::new(left), right: Box::new(right) }, ty: Ty::BOOL, span }
    }

    /// `-x`
    pub fn negated_float(&self, operand: Expr, span: Span) -> Expr {
        match float(&operand) {
            Some(value) => float_expr(-value, span),
            None => Expr { kind: ExprKind::Neg(Box::new(operand)), ty: Ty::F64, span },
        }
    }

    /// `n as f64`, of integers, chars and enums.
    pub fn cast_to_float(&self, value: Value) -> Option<Expr> {
        self.cx.types.as_int(value.ty())?;
        let span = value.span();
        Some(match number(&value.expr) {
            Some(number) => float_expr(fold::int_to_float(number), span),
            None => cast(value.expr, Ty::F64),
        })
    }

    /// `x as u32` and the like: towards zero, saturating, NaN is 0.
    pub fn cast_from_float(&self, value: Expr, to: Ty) -> Option<Expr> {
        let (bits, signed) = self.cx.types.as_int(to)?;
        Some(match float(&value) {
            Some(constant) => int_expr(fold::float_to_int(constant, bits, signed), to, value.span),
            None => cast(value, to),
        })
    }
}
