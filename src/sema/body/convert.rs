//! Implicit conversions to an expected type.

use super::value::{Value, cast, error_expr, int_expr, number};
use super::{Site, State, ranges};
use crate::diag::codes::types::{MismatchedTypes, NeverFits, ProductWraps};
use crate::fold;
use crate::sema::tree::{ArithOp, Callee, Const, Expr, ExprKind};
use crate::sema::{consts, enums};
use crate::source::Span;
use crate::types::{Space, Ty, TyKind};

impl State<'_, '_> {
    /// The value as one of type `wanted`. A value that does not fit is reported, and is then of type `Ty::ERROR`.
    pub fn coerce(&mut self, value: Value, wanted: Ty) -> Expr {
        let is_number = self.cx.types.as_int(wanted).is_some() || matches!(wanted, Ty::BOOL | Ty::F64);
        let value = if is_number { self.as_number(value) } else { value };
        let span = value.span();
        let found = value.ty();
        if found == Ty::ERROR || wanted == Ty::ERROR {
            return error_expr(span);
        }
        if wanted == Ty::BYTES {
            return self.view_of(value);
        }
        if self.pointer(wanted).is_some() && self.is_packet_end(&value.expr) {
            self.refuse_position(span);
            return error_expr(span);
        }
        if found == wanted && !value.untyped {
            return self.record_text(value.expr, wanted);
        }
        match (self.cx.types.kind(found), self.cx.types.kind(wanted)) {
            (TyKind::Void, _) => self.no_void(value.expr),
            (TyKind::Bytes, _) if self.is_packet(wanted) => self.packet_of_view(value.expr),
            (TyKind::Null, TyKind::Ptr { nullable: true, .. } | TyKind::Fn(_)) => {
                Expr { kind: ExprKind::Const(Const::Null), ty: wanted, span }
            }
            (_, TyKind::F64) if value.untyped && number(&value.expr).is_some() => {
                self.float_literal(number(&value.expr).unwrap_or_default(), span)
            }
            (TyKind::Ptr { .. }, TyKind::Ptr { .. }) => self.coerce_pointer(value.expr, wanted),
            (TyKind::Str(_), TyKind::Str(size)) => self.coerce_string(value.expr, size, wanted),
            (TyKind::Str(_), TyKind::Array(Ty::U8 | Ty::CHAR, length)) => self.coerce_bytes(value.expr, length, wanted),
            (TyKind::Array(Ty::CHAR, _), TyKind::Str(_)) => self.record_text(value.expr, wanted),
            (TyKind::Ptr { .. }, TyKind::Str(_)) if self.is_kernel_text(found) => cast(value.expr, wanted),
            (TyKind::Ptr { .. }, TyKind::Str(_)) if self.is_c_text(found) => self.c_text(value.expr, wanted),
            (TyKind::Handle(_), TyKind::Handle(None)) => cast(value.expr, wanted),
            (TyKind::Link, _) if self.cx.types.as_int(wanted).is_some() => cast(cast(value.expr, Ty::I32), wanted),
            (TyKind::Be { .. }, TyKind::Be { .. }) => self.byte_order(value, wanted),
            (TyKind::Be { .. }, _) if self.cx.types.as_int(wanted).is_some() => self.byte_order(value, wanted),
            (_, TyKind::Be { .. }) if self.cx.types.as_int(found).is_some() => match number(&value.expr) {
                Some(number) => {
                    self.warn_swapped(number, wanted, span);
                    int_expr(consts::fit(self.cx, span, number, wanted), wanted, span)
                }
                None => self.byte_order(value, wanted),
            },
            _ => match (self.cx.types.as_int(found), self.cx.types.as_int(wanted)) {
                (Some(_), Some(_)) if self.refuse_enum(&value.expr, wanted) => error_expr(span),
                (Some(_), Some(to)) => self.coerce_int(value.expr, wanted, to),
                (Some(_) | None, Some(_) | None) => {
                    self.mismatch(span, found, wanted);
                    error_expr(span)
                }
            },
        }
    }

