//! Operators on constants.

use super::aggregates::small_enough;
use super::compare::compare;
use super::operands::both;
use super::{Constant, convert, exact, floats, integer, literal_type, not_constant, own_type, value};
use crate::ast::{BinaryOp, Expr, UnaryOp};
use crate::diag::codes::types::{
    BadOperand, ByteOrderMix, ConstantOverflow, DivisionByZero, MismatchedTypes, ShiftCount,
};
use crate::fold::{self, ArithOp, CompareOp};
use crate::sema::scope::Scope;
use crate::sema::tree::Const;
use crate::session::Session;
use crate::source::Span;
use crate::types::{Ty, TyKind, Types};

/// How a constant takes part in an operation.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Operand {
    /// A number without a type.
    Literal(i128),
    /// A number of a type that computes as an integer; widened to at least 32 bits.
    Int(i128, u8, bool),
    /// In host order.
    Be(i128, u8),
    Bool(bool),
    Float(f64),
    /// Values that only `==` takes.
    Other,
}

impl Operand {
    pub(super) fn of(types: &Types, constant: &Constant) -> Operand {
        match (&constant.value, constant.ty) {
            (Const::Int(value), None) => Operand::Literal(*value),
            (Const::Int(value), Some(ty)) => match (types.as_int(ty), types.kind(ty)) {
                (Some((bits, signed)), _) if bits < 32 => Operand::Int(*value, 32, signed),
                (Some((bits, signed)), _) => Operand::Int(*value, bits, signed),
                (None, TyKind::Be { bits }) => Operand::Be(*value, bits),
                (None, _) => Operand::Other,
            },
            (Const::Bool(value), _) => Operand::Bool(*value),
            (Const::Float(value), _) => Operand::Float(*value),
            (Const::Null | Const::Func(_) | Const::Str(_) | Const::Zero | Const::Struct(_) | Const::Array(_), _) => {
                Operand::Other
            }
        }
    }
}

/// A string up to its first NUL.
pub fn text(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
    &bytes[..end]
}

pub(super) fn bad_operand(cx: &mut Session, span: Span, op: &str, constant: &Constant) -> Option<Constant> {
    if constant.ty == Some(Ty::ERROR) {
        return None;
    }
    let ty = convert::type_name(cx, constant);
    cx.error(span, BadOperand { op: op.to_owned(), ty });
    None
}

/// Whether it counts as true in a condition.
fn truth(cx: &mut Session, span: Span, op: &str, constant: &Constant) -> Option<bool> {
    match &constant.value {
        Const::Bool(value) => Some(*value),
        Const::Int(value) => Some(*value != 0),
        Const::Null => Some(false),
        Const::Func(_) => Some(true),
        Const::Str(bytes) => Some(!text(bytes).is_empty()),
        Const::Float(_) | Const::Zero | Const::Struct(_) | Const::Array(_) => {
            bad_operand(cx, span, op, constant);
            None
        }
    }
}

pub(super) fn unary(
    cx: &mut Session,
    scope: &mut dyn Scope,
    span: Span,
    op: UnaryOp,
    operand: &Expr,
    expected: Option<Ty>,
) -> Option<Constant> {
    match op {
        UnaryOp::Deref => return not_constant(cx, span, "what a pointer points to"),
        UnaryOp::AddressOf => return not_constant(cx, span, "an address"),
        UnaryOp::Not | UnaryOp::Neg | UnaryOp::BitNot => {}
    }
    let constant = value(cx, scope, operand, expected.filter(|_| op != UnaryOp::Not))?;
    if op == UnaryOp::Not {
        return truth(cx, operand.span, op.text(), &constant).map(|value| Constant::bool(!value));
    }
    let negate = op == UnaryOp::Neg;
    match Operand::of(&cx.types, &constant) {
        Operand::Literal(value) if negate => exact(cx, span, -value),
        Operand::Literal(value) => {
            let (bits, signed) = not_width(&cx.types, value, expected);
            Some(Constant::untyped(fold::wrap(!value, bits, signed)))
        }
        Operand::Int(value, bits, signed) => {
            let result = if negate {
                fold::arith(ArithOp::Sub, 0, value, bits, signed)
            } else {
                fold::wrap(!value, bits, signed)
            };
            Some(Constant::typed(Const::Int(result), cx.types.int(bits, signed)))
        }
        Operand::Be(value, bits) if !negate => {
            Some(Constant { value: Const::Int(fold::wrap(!value, bits, false)), ty: constant.ty })
        }
        Operand::Float(value) if negate => Some(Constant::typed(Const::Float(-value), Ty::F64)),
        Operand::Be(..) | Operand::Bool(_) | Operand::Float(_) | Operand::Other => {
            bad_operand(cx, operand.span, op.text(), &constant)
        }
    }
}

