//! Comparisons. Integers compare by value, also across signs.

use super::binary::operators_of;
use super::exprs::{plain_name, strip};
use super::value::{Value, bool_expr, cast, error_expr, int_expr, literal_type, number, truth};
use super::variables::Name;
use super::{Checker, Site, State};
use crate::ast::{self, BinaryOp};
use crate::diag::codes::refused::WholeStruct;
use crate::diag::codes::types::{BadOperand, ConstantComparison, MixedComparison};
use crate::diag::foreign::{self, Instead};
use crate::fold;
use crate::sema::consts;
use crate::sema::enums;
use crate::sema::env::Entity;
use crate::sema::tree::{CompareOp, Const, Expr, ExprKind};
use crate::source::Span;
use crate::types::{Ty, TyKind};

impl Checker<'_, '_> {
    /// Checks a comparison, which yields a bool.
    pub fn compare(&mut self, op: CompareOp, token: BinaryOp, left: &ast::Expr, right: &ast::Expr, span: Span) -> Expr {
        let equality = matches!(op, CompareOp::Eq | CompareOp::Ne);
        let (left_null, right_null) = (self.is_null(left), self.is_null(right));
        if equality && (left_null || right_null) {
            let other = if right_null { left } else { right };
            return self.compare_null(other, op == CompareOp::Eq, span);
        }
        for (null, pointer) in [(right, left), (left, right)] {
            if equality && self.means_null(null, pointer) {
                return self.compare_null(pointer, op == CompareOp::Eq, span);
            }
        }
        if let Some(compared) = self.compare_positions(op, left, right, span) {
            return compared;
        }
        let (left, right) = self.operands(left, right, None);
        if left.is_error() || right.is_error() {
            return Expr { ty: Ty::ERROR, ..bool_expr(false, span) };
        }
        let (left, right) = (self.link_status(left), self.link_status(right));
        match (self.cx.types.kind(left.ty()), self.cx.types.kind(right.ty())) {
            (TyKind::Bytes, _) if equality && self.is_packet(right.ty()) => {
                let left = self.coerce(left, right.ty());
                comparison(op, left, right.expr, span)
            }
            (_, TyKind::Bytes) if equality && self.is_packet(left.ty()) => {
                let right = self.coerce(right, left.ty());
                comparison(op, left.expr, right, span)
            }
            (TyKind::Bytes, _) | (_, TyKind::Bytes) if equality => {
                let (left, right) = self.compared_views(left, right);
                if left.ty == Ty::ERROR || right.ty == Ty::ERROR {
                    return error_expr(span);
                }
                comparison(op, left, right, span)
            }
            (TyKind::Bool, TyKind::Bool) if equality => self.compare_bools(op, left.expr, right.expr, span),
            (TyKind::Bool, TyKind::Bool) => self.bad_compare(token, &left),
            (TyKind::Bool, _) | (_, TyKind::Bool) => {
                let other = if left.ty() == Ty::BOOL { right.ty() } else { left.ty() };
                let other = format!("`{}`", self.ty_name(other));
                self.bool_mixed(token, span, &other)
            }
            (TyKind::F64, _) | (_, TyKind::F64) => self.compare_floats(op, token, left, right, span),
            (TyKind::Be { .. }, _) | (_, TyKind::Be { .. }) => self.compare_be(op, left, right, span),
            (TyKind::Ptr { .. }, TyKind::Ptr { .. }) => self.compare_pointers(op, left, right, span),
            (TyKind::Fn(_), TyKind::Fn(_)) if equality && left.ty() == right.ty() => {
                comparison(op, left.expr, right.expr, span)
            }
            (TyKind::Fn(_), TyKind::Fn(_)) if equality => {
                self.mismatch(right.span(), right.ty(), left.ty());
                error_expr(span)
            }
            (TyKind::Str(_), _) | (_, TyKind::Str(_))
                if equality && self.is_text(left.ty()) && self.is_text(right.ty()) =>
            {
                self.compare_strings(op, left.expr, right.expr, span)
            }
            (TyKind::Struct(_) | TyKind::Array(..), _) if equality && left.ty() == right.ty() => {
                if self.refuse_kernel_structs(&left, &right) || consts::refuse_union(self.cx, left.ty(), span) {
                    return error_expr(span);
                }
                comparison(op, left.expr, right.expr, span)
            }
            (TyKind::Struct(_) | TyKind::Array(..), TyKind::Struct(_) | TyKind::Array(..)) if equality => {
                self.mismatch(right.span(), right.ty(), left.ty());
                error_expr(span)
            }
            _ => match (self.cx.types.as_int(left.ty()), self.cx.types.as_int(right.ty())) {
                (Some(_), Some(_)) => self.compare_ints(op, left, right, span),
                (Some(_), None) | (None, Some(_)) => {
                    self.mismatch(right.span(), right.ty(), left.ty());
                    error_expr(span)
                }
                (None, None) => self.bad_compare(token, &left),
            },
        }
    }

