//! The result of checking an expression.

use crate::sema::tree::{Const, Expr, ExprKind, LocalId, OptionalKind, Parts};
use crate::source::Span;
use crate::types::{Ty, TyKind, Types};

/// An expression of the typed tree, and whether its type is still open: integer literals, constants without a declared
/// type, and operators on those alone take the type of the place where they go.
pub(super) struct Value {
    pub expr: Expr,
    pub untyped: bool,
}

impl Value {
    /// A constant whose type is open; until it is given one it has the smallest type of literals that holds it.
    pub fn untyped(number: i128, span: Span) -> Value {
        Value { expr: int_expr(number, literal_type(number), span), untyped: true }
    }

    /// The type, which for an open one may still change.
    pub fn ty(&self) -> Ty {
        self.expr.ty
    }

    /// The place in the source.
    pub fn span(&self) -> Span {
        self.expr.span
    }

    /// Whether it was reported, so that rules about it stay silent.
    pub fn is_error(&self) -> bool {
        self.expr.ty == Ty::ERROR
    }
}

impl From<Expr> for Value {
    fn from(expr: Expr) -> Value {
        Value { expr, untyped: false }
    }
}

/// The type of a literal where nothing asks for one.
pub(super) fn literal_type(number: i128) -> Ty {
    if i128::from(u32::MIN) <= number && number <= i128::from(u32::MAX) {
        Ty::U32
    } else if number < 0 && number >= i128::from(i32::MIN) {
        Ty::I32
    } else if number < 0 {
        Ty::I64
    } else {
        Ty::U64
    }
}

pub(super) fn error_expr(span: Span) -> Expr {
    Expr { kind: ExprKind::Const(Const::Zero), ty: Ty::ERROR, span }
}

pub(super) fn int_expr(number: i128, ty: Ty, span: Span) -> Expr {
    Expr { kind: ExprKind::Const(Const::Int(number)), ty, span }
}

pub(super) fn bool_expr(value: bool, span: Span) -> Expr {
    Expr { kind: ExprKind::Const(Const::Bool(value)), ty: Ty::BOOL, span }
}

/// A conversion; nothing where the type is right already.
pub(super) fn cast(expr: Expr, ty: Ty) -> Expr {
    if expr.ty == ty || expr.ty == Ty::ERROR {
        return expr;
    }
    let span = expr.span;
    Expr { kind: ExprKind::Cast(Box::new(expr)), ty, span }
}

pub(super) fn not(expr: Expr) -> Expr {
    let span = expr.span;
    Expr { kind: ExprKind::Not(Box::new(expr)), ty: Ty::BOOL, span }
}

/// The arguments, unless one was reported.
pub(super) fn all_known(args: Vec<Expr>) -> Option<Vec<Expr>> {
    args.iter().all(|arg| arg.ty != Ty::ERROR).then_some(args)
}

/// The number of an integer constant.
pub(super) fn number(expr: &Expr) -> Option<i128> {
    if let ExprKind::Const(Const::Int(number)) = &expr.kind { Some(*number) } else { None }
}

pub(super) fn truth(expr: &Expr) -> Option<bool> {
    if let ExprKind::Const(Const::Bool(truth)) = &expr.kind { Some(*truth) } else { None }
}

pub(super) fn local(expr: &Expr) -> Option<LocalId> {
    if let ExprKind::Local(local) = &expr.kind { Some(*local) } else { None }
}

/// The constant that an expression is, if it is one.
pub(super) fn constant(types: &Types, expr: &Expr) -> Option<Const> {
    if let ExprKind::Const(value) = &expr.kind {
        return Some(value.clone());
    }
    if let ExprKind::Array(elements) = &expr.kind {
        return elements.iter().map(|e| constant(types, e)).collect::<Option<Vec<_>>>().map(Const::Array);
    }
    if let (ExprKind::Fill(value), TyKind::Array(_, length)) = (&expr.kind, types.kind(expr.ty)) {
        return constant(types, value).map(|value| Const::Array(vec![value; length as usize]));
    }
    let ExprKind::Struct { fields } = &expr.kind else { return None };
    if matches!(types.kind(expr.ty), TyKind::Struct(id) if types.has_shared(id)) {
        return None;
    }
    let mut values: Vec<(usize, Const)> = Vec::new();
    for (index, field) in fields {
        values.push((*index, constant(types, field)?));
    }
    values.sort_by_key(|(index, _)| *index);
    Some(Const::Struct(values.into_iter().map(|(_, value)| value).collect()))
}

/// Whether evaluating it can do more than yield a value.
pub(super) fn has_effect(expr: &Expr) -> bool {
    match expr.parts() {
        Parts::Operands(operands) => operands.into_iter().any(has_effect),
        Parts::Optional(optional) => optional_has_effect(&optional.kind),
        Parts::Operation(..) | Parts::If(_) | Parts::Block(_) | Parts::Match(_) => true,
    }
}

fn optional_has_effect(optional: &OptionalKind) -> bool {
    match optional {
        OptionalKind::MapEntry { key, .. } | OptionalKind::InnerMap { key, .. } => has_effect(key),
        OptionalKind::MapEntryOr { .. }
        | OptionalKind::MapTake { .. }
        | OptionalKind::Record { .. }
        | OptionalKind::Builtin { .. } => true,
        OptionalKind::Packet { ctx, offset, .. } => has_effect(ctx) || has_effect(offset),
        OptionalKind::Meta { ctx, .. } => has_effect(ctx),
        OptionalKind::Pointer(value) | OptionalKind::View(value) => has_effect(value),
    }
}

pub(super) fn strip_cast(expr: &Expr) -> &Expr {
    if let ExprKind::Cast(inner) = &expr.kind { strip_cast(inner) } else { expr }
}