/// `~` of a literal works at the width of its context, else at 32 bits, or 64 where the literal needs them.
fn not_width(types: &Types, value: i128, expected: Option<Ty>) -> (u8, bool) {
    if let Some(ty) = expected {
        if let Some(int) = types.as_int(ty) {
            return int;
        }
        if let TyKind::Be { bits } = types.kind(ty) {
            return (bits, false);
        }
    }
    types.as_int(literal_type(value)).unwrap_or((32, false))
}

pub(super) fn binary(
    cx: &mut Session,
    scope: &mut dyn Scope,
    span: Span,
    op: BinaryOp,
    (left, right): (&Expr, &Expr),
    expected: Option<Ty>,
) -> Option<Constant> {
    match op {
        BinaryOp::Or | BinaryOp::And => {
            let l = value(cx, scope, left, None).and_then(|c| truth(cx, left.span, op.text(), &c));
            let r = value(cx, scope, right, None).and_then(|c| truth(cx, right.span, op.text(), &c));
            let (l, r) = (l?, r?);
            Some(Constant::bool(if op == BinaryOp::Or { l || r } else { l && r }))
        }
        BinaryOp::Eq => compare(cx, scope, (CompareOp::Eq, op), left, right),
        BinaryOp::Ne => compare(cx, scope, (CompareOp::Ne, op), left, right),
        BinaryOp::Lt => compare(cx, scope, (CompareOp::Lt, op), left, right),
        BinaryOp::Le => compare(cx, scope, (CompareOp::Le, op), left, right),
        BinaryOp::Gt => compare(cx, scope, (CompareOp::Gt, op), left, right),
        BinaryOp::Ge => compare(cx, scope, (CompareOp::Ge, op), left, right),
        BinaryOp::Shl => shift(cx, scope, span, (ArithOp::Shl, op), (left, right), expected),
        BinaryOp::Shr => shift(cx, scope, span, (ArithOp::Shr, op), (left, right), expected),
        BinaryOp::BitOr => arith(cx, scope, span, (ArithOp::Or, op), (left, right), expected),
        BinaryOp::BitXor => arith(cx, scope, span, (ArithOp::Xor, op), (left, right), expected),
        BinaryOp::BitAnd => arith(cx, scope, span, (ArithOp::And, op), (left, right), expected),
        BinaryOp::Add => arith(cx, scope, span, (ArithOp::Add, op), (left, right), expected),
        BinaryOp::Sub => arith(cx, scope, span, (ArithOp::Sub, op), (left, right), expected),
        BinaryOp::Mul => arith(cx, scope, span, (ArithOp::Mul, op), (left, right), expected),
        BinaryOp::Div => arith(cx, scope, span, (ArithOp::Div, op), (left, right), expected),
        BinaryOp::Rem => arith(cx, scope, span, (ArithOp::Rem, op), (left, right), expected),
    }
}

/// The type in which two integers compute: the wider, of equal widths the unsigned.
pub fn common_int(left: (u8, bool), right: (u8, bool)) -> (u8, bool) {
    match left.0.cmp(&right.0) {
        std::cmp::Ordering::Less => right,
        std::cmp::Ordering::Greater => left,
        std::cmp::Ordering::Equal => (left.0, left.1 && right.1),
    }
}

/// A literal beside a typed operand has that type if it fits, else its own.
fn literal_beside(types: &Types, value: i128, (bits, signed): (u8, bool)) -> (u8, bool) {
    if fold::fits(value, bits, signed) {
        return (bits, signed);
    }
    types.as_int(literal_type(value)).unwrap_or((bits, signed))
}

/// The type of two strings put together, which has room for what fits theirs; none of two literals.
fn joined_type(cx: &mut Session, left: &Constant, right: &Constant) -> Option<Ty> {
    left.ty.or(right.ty)?;
    let (left, right) = (own_type(cx, left)?, own_type(cx, right)?);
    let (TyKind::Str(left), TyKind::Str(right)) = (cx.types.kind(left), cx.types.kind(right)) else { return None };
    Some(cx.types.string(left.saturating_add(right) - 1))
}