    /// Whether 0, or another language's word, is beside a pointer and means `null`. Reports it.
    fn means_null(&mut self, expr: &ast::Expr, beside: &ast::Expr) -> bool {
        let local = |this: &Self, expr: &ast::Expr| {
            let ast::ExprKind::Name(path) = &strip(expr).kind else { return None };
            path.segments.first().filter(|_| path.segments.len() == 1).and_then(|name| this.vars.local_of(&name.name))
        };
        let Some(pointer) = local(self, beside).map(|local| self.vars[local].ty) else { return false };
        if self.pointer(pointer).is_none() {
            return false;
        }
        let inner = strip(expr);
        if matches!(&inner.kind, ast::ExprKind::Int(literal) if literal.value == 0) {
            self.mismatch(inner.span, Ty::U32, pointer);
            return true;
        }
        let is_name = matches!(inner.kind, ast::ExprKind::Name(_)) && local(self, inner).is_none();
        let foreign = is_name && matches!(foreign::name(self.text(inner.span)), Some(Instead::Name("null")));
        // Reported as a name that is not known, if it is not.
        foreign && self.value(inner, None).is_error()
    }
}

impl State<'_, '_> {
    /// `null`, or a constant that is.
    fn is_null(&self, expr: &ast::Expr) -> bool {
        let expr = strip(expr);
        let local = plain_name(expr).and_then(|name| self.vars.local_name(&name.name));
        matches!(expr.kind, ast::ExprKind::Null)
            || matches!(local, Some(Name::Const { value: Const::Null, .. }))
            || matches!(self.entity_named(expr), Some(Entity::Const { value: Const::Null, .. }))
    }

    fn compare_be(&mut self, op: CompareOp, left: Value, right: Value, span: Span) -> Expr {
        let left_be = matches!(self.cx.types.kind(left.ty()), TyKind::Be { .. });
        let (be, other) = if left_be { (&left, &right) } else { (&right, &left) };
        let ty = be.ty();
        let constant = number(&other.expr).filter(|_| self.cx.types.as_int(other.ty()).is_some());
        if other.ty() != ty && constant.is_none() {
            return self.byte_order_mix(&left, &right, span);
        }
        let bits = if let TyKind::Be { bits } = self.cx.types.kind(ty) { bits } else { 64 };
        if !matches!(op, CompareOp::Eq | CompareOp::Ne) {
            let number = self.cx.types.int(bits, false);
            let in_host_order =
                |value: Value| if value.ty() == ty { Value::from(cast(value.expr, number)) } else { value };
            return self.compare_ints(op, in_host_order(left), in_host_order(right), span);
        }
        if let Some(constant) = constant.filter(|&n| !fold::fits(n, bits, false)) {
            self.warn_constant(op == CompareOp::Ne, span);
            let number = self.cx.types.int(bits, false);
            let be = if left_be { left.expr } else { right.expr };
            let wide = cast(cast(be, number), Ty::I64);
            return comparison(op, wide, int_expr(constant, literal_or_i64(constant), span), span);
        }
        let (left, right) = (self.coerce(left, ty), self.coerce(right, ty));
        if let (Some(l), Some(r)) = (number(&left), number(&right)) {
            return bool_expr(fold::compare(op, l, r), span);
        }
        comparison(op, left, right, span)
    }

    fn compare_pointers(&mut self, op: CompareOp, left: Value, right: Value, span: Span) -> Expr {
        let (TyKind::Ptr { to: l, space, .. }, TyKind::Ptr { to: r, .. }) =
            (self.cx.types.kind(left.ty()), self.cx.types.kind(right.ty()))
        else {
            return error_expr(span);
        };
        if l != r && l != Ty::U8 && r != Ty::U8 {
            self.mismatch(right.span(), right.ty(), left.ty());
            return error_expr(span);
        }
        let ty = self.cx.types.ptr(l, space, true);
        comparison(op, cast(left.expr, ty), cast(right.expr, ty), span)
    }

