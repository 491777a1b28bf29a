//! `e as T`

use super::exprs::strip;
use super::type_kinds::Pointer;
use super::value::{Value, cast, error_expr, int_expr, number, truth};
use super::{Checker, Site, State};
use crate::ast;
use crate::diag::codes::refused::{LongerThanTested, NumberAsPointer};
use crate::diag::codes::types::MismatchedTypes;
use crate::diag::codes::types::{BadCast, ByteOrderMix};
use crate::fold;
use crate::sema::kernel_types;
use crate::sema::predefined::flavour_of;
use crate::sema::tree::{Const, Expr, ExprKind, Role};
use crate::source::Span;
use crate::tables::{PROGRAMS, Params, ProgramSpec, struct_ops};
use crate::types::{Space, Ty, TyKind};

/// `&place`; the type that it is converted to decides whether the place must be aligned.
fn is_address(expr: &ast::Expr) -> bool {
    matches!(strip(expr).kind, ast::ExprKind::Unary { op: ast::UnaryOp::AddressOf, .. })
}

impl Checker<'_, '_> {
    /// Checks `operand as ty`. A cast of an address inside the packet is an access to the packet.
    pub fn cast_expr(&mut self, operand: &ast::Expr, ty: &ast::Type, span: Span) -> Expr {
        if let Some(header) = self.packet_cast(operand, ty, span) {
            return header.map_or_else(|| error_expr(span), |header| self.packet_pointer(header));
        }
        let to = self.resolve_bare(ty);
        let value = self.value(operand, Some(to).filter(|_| is_address(operand)));
        let value = Value { untyped: value.untyped, expr: self.no_void(value.expr) };
        if to == Ty::ERROR || value.is_error() {
            return error_expr(span);
        }
        let value = self.link_status(value);
        let from = value.ty();
        if from == to && !value.untyped {
            return value.expr;
        }
        let converted = if to == Ty::F64 {
            self.cast_to_float(value)
        } else if from == Ty::F64 {
            self.cast_from_float(value.expr, to)
        } else if to == Ty::BOOL {
            self.cast_to_bool(value)
        } else if let Some(bits) = self.be_bits(to) {
            self.cast_to_be(value, bits, to)
        } else if let Some(pointer) = self.pointer(to) {
            self.cast_to_pointer(value, pointer)
        } else if self.cx.types.as_int(to).is_some() {
            self.cast_to_int(value, to)
        } else if self.is_str(to) && self.is_c_text(from) {
            Some(self.c_text(value.expr, to))
        } else if self.is_str(to) && (self.is_str(from) || self.is_chars(from) || self.is_kernel_text(from)) {
            Some(self.cast_to_string(value, to))
        } else {
            None
        };
        match converted {
            Some(expr) => Expr { span, ..expr },
            None => {
                let is_text =
                    self.is_str(to) && self.pointer(from).is_some_and(|of| [Ty::CHAR, Ty::U8].contains(&of.to));
                let (from, to) = (self.ty_name(from), self.ty_name(to));
                let error = self.error(span, BadCast { from, to });
                if is_text {
                    error.help("text in the memory of a process is read through a pointer of the type `*user char`");
                }
                error_expr(span)
            }
        }
    }
}

impl State<'_, '_> {
    /// Cut or filled with zeros; always terminated.
    fn cast_to_string(&mut self, value: Value, to: Ty) -> Expr {
        let literal = matches!(value.expr.kind, ExprKind::Const(Const::Str(_)));
        if literal { self.coerce(value, to) } else { self.record_text(value.expr, to) }
    }
}

impl Site<'_, '_> {
    fn cast_to_bool(&mut self, value: Value) -> Option<Expr> {
        let is_number = self.cx.types.as_int(value.ty()).is_some();
        let is_other = matches!(self.cx.types.kind(value.ty()), TyKind::Be { .. } | TyKind::Ptr { .. });
        (is_number || is_other).then(|| self.truth_of(value))
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
        if let Some(bits) = self.be_bits(value.ty()) {
            let host = self.cx.types.int(bits, false);
            return Some(cast(cast(value.expr, host), to));
        }
        if self.pointer(value.ty()).is_some() {
            return Some(cast(cast(value.expr, Ty::U64), to));
        }
        let converts = value.ty() == Ty::BOOL || self.cx.types.as_int(value.ty()).is_some();
        converts.then(|| cast(value.expr, to))
    }