fn arith(
    cx: &mut Session,
    scope: &mut dyn Scope,
    span: Span,
    (op, token): (ArithOp, BinaryOp),
    (left, right): (&Expr, &Expr),
    expected: Option<Ty>,
) -> Option<Constant> {
    let (l, r) = both(cx, scope, left, right, expected)?;
    if let (Const::Str(a), Const::Str(b), ArithOp::Add) = (&l.value, &r.value, op) {
        // Text that a smaller type cut off stays cut off.
        let joined = [text(a), text(b)].concat();
        let held = cx.types.string(u32::try_from(joined.len() + 1).unwrap_or(u32::MAX));
        let ty = joined_type(cx, &l, &r);
        return small_enough(cx, span, held).then_some(Constant { value: Const::Str(joined), ty });
    }
    let wants_float = op == ArithOp::Div && expected == Some(Ty::F64) && is_literal(&l) && is_literal(&r);
    if floats::is_float(&l) || floats::is_float(&r) || wants_float {
        return floats::arith(cx, (op, token), (&l, left.span), (&r, right.span));
    }
    let divides = matches!(op, ArithOp::Div | ArithOp::Rem);
    let bitwise = matches!(op, ArithOp::And | ArithOp::Or | ArithOp::Xor);
    if divides && r.value == Const::Int(0) {
        cx.error(right.span, DivisionByZero {});
        return None;
    }
    let (lhs, rhs) = (Operand::of(&cx.types, &l), Operand::of(&cx.types, &r));
    match (lhs, rhs) {
        (Operand::Literal(a), Operand::Literal(b)) => match fold::exact(op, a, b) {
            Some(value) => Some(Constant::untyped(value)),
            None => {
                cx.error(span, ConstantOverflow {});
                None
            }
        },
        (Operand::Bool(a), Operand::Bool(b)) if bitwise => {
            let value = fold::arith(op, a.into(), b.into(), 8, false);
            Some(Constant::bool(value != 0))
        }
        (Operand::Be(a, bits), Operand::Be(b, other)) if bitwise && bits == other => {
            Some(Constant { value: Const::Int(fold::arith(op, a, b, bits, false)), ty: l.ty })
        }
        (Operand::Be(a, bits), Operand::Literal(b)) if bitwise => {
            Some(Constant { value: Const::Int(fold::arith(op, a, b, bits, false)), ty: l.ty })
        }
        (Operand::Literal(a), Operand::Be(b, bits)) if bitwise => {
            Some(Constant { value: Const::Int(fold::arith(op, a, b, bits, false)), ty: r.ty })
        }
        (Operand::Be(..), Operand::Be(..) | Operand::Int(..)) | (Operand::Int(..), Operand::Be(..)) if bitwise => {
            mixed(cx, span, &l, &r)
        }
        (Operand::Literal(_) | Operand::Int(..), Operand::Literal(_) | Operand::Int(..)) => {
            let (bits, signed) = int_type(&cx.types, lhs, rhs);
            let (a, b) = (number(lhs), number(rhs));
            let (a, b) = (fold::wrap(a, bits, signed), fold::wrap(b, bits, signed));
            let value = fold::arith(op, a, b, bits, signed);
            Some(Constant::typed(Const::Int(value), cx.types.int(bits, signed)))
        }
        (Operand::Literal(_) | Operand::Int(..), _) => bad_operand(cx, right.span, token.text(), &r),
        (Operand::Be(..) | Operand::Bool(_) | Operand::Float(_) | Operand::Other, _) => {
            bad_operand(cx, left.span, token.text(), &l)
        }
    }
}

fn is_literal(constant: &Constant) -> bool {
    constant.ty.is_none() && matches!(constant.value, Const::Int(_))
}

pub(super) fn mixed(cx: &mut Session, span: Span, left: &Constant, right: &Constant) -> Option<Constant> {
    let (left, right) = (convert::type_name(cx, left), convert::type_name(cx, right));
    cx.error(span, ByteOrderMix { left, right }).help("convert one of them with `as`");
    None
}

pub(super) fn number(operand: Operand) -> i128 {
    match operand {
        Operand::Literal(value) | Operand::Int(value, ..) | Operand::Be(value, _) => value,
        Operand::Bool(value) => value.into(),
        Operand::Float(_) | Operand::Other => 0,
    }
}