    fn compare_ints(&mut self, op: CompareOp, left: Value, right: Value, span: Span) -> Expr {
        if enums::incomparable(&self.cx.types, left.ty(), right.ty()) {
            self.refuse_enum(&right.expr, left.ty());
            return error_expr(span);
        }
        let (l, r) = (number(&left.expr), number(&right.expr));
        if matches!(op, CompareOp::Eq | CompareOp::Ne) {
            self.check_variants(&left, &right);
        }
        if let (Some(l), Some(r)) = (l, r) {
            return bool_expr(fold::compare(op, l, r), span);
        }
        let outcome = match (l, r) {
            (None, Some(constant)) => self.outcome(op, left.ty(), constant),
            (Some(constant), None) => self.outcome(mirrored(op), right.ty(), constant),
            (Some(_), Some(_)) | (None, None) => None,
        };
        if let Some(outcome) = outcome {
            self.warn_constant(outcome, span);
        }
        if l.is_none() && r.is_none() {
            self.warn_mixed(op, &left, &right, span);
        }
        let (left_ty, right_ty) = self.compare_types(&left, &right);
        comparison(op, fitted(left.expr, left_ty), fitted(right.expr, right_ty), span)
    }

    /// Signed with an unsigned type that is as wide: where C would compare other numbers than these.
    fn warn_mixed(&mut self, op: CompareOp, left: &Value, right: &Value, span: Span) {
        let types = &self.cx.types;
        let (Some((l_bits, l_signed)), Some((r_bits, r_signed))) = (types.as_int(left.ty()), types.as_int(right.ty()))
        else {
            return;
        };
        let (signed, unsigned, bits, other) =
            if l_signed { (left, right, l_bits, r_bits) } else { (right, left, r_bits, l_bits) };
        let known = [left, right].iter().any(|operand| self.mixed.contains(&operand.span()));
        if l_signed == r_signed || known || other < bits.max(32) || self.never_negative(&signed.expr) {
            return;
        }
        let (signed, unsigned) = (self.ty_name(signed.ty()), self.ty_name(unsigned.ty()));
        let meaning = if matches!(op, CompareOp::Eq | CompareOp::Ne) { "equals no" } else { "is less than every" };
        let help = format!("a negative `{signed}` {meaning} `{unsigned}`; `as` on one side says so if bits are meant");
        self.warn(span, MixedComparison { signed, unsigned }).help(help);
    }
}

impl Site<'_, '_> {
    /// A link compares as the number that `attach` yields: 0, or a negative errno.
    pub fn link_status(&self, value: Value) -> Value {
        if value.ty() == Ty::LINK { cast(value.expr, Ty::I32).into() } else { value }
    }

    /// Of a struct of the kernel only the fields are known that the program names; true if that was reported.
    fn refuse_kernel_structs(&mut self, left: &Value, right: &Value) -> bool {
        let refused = self.cx.types.is_relocated(left.ty());
        for side in [left, right].into_iter().filter(|_| refused) {
            let what = "a struct of the kernel".to_owned();
            self.error(side.span(), WholeStruct { what }).help("compare the fields that you need");
        }
        refused
    }

    fn bad_compare(&mut self, token: BinaryOp, operand: &Value) -> Expr {
        let (op, ty) = (token.text().to_owned(), self.ty_name(operand.ty()));
        // A value that is compared as a whole was compared with something else.
        let equality = matches!(token, BinaryOp::Eq | BinaryOp::Ne);
        let help = operators_of(self.cx.types.kind(operand.ty())).filter(|_| !equality);
        let error = self.error(operand.span(), BadOperand { op, ty });
        if let Some(help) = help {
            error.help(help);
        }
        error_expr(operand.span())
    }

    fn compare_bools(&mut self, op: CompareOp, left: Expr, right: Expr, span: Span) -> Expr {
        if let (Some(l), Some(r)) = (truth(&left), truth(&right)) {
            return bool_expr((l == r) == (op == CompareOp::Eq), span);
        }
        comparison(op, left, right, span)
    }