    /// Whether a value is of an enum where another enum is asked for, which is reported.
    pub fn refuse_enum(&mut self, value: &Expr, wanted: Ty) -> bool {
        let refused = enums::differ(&self.cx.types, value.ty, wanted);
        if refused {
            let wanted_by = self.wanted_by.clone();
            let error = enums::refuse(self.cx, value.span, (value.ty, number(value)), wanted);
            if let Some(wanted_by) = wanted_by {
                error.remark(wanted_by);
            }
        }
        refused
    }

    fn coerce_int(&mut self, value: Expr, wanted: Ty, (bits, _): (u8, bool)) -> Expr {
        let span = value.span;
        if let Some(number) = number(&value) {
            return int_expr(consts::fit(self.cx, span, number, wanted), wanted, span);
        }
        self.warn_never_fits(&value, wanted, span, |this| this.cast_text(span));
        self.warn_product(&value, wanted, bits);
        cast(value, wanted)
    }

    /// An integer that goes where none of its values can be kept; `text` writes it as what a conversion takes.
    pub fn warn_never_fits(&mut self, value: &Expr, wanted: Ty, span: Span, text: impl FnOnce(&Self) -> String) {
        let Some((bits, signed)) = self.cx.types.as_int(wanted) else { return };
        if self.cx.types.as_int(value.ty).is_none() {
            return;
        }
        let ((low, high), (least, most)) = (self.known_range(value), fold::range(bits, signed));
        if high < least || low > most {
            let (range, ty) = (format!("{low} to {high}"), self.ty_name(wanted));
            let help = format!("`{} as {ty}` says that it is meant", text(self));
            self.warn(span, NeverFits { range, ty }).help(help);
        }
    }

    /// `u64 = u32 * u32` computes in 32 bits, and so does `u64 = u32 * u32 + 1`.
    fn warn_product(&mut self, value: &Expr, wanted: Ty, bits: u8) {
        let Some((narrow, _)) = self.cx.types.as_int(value.ty) else { return };
        if narrow >= bits {
            return;
        }
        let Some((span, left)) = self.wrapping_product(value) else { return };
        let (narrow, wide) = (self.ty_name(value.ty), self.ty_name(wanted));
        let help = format!("to compute in {bits} bits convert an operand: `{} as {wide}`", self.cast_text(left));
        self.warn(span, ProductWraps { narrow, wide }).help(help);
    }

    /// The first innermost product that can be larger than its type, of those that go into a value in this type; and its
    /// left side.
    fn wrapping_product(&self, value: &Expr) -> Option<(Span, Span)> {
        if let ExprKind::Arith { op, left, right } = &value.kind {
            if !matches!(op, ArithOp::Add | ArithOp::Sub | ArithOp::Mul | ArithOp::Div) {
                return None;
            }
            let inside = self.wrapping_product(left).or_else(|| self.wrapping_product(right));
            let is_own = || *op == ArithOp::Mul && self.may_wrap(value.ty, left, right);
            return inside.or_else(|| is_own().then_some((value.span, left.span)));
        }
        if let ExprKind::Neg(inner) | ExprKind::BitNot(inner) = &value.kind {
            return self.wrapping_product(inner);
        }
        value.branches()?.into_iter().find_map(|value| self.wrapping_product(value))
    }

    fn may_wrap(&self, ty: Ty, left: &Expr, right: &Expr) -> bool {
        let Some((bits, signed)) = self.cx.types.as_int(ty) else { return false };
        let product = ranges::product(self.known_range(left), self.known_range(right));
        product.is_none_or(|(low, high)| !fold::fits(low, bits, signed) || !fold::fits(high, bits, signed))
    }

