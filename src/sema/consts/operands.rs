//! The two operands of an operator on constants; one may decide the type of the other.

use super::{Constant, floats, value};
use crate::ast::{BinaryOp, Expr, ExprKind, UnaryOp};
use crate::sema::env::{Declared, Entity};
use crate::sema::imports;
use crate::sema::scope::{Found, Scope};
use crate::sema::tree::Const;
use crate::session::Session;
use crate::types::Ty;

/// Both operands. Literals beside an `f64` are of that type, which matters for what is divided inside of them: they are
/// looked at after it.
pub(super) fn both(
    cx: &mut Session,
    scope: &mut dyn Scope,
    left: &Expr,
    right: &Expr,
    expected: Option<Ty>,
) -> Option<(Constant, Constant)> {
    let (l, r) = if divides(left) && is_open(cx, scope, left) {
        let r = value(cx, scope, right, expected);
        let beside = if r.as_ref().is_some_and(floats::is_float) { Some(Ty::F64) } else { expected };
        (value(cx, scope, left, beside), r)
    } else {
        let l = value(cx, scope, left, expected);
        let beside = l.as_ref().and_then(|c| c.ty).or(expected);
        (l, value(cx, scope, right, beside))
    };
    let (l, r) = (l?, r?);
    if [&l, &r].into_iter().any(|constant| constant.ty == Some(Ty::ERROR)) {
        return None;
    }
    Some((l, r))
}

/// Whether a division may be where the expression's value comes from.
fn divides(expr: &Expr) -> bool {
    if let ExprKind::Paren(inner) | ExprKind::Unary { operand: inner, .. } = &expr.kind {
        return divides(inner);
    }
    if let ExprKind::Ternary { then: left, otherwise: right, .. } = &expr.kind {
        return divides(right) || divides(left);
    }
    let ExprKind::Binary { op, left, right, .. } = &expr.kind else { return false };
    *op == BinaryOp::Div || divides(right) || divides(left)
}

/// Whether the value will be an integer without a type: a literal, what is as one, or operators on those.
fn is_open(cx: &mut Session, scope: &mut dyn Scope, expr: &Expr) -> bool {
    if let ExprKind::Paren(inner) | ExprKind::Unary { op: UnaryOp::Neg | UnaryOp::BitNot, operand: inner } = &expr.kind
    {
        return is_open(cx, scope, inner);
    }
    if let ExprKind::Ternary { then, otherwise, .. } = &expr.kind {
        return is_open(cx, scope, otherwise) && is_open(cx, scope, then);
    }
    if let ExprKind::Binary { op, left, right, .. } = &expr.kind {
        // The count of a shift has no say in its type.
        let is_shift = matches!(op, BinaryOp::Shl | BinaryOp::Shr);
        return is_arithmetic(*op) && (is_shift || is_open(cx, scope, right)) && is_open(cx, scope, left);
    }
    if let ExprKind::Name(_) | ExprKind::Field { .. } = &expr.kind {
        let found = if imports::is_known(cx, scope, expr) { imports::find_expr(cx, scope, expr) } else { None };
        let Some(Found::Declared(Declared { entity: Entity::Const { value, ty }, .. })) = found else { return false };
        return ty.is_none() && matches!(value, Const::Int(_));
    }
    let sizes = matches!(expr.kind, ExprKind::SizeofType(_) | ExprKind::SizeofExpr(_) | ExprKind::Offsetof { .. });
    sizes || matches!(expr.kind, ExprKind::Int(_))
}

/// Whether the operator computes a value of its operands' type.
pub fn is_arithmetic(op: BinaryOp) -> bool {
    use BinaryOp::{Add, BitAnd, BitOr, BitXor, Div, Mul, Rem, Shl, Shr, Sub};
    matches!(op, BitOr | BitXor | BitAnd | Shl | Shr | Add | Sub | Mul | Div | Rem)
}
