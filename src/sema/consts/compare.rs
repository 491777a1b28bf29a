//! Comparisons of constants.

use super::operands::both;
use super::operators::{Operand, bad_operand, mixed, number, text};
use super::parts::part;
use super::{Constant, convert, floats, is_zero, not_constant};
use crate::ast::{BinaryOp, Expr};
use crate::diag::codes::types::{MismatchedTypes, UnionCompared};
use crate::fold::{self, CompareOp};
use crate::sema::scope::Scope;
use crate::sema::tree::Const;
use crate::session::Session;
use crate::source::Span;
use crate::types::{Origin, Ty, TyKind, Types};

pub(super) fn compare(
    cx: &mut Session,
    scope: &mut dyn Scope,
    (op, token): (CompareOp, BinaryOp),
    left: &Expr,
    right: &Expr,
) -> Option<Constant> {
    let (l, r) = both(cx, scope, left, right, None)?;
    let equality = matches!(op, CompareOp::Eq | CompareOp::Ne);
    if let (Const::Str(a), Const::Str(b)) = (&l.value, &r.value)
        && equality
    {
        return Some(Constant::bool((text(a) == text(b)) == (op == CompareOp::Eq)));
    }
    if let (Some(ty), Some(other)) = (aggregate(&cx.types, &l), aggregate(&cx.types, &r))
        && equality
    {
        if ty == other {
            if refuse_union(cx, ty, left.span.to(right.span)) {
                return None;
            }
            let Some(equal) = equal(&cx.types, &l.value, &r.value, ty) else {
                let span = left.span.to(right.span);
                return not_constant(cx, span, "the comparison of fields that share bytes");
            };
            return Some(Constant::bool(equal == (op == CompareOp::Eq)));
        }
        let (wanted, found) = (convert::found(cx, &l), convert::found(cx, &r));
        cx.error(right.span, MismatchedTypes { wanted, found });
        return None;
    }
    if floats::is_float(&l) || floats::is_float(&r) {
        return floats::compare(cx, (op, token), (&l, left.span), (&r, right.span));
    }
    if super::refuse_enums(cx, &l, (&r, right.span)) {
        return None;
    }
    let (lhs, rhs) = (Operand::of(&cx.types, &l), Operand::of(&cx.types, &r));
    match (lhs, rhs) {
        (Operand::Bool(a), Operand::Bool(b)) if equality => Some(Constant::bool(fold::compare(op, a, b))),
        (Operand::Bool(_) | Operand::Float(_) | Operand::Other, _) => bad_operand(cx, left.span, token.text(), &l),
        (_, Operand::Bool(_) | Operand::Float(_) | Operand::Other) => bad_operand(cx, right.span, token.text(), &r),
        (Operand::Be(_, a), Operand::Be(_, b)) if a != b => mixed(cx, left.span.to(right.span), &l, &r),
        (Operand::Be(..), Operand::Int(..)) | (Operand::Int(..), Operand::Be(..)) => {
            mixed(cx, left.span.to(right.span), &l, &r)
        }
        (Operand::Be(..), _) if !equality => bad_operand(cx, left.span, token.text(), &l),
        (_, Operand::Be(..)) if !equality => bad_operand(cx, right.span, token.text(), &r),
        (
            Operand::Literal(_) | Operand::Int(..) | Operand::Be(..),
            Operand::Literal(_) | Operand::Int(..) | Operand::Be(..),
        ) => Some(Constant::bool(fold::compare(op, number(lhs), number(rhs)))),
    }
}

/// Reports the comparison of unions, or of what has some in its fields or elements.
pub fn refuse_union(cx: &mut Session, ty: Ty, span: Span) -> bool {
    let refused = cx.types.has_origin(ty, |origin| origin == Origin::Union);
    if refused {
        let ty = cx.types.name(ty);
        cx.error(span, UnionCompared { ty })
            .help("compare a field of the union, `a.f == b.f`, and the fields beside it");
    }
    refused
}

/// The type of a struct or an array.
fn aggregate(types: &Types, constant: &Constant) -> Option<Ty> {
    constant.ty.filter(|&ty| matches!(types.kind(ty), TyKind::Struct(_) | TyKind::Array(..)))
}

/// Whether two constants of one type are equal: part by part, as values are when the program runs. None if other fields were
/// given of those that share bytes.
fn equal(types: &Types, left: &Const, right: &Const, ty: Ty) -> Option<bool> {
    let parts = |index, ty| (part(types, left, index, ty), part(types, right, index, ty));
    match (types.kind(ty), left, right) {
        (_, Const::Zero, Const::Zero) => Some(true),
        (TyKind::Struct(id), ..) => {
            let fields = types.struct_def(id).fields.iter().enumerate();
            every(fields.map(|(index, field)| match (parts(index, field.ty), field.bits) {
                ((l, r), _) if types.is_view(id, index) => (is_zero(&l) && is_zero(&r)).then_some(true),
                ((Const::Int(l), Const::Int(r)), Some(bits)) => {
                    Some(fold::wrap(l, bits.width, false) == fold::wrap(r, bits.width, false))
                }
                ((l, r), _) => equal(types, &l, &r, field.ty),
            }))
        }
        (TyKind::Array(element, length), ..) => every((0..length as usize).map(|index| {
            let (l, r) = parts(index, element);
            equal(types, &l, &r, element)
        })),
        (_, Const::Str(l), Const::Str(r)) => Some(text(l) == text(r)),
        (_, Const::Float(l), Const::Float(r)) => Some(l == r),
        _ => Some(left == right || (is_zero(left) && is_zero(right))),
    }
}

fn every(parts: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let parts: Option<Vec<bool>> = parts.collect();
    Some(parts?.into_iter().all(|equal| equal))
}