    fn coerce_pointer(&mut self, value: Expr, wanted: Ty) -> Expr {
        let span = value.span;
        let (
            TyKind::Ptr { to: from_to, space: from_space, .. },
            TyKind::Ptr { to: wanted_to, space: wanted_space, nullable },
        ) = (self.cx.types.kind(value.ty), self.cx.types.kind(wanted))
        else {
            return error_expr(span);
        };
        if from_space == Space::Ctx && self.cx.types.is_any_context(wanted) {
            return cast(self.not_null(value), wanted);
        }
        if from_to != wanted_to && from_to != Ty::U8 && wanted_to != Ty::U8 {
            self.mismatch(span, value.ty, wanted);
            return error_expr(span);
        }
        let trusted = (from_space, wanted_space) == (Space::BtfUntrusted, Space::BtfTrusted) && self.trust(&value);
        if !trusted && (from_space, wanted_space) == (Space::BtfUntrusted, Space::BtfTrusted) {
            self.refuse_object(&value);
            return error_expr(span);
        }
        if !trusted && !self.spaces_agree(from_space, wanted_space) {
            self.refuse_spaces(span, from_space, wanted_space);
            return error_expr(span);
        }
        if !nullable {
            self.use_object(&value);
        }
        cast(value, wanted)
    }

    /// A string literal as an array of bytes; the rest of the array is zero.
    fn coerce_bytes(&mut self, value: Expr, length: u64, wanted: Ty) -> Expr {
        let span = value.span;
        let ExprKind::Const(Const::Str(bytes)) = &value.kind else {
            self.mismatch(span, value.ty, wanted);
            return error_expr(span);
        };
        if bytes.len() as u64 > length {
            consts::warn_cut(self.cx, span, bytes, length as usize, wanted);
        }
        let given = bytes.iter().map(|&byte| Const::Int(i128::from(byte)));
        let elements = given.chain(std::iter::repeat(Const::Int(0))).take(length as usize).collect();
        Expr { kind: ExprKind::Const(Const::Array(elements)), ty: wanted, span }
    }

    /// Between host and network order, or two widths of that, only `as` converts.
    fn byte_order(&mut self, value: Value, wanted: Ty) -> Expr {
        let span = value.span();
        let (text, found, name) = (self.cast_text(span), self.ty_name(value.ty()), self.ty_name(wanted));
        let help = match (self.cx.types.kind(value.ty()), self.cx.types.kind(wanted)) {
            (TyKind::Be { bits }, TyKind::Be { .. }) => format!("`{text} as u{bits} as {name}`"),
            (TyKind::Be { bits }, _) => format!("`{text} as u{bits}` is the number in host order"),
            _ => format!("`{text} as {name}` swaps the bytes"),
        };
        // `x as u32` where `x` itself is wanted.
        let uncast = self.uncast(&value.expr, wanted);
        let wanted_by = self.wanted_by.clone();
        let error = self.error(span, MismatchedTypes { wanted: format!("`{name}`"), found: format!("`{found}`") });
        if let Some(uncast) = uncast {
            error.help(format!("leave out the conversion: `{uncast}` is a `{name}`")).fix(span, uncast);
        } else {
            error.help(help);
        }
        if let Some(wanted_by) = wanted_by {
            error.remark(wanted_by);
        }
        error_expr(span)
    }
}

impl Site<'_, '_> {
    /// A string that is too long is cut off; of a literal that is reported.
    fn coerce_string(&mut self, value: Expr, size: u32, wanted: Ty) -> Expr {
        let span = value.span;
        let room = size.saturating_sub(1) as usize;
        if let ExprKind::Const(Const::Str(mut bytes)) = value.kind {
            if bytes.len() > room {
                consts::warn_cut(self.cx, span, &bytes, room, wanted);
                bytes.truncate(room);
            }
            return Expr { kind: ExprKind::Const(Const::Str(bytes)), ty: wanted, span };
        }
        // These make a string of the size that is asked for.
        if let ExprKind::KernelText(_) | ExprKind::Operation { callee: Callee::Format(_), .. } = value.kind {
            return Expr { ty: wanted, ..value };
        }
        cast(value, wanted)
    }

    /// The text of what a conversion converts, if that has this type.
    fn uncast(&self, value: &Expr, ty: Ty) -> Option<String> {
        let ExprKind::Cast(inner) = &value.kind else { return None };
        let plain = || self.text(value.span).starts_with(self.text(inner.span));
        (inner.ty == ty && plain()).then(|| self.text(inner.span).to_owned())
    }
}