    /// Through the unsigned integer of the width, then swapped.
    fn cast_to_be(&mut self, value: Value, bits: u8, to: Ty) -> Option<Expr> {
        let span = value.span();
        if let Some(from) = self.be_bits(value.ty()) {
            let (left, right) = (self.ty_name(value.ty()), self.ty_name(to));
            let text = self.cast_text(span);
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

    fn cast_to_pointer(&mut self, value: Value, to: Pointer) -> Option<Expr> {
        let span = value.span();
        if value.ty() == Ty::NULL {
            let ty = self.cx.types.ptr(to.to, to.space, true);
            return Some(Expr { kind: ExprKind::Const(Const::Null), ty, span });
        }
        let Some(from) = self.pointer(value.ty()) else {
            self.cx.types.as_int(value.ty())?;
            if let Some(ty) = self.kernel_registers(to) {
                let of = kernel_types::required(self.cx, &ty, span)?;
                let ty = self.cx.types.ptr(of, Space::BtfUntrusted, true);
                return Some(cast(cast(value.expr, Ty::U64), ty));
            }
            if matches!(to.space, Space::Ctx | Space::BtfTrusted) {
                let what = if to.space == Space::Ctx { "a context" } else { "an object of the kernel" };
                self.error(span, NumberAsPointer { what: what.into() })
                    .help("declare a parameter for it: the kernel hands it to the program");
                return Some(error_expr(span));
            }
            // The verifier knows nothing of the address, so BPF code reads what is there as any memory of the kernel.
            let probes = to.space == Space::Any && self.targets.all(|on| on.verified);
            let space = if probes { Space::BtfUntrusted } else { to.space };
            let ty = self.cx.types.ptr(to.to, space, true);
            return Some(cast(cast(value.expr, Ty::U64), ty));
        };
        // Memory of the kernel as numbers.
        let as_numbers = from.space != Space::User && self.is_kernel_memory(from) && to.space == Space::Any;
        if !as_numbers && !self.spaces_agree(from.space, to.space) {
            self.refuse_spaces(span, from.space, to.space);
            return Some(error_expr(span));
        }
        if self.is_other_context(value.ty(), to) {
            let wanted = self.cx.types.ptr(to.to, to.space, false);
            let (found, name) = (self.ty_name(value.ty()), self.ty_name(wanted));
            let help = self.own_context_help(value.ty(), wanted).unwrap_or_default();
            self.error(span, MismatchedTypes { wanted: format!("`{name}`"), found: format!("`{found}`") }).help(help);
            return Some(error_expr(span));
        }
        let larger = self.cx.types.size_of(to.to) > self.cx.types.size_of(from.to);
        if from.space == Space::Packet && from.to != Ty::U8 && larger {
            let (tested, wanted) = (self.ty_name(from.to), self.ty_name(to.to));
            self.error(span, LongerThanTested { wanted: wanted.clone(), tested })
                .help(format!("`ctx.packet(offset, {wanted})` tests for all of it"));
            return Some(error_expr(span));
        }
        if from.space == Space::Packet && from.to != to.to {
            self.warn_padding(to.to, span);
        }
        let space = if self.is_known_as(from, to.to) { from.space } else { Space::BtfUntrusted };
        let ty = self.cx.types.ptr(to.to, space, to.nullable || from.nullable);
        Some(cast(value.expr, ty))
    }

    /// The name of the struct of registers that is the context of probes: the kernel has others of it in memory.
    fn kernel_registers(&self, to: Pointer) -> Option<String> {
        let name = self.cx.types.name(to.to);
        let is_it = |spec: &ProgramSpec| matches!(spec.params, Params::Registers { of, .. } if of == name);
        (to.space == Space::Ctx && PROGRAMS.iter().any(is_it)).then_some(name)
    }

    /// Whether what is known of a pointer holds as a pointer to this type: the verifier knows a kernel object as the type that
    /// it is, and as those that it begins with.
    fn is_known_as(&mut self, from: Pointer, to: Ty) -> bool {
        from.space != Space::BtfTrusted
            || from.to == to
            || self.is_flavour_of(to, from.to)
            || self.cx.kernel_types.begins_with(&self.cx.types, from.to, to)
            || self.is_promoted_to(from.to, to)
    }

    /// Whether the verifier takes a parameter of the first type for a larger object that begins with the second.
    fn is_promoted_to(&mut self, from: Ty, to: Ty) -> bool {
        let Role::Program(role) = &self.env.program.func(self.func).role else { return false };
        let spec = role.member().and_then(|(of, _)| struct_ops(of));
        let Some((first, whole)) = spec.and_then(|spec| spec.promoted) else { return false };
        if self.struct_id(from).is_none_or(|id| self.cx.types.struct_def(id).name != first) {
            return false;
        }
        let Some(Ok(whole)) = self.cx.kernel_types.named(&mut self.cx.types, whole) else { return false };
        whole == to || self.cx.kernel_types.begins_with(&self.cx.types, whole, to)
    }

    /// Whether the types are the same struct of the kernel, one by a flavour of its name.
    fn is_flavour_of(&self, flavour: Ty, of: Ty) -> bool {
        let named = |ty: Ty| self.struct_id(ty).map(|id| self.cx.types.struct_def(id).name.as_str());
        let plain = |name: &'_ str| flavour_of(name).unwrap_or(name).to_owned();
        self.cx.types.is_relocated(flavour)
            && self.cx.types.is_relocated(of)
            && named(flavour).map(plain) == named(of).map(plain)
    }
}