/// Of two operands that are integers.
fn int_type(types: &Types, left: Operand, right: Operand) -> (u8, bool) {
    let typed = |operand| match operand {
        Operand::Int(_, bits, signed) => Some((bits, signed)),
        Operand::Literal(_) | Operand::Be(..) | Operand::Bool(_) | Operand::Float(_) | Operand::Other => None,
    };
    match (typed(left), typed(right)) {
        (Some(l), Some(r)) => common_int(l, r),
        (Some(l), None) => common_int(l, literal_beside(types, number(right), l)),
        (None, Some(r)) => common_int(r, literal_beside(types, number(left), r)),
        (None, None) => (64, false),
    }
}

fn shift(
    cx: &mut Session,
    scope: &mut dyn Scope,
    span: Span,
    (op, token): (ArithOp, BinaryOp),
    (left, right): (&Expr, &Expr),
    expected: Option<Ty>,
) -> Option<Constant> {
    let l = value(cx, scope, left, expected);
    let count = integer(cx, scope, right);
    let (l, count) = (l?, count?);
    let operand = Operand::of(&cx.types, &l);
    let bits = match operand {
        Operand::Literal(_) => 64,
        Operand::Int(_, bits, _) => bits,
        Operand::Be(..) | Operand::Bool(_) | Operand::Float(_) | Operand::Other => {
            return bad_operand(cx, left.span, token.text(), &l);
        }
    };
    if !(0..i128::from(bits)).contains(&count) {
        cx.error(right.span, ShiftCount { count: count.to_string(), bits: bits.to_string() });
        return None;
    }
    if let Operand::Int(value, bits, signed) = operand {
        let value = fold::arith(op, value, count, bits, signed);
        return Some(Constant::typed(Const::Int(value), cx.types.int(bits, signed)));
    }
    match fold::exact(op, number(operand), count) {
        Some(value) => Some(Constant::untyped(value)),
        None => {
            cx.error(span, ConstantOverflow {});
            None
        }
    }
}

pub(super) fn ternary(
    cx: &mut Session,
    scope: &mut dyn Scope,
    condition: &Expr,
    (then, otherwise): (&Expr, &Expr),
    expected: Option<Ty>,
) -> Option<Constant> {
    let taken = value(cx, scope, condition, None).and_then(|c| truth(cx, condition.span, "?:", &c));
    let (a, b) = both(cx, scope, then, otherwise, expected)?;
    let taken = taken?;
    let (lhs, rhs) = (Operand::of(&cx.types, &a), Operand::of(&cx.types, &b));
    let to_number = expected.is_some_and(|ty| matches!(cx.types.kind(ty), TyKind::Int { .. }));
    if !to_number && super::refuse_enums(cx, &a, (&b, otherwise.span)) {
        return None;
    }
    let is_int = |operand| matches!(operand, Operand::Literal(_) | Operand::Int(..));
    let both_literals = matches!((lhs, rhs), (Operand::Literal(_), Operand::Literal(_)));
    if is_int(lhs) && is_int(rhs) && !both_literals && a.ty != b.ty {
        let (bits, signed) = int_type(&cx.types, lhs, rhs);
        let value = fold::wrap(number(if taken { lhs } else { rhs }), bits, signed);
        return Some(Constant::typed(Const::Int(value), cx.types.int(bits, signed)));
    }
    if let (Operand::Be(..), Operand::Int(..)) | (Operand::Int(..), Operand::Be(..)) = (lhs, rhs) {
        return mixed(cx, then.span.to(otherwise.span), &a, &b);
    }
    let span = otherwise.span;
    let chosen_type = a.ty.or(b.ty);
    if let Some(ty) = chosen_type
        && a.ty != b.ty
    {
        let a = convert::convert(cx, then.span, a, ty);
        let b = convert::convert(cx, span, b, ty);
        let (a, b) = (a?, b?);
        return Some(Constant::typed(if taken { a } else { b }, ty));
    }
    if chosen_type.is_none() && std::mem::discriminant(&a.value) != std::mem::discriminant(&b.value) {
        let (wanted, found) = (convert::found(cx, &a), convert::found(cx, &b));
        cx.error(span, MismatchedTypes { wanted, found });
        return None;
    }
    Some(if taken { a } else { b })
}