    /// Warns of a constant that is compared with an enum which has no such variant. Zero is what an absent one reads as.
    fn check_variants(&mut self, left: &Value, right: &Value) {
        for (constant, other) in [(left, right.ty()), (right, left.ty())] {
            if let Some(number) = number(&constant.expr).filter(|&number| number != 0 && constant.ty() != other) {
                enums::check_variant(self.cx, constant.span(), number, other);
            }
        }
    }

    fn warn_constant(&mut self, outcome: bool, span: Span) {
        self.warn(span, ConstantComparison { outcome: outcome.to_string() });
    }

    /// Whether the number comes from an unsigned type, all of whose values the signed one has.
    fn never_negative(&self, expr: &Expr) -> bool {
        let ExprKind::Cast(from) = &expr.kind else { return false };
        let (from, to) = (self.cx.types.as_int(from.ty), self.cx.types.as_int(expr.ty));
        matches!((from, to), (Some((from, false)), Some((to, true))) if from < to)
    }

    /// The result of comparing any value of the type with the constant, if it is always the same.
    fn outcome(&self, op: CompareOp, ty: Ty, constant: i128) -> Option<bool> {
        let (bits, signed) = self.cx.types.as_int(ty)?;
        let (low, high) = fold::range(bits, signed);
        let outside = constant < low || constant > high;
        let (always, never) = match op {
            CompareOp::Eq => (false, outside),
            CompareOp::Ne => (outside, false),
            CompareOp::Lt => (high < constant, low >= constant),
            CompareOp::Le => (high <= constant, low > constant),
            CompareOp::Gt => (low > constant, high <= constant),
            CompareOp::Ge => (low >= constant, high < constant),
        };
        if always { Some(true) } else { never.then_some(false) }
    }

    /// The types in which both sides have their values: one type, but for `u64` with signed.
    fn compare_types(&self, left: &Value, right: &Value) -> (Ty, Ty) {
        let (left_ty, right_ty) = (self.value_type(left, right), self.value_type(right, left));
        if left_ty == right_ty {
            return (left_ty, right_ty);
        }
        let types = &self.cx.types;
        let (Some((l_bits, l_signed)), Some((r_bits, r_signed))) = (types.as_int(left_ty), types.as_int(right_ty))
        else {
            return (left_ty, right_ty);
        };
        if l_signed == r_signed {
            let ty = types.int(l_bits.max(r_bits).max(32), l_signed);
            return (ty, ty);
        }
        let unsigned = if l_signed { r_bits } else { l_bits };
        let signed = if l_signed { l_bits } else { r_bits };
        if unsigned == 64 {
            let side = |signed| if signed { Ty::I64 } else { Ty::U64 };
            return (side(l_signed), side(r_signed));
        }
        let ty = types.int(if unsigned < 32 && signed <= 32 { 32 } else { 64 }, true);
        (ty, ty)
    }

    /// A literal has the type of the other side if it fits there.
    fn value_type(&self, value: &Value, other: &Value) -> Ty {
        let Some(constant) = number(&value.expr) else { return value.ty() };
        match self.cx.types.as_int(other.ty()) {
            Some((bits, signed)) if fold::fits(constant, bits, signed) => other.ty(),
            Some(_) | None if value.untyped => literal_type(constant),
            Some(_) | None => value.ty(),
        }
    }
}

fn literal_or_i64(constant: i128) -> Ty {
    if i64::try_from(constant).is_ok() { Ty::I64 } else { Ty::U64 }
}

/// A constant in the type, without a node for the conversion.
fn fitted(expr: Expr, ty: Ty) -> Expr {
    match number(&expr) {
        Some(number) => int_expr(number, ty, expr.span),
        None => cast(expr, ty),
    }
}

fn mirrored(op: CompareOp) -> CompareOp {
    match op {
        CompareOp::Eq => CompareOp::Eq,
        CompareOp::Ne => CompareOp::Ne,
        CompareOp::Lt => CompareOp::Gt,
        CompareOp::Le => CompareOp::Ge,
        CompareOp::Gt => CompareOp::Lt,
        CompareOp::Ge => CompareOp::Le,
    }
}

pub(super) fn comparison(op: CompareOp, left: Expr, right: Expr, span: Span) -> Expr {
    Expr { kind: ExprKind::Compare { op, left: Box::new(left), right: Box::new(right) }, ty: Ty::BOOL, span }
}
