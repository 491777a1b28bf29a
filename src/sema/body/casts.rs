//! `e as T`

use super::Checker;
use super::value::{Value, cast, error_expr, int_expr, number, truth};
use crate::ast;
use crate::diag::codes::types::{BadCast, ByteOrderMix};
use crate::fold;
use crate::sema::tree::{Const, Expr, ExprKind};
use crate::source::Span;
use crate::types::{Ty, TyKind};

impl Checker<'_, '_> {
    pub fn cast_expr(&mut self, operand: &ast::Expr, ty: &ast::Type, span: Span) -> Expr {
        if self.packet_cast(operand, ty, span).is_some() {
            return self.untested(span);
        }
        let to = self.resolve_bare(ty);
        let value = self.value(operand, None);
        let value = Value { untyped: value.untyped, expr: self.no_void(value.expr) };
        if to == Ty::ERROR || value.is_error() {
            return error_expr(span);
        }
        let value = self.link_status(value);
        let from = value.ty();
        if from == to && !value.untyped {
            return value.expr;
        }
        let converted = match self.cx.types.kind(to) {
            TyKind::Bool => self.cast_to_bool(value),
            TyKind::Be { bits } => self.cast_to_be(value, bits, to),
            TyKind::Ptr { .. } => self.cast_to_pointer(value, to),
            TyKind::Int { .. } | TyKind::Char | TyKind::Enum(_) => self.cast_to_int(value, to),
            TyKind::Str(_) => Some(self.coerce(value, to)),
            _ => None,
        };
        match converted {
            Some(expr) => Expr { span, ..expr },
            None => {
                let (from, to) = (self.ty_name(from), self.ty_name(to));
                self.error(span, BadCast { from, to });
                error_expr(span)
            }
        }
    }

    fn cast_to_bool(&mut self, value: Value) -> Option<Expr> {
        let is_number = self.cx.types.as_int(value.ty()).is_some();
        let is_other = matches!(self.cx.types.kind(value.ty()), TyKind::Be { .. } | TyKind::Ptr { .. });
        (is_number || is_other).then(|| self.to_bool(value))
    }

    fn cast_to_int(&mut self, value: Value, to: Ty) -> Option<Expr> {
        let span = value.span();
        let (bits, signed) = self.cx.types.as_int(to)?;
        if let Some(number) = number(&value.expr) {
            return Some(int_expr(fold::wrap(number, bits, signed), to, span));
        }
        if let Some(truth) = truth(&value.expr) {
            return Some(int_expr(i128::from(truth), to, span));
        }
        match self.cx.types.kind(value.ty()) {
            TyKind::Be { bits } => {
                let host = self.cx.types.int(bits, false);
                Some(cast(cast(value.expr, host), to))
            }
            TyKind::Bool => Some(cast(value.expr, to)),
            TyKind::Ptr { .. } => Some(self.unsupported(span, "converting a pointer to a number")),
            _ => self.cx.types.as_int(value.ty()).map(|_| cast(value.expr, to)),
        }
    }

    /// Through the unsigned integer of the width, then swapped.
    fn cast_to_be(&mut self, value: Value, bits: u8, to: Ty) -> Option<Expr> {
        let span = value.span();
        if let TyKind::Be { bits: from } = self.cx.types.kind(value.ty()) {
            let (left, right) = (self.ty_name(value.ty()), self.ty_name(to));
            let text = self.text(span).to_owned();
            self.error(span, ByteOrderMix { left, right: right.clone() })
                .help(format!("`{text} as u{from} as {right}` goes through the number"));
            return Some(error_expr(span));
        }
        self.cx.types.as_int(value.ty())?;
        if let Some(number) = number(&value.expr) {
            return Some(int_expr(fold::wrap(number, bits, false), to, span));
        }
        let host = self.cx.types.int(bits, false);
        Some(cast(cast(value.expr, host), to))
    }

    fn cast_to_pointer(&mut self, value: Value, to: Ty) -> Option<Expr> {
        let span = value.span();
        let TyKind::Ptr { to: pointee, space: wanted_space, nullable } = self.cx.types.kind(to) else { return None };
        match self.cx.types.kind(value.ty()) {
            TyKind::Null => {
                let ty = self.cx.types.ptr(pointee, wanted_space, true);
                Some(Expr { kind: ExprKind::Const(Const::Null), ty, span })
            }
            TyKind::Ptr { space, nullable: may_be_null, .. } => {
                if !self.spaces_agree(space, wanted_space) {
                    self.refuse_spaces(span);
                    return Some(error_expr(span));
                }
                let ty = self.cx.types.ptr(pointee, space, nullable || may_be_null);
                Some(cast(value.expr, ty))
            }
            _ => {
                self.cx.types.as_int(value.ty())?;
                Some(self.unsupported(span, "converting a number to a pointer"))
            }
        }
    }
}
