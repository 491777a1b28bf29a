//! `f64` in constant expressions. An integer without a type becomes `f64` beside one or if `f64` is expected; an
//! integer with a type only by `as`.

use super::Constant;
use super::convert::type_name;
use crate::ast::BinaryOp;
use crate::diag::codes::types::{BadCast, BadOperand, FloatMixed, ValueTruncated};
use crate::fold::{self, ArithOp, CompareOp};
use crate::sema::tree::Const;
use crate::session::Session;
use crate::source::Span;
use crate::types::{Ty, TyKind};

/// The value of a literal, which is well formed.
pub fn literal(text: &str) -> f64 {
    text.replace('_', "").parse().unwrap_or_else(|_| crate::bug!("`{text}` is no literal of `f64`"))
}

/// An integer literal, or what is as one, as an `f64`; warns where that changes its value.
pub fn of_literal(cx: &mut Session, span: Span, number: i128) -> f64 {
    let value = fold::int_to_float(number);
    if value as i128 != number {
        let (number, kept) = (number.to_string(), format!("{value:.0}"));
        cx.warn(span, ValueTruncated { value: number, ty: "f64".into(), kept });
    }
    value
}

pub(super) fn is_float(constant: &Constant) -> bool {
    matches!(constant.value, Const::Float(_))
}

fn constant(value: f64) -> Constant {
    Constant::typed(Const::Float(value), Ty::F64)
}

/// An operand beside an `f64`. None once it was reported that it is no such number.
fn operand(cx: &mut Session, token: BinaryOp, (operand, span): (&Constant, Span), whole: Span) -> Option<f64> {
    if let Const::Float(value) = operand.value {
        return Some(value);
    }
    if let (Const::Int(number), None) = (&operand.value, operand.ty) {
        return Some(of_literal(cx, span, *number));
    }
    let other = type_name(cx, operand);
    cx.error(whole, FloatMixed { op: token.text().into(), other }).help("`n as f64` converts an integer");
    None
}

/// The operands of an operation with at least one `f64`, and the span of all of it. None if that was reported.
fn operands(
    cx: &mut Session,
    token: BinaryOp,
    left: (&Constant, Span),
    right: (&Constant, Span),
) -> Option<(f64, f64, Span)> {
    let whole = left.1.to(right.1);
    Some((operand(cx, token, left, whole)?, operand(cx, token, right, whole)?, whole))
}

/// An operation with an `f64` on a side at least.
pub(super) fn arith(
    cx: &mut Session,
    (op, token): (ArithOp, BinaryOp),
    left: (&Constant, Span),
    right: (&Constant, Span),
) -> Option<Constant> {
    let (l, r, whole) = operands(cx, token, left, right)?;
    match fold::float(op, l, r) {
        Some(value) => Some(constant(value)),
        None => {
            cx.error(whole, BadOperand { op: token.text().into(), ty: "f64".into() });
            None
        }
    }
}

pub(super) fn compare(
    cx: &mut Session,
    (op, token): (CompareOp, BinaryOp),
    left: (&Constant, Span),
    right: (&Constant, Span),
) -> Option<Constant> {
    let (l, r, _) = operands(cx, token, left, right)?;
    Some(Constant::bool(fold::compare(op, l, r)))
}

/// `as` from or to `f64`.
pub(super) fn cast(cx: &mut Session, span: Span, from: &Constant, to: Ty) -> Option<Constant> {
    let is_be = from.ty.is_some_and(|ty| matches!(cx.types.kind(ty), TyKind::Be { .. }));
    let is_float = to == Ty::F64;
    let value = if let (Const::Float(value), Some((bits, signed))) = (&from.value, cx.types.as_int(to)) {
        Some(Const::Int(fold::float_to_int(*value, bits, signed)))
    } else if let (Const::Float(value), true) = (&from.value, is_float) {
        Some(Const::Float(*value))
    } else if let (Const::Int(number), true) = (&from.value, is_float && !is_be) {
        Some(Const::Float(fold::int_to_float(*number)))
    } else {
        None
    };
    if value.is_none() {
        let (from, to) = (type_name(cx, from), cx.types.name(to));
        cx.error(span, BadCast { from, to });
    }
    value.map(|value| Constant::typed(value, to))
}
