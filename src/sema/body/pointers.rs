//! Pointers: taking addresses, following them, and what may be null.

use super::exprs::strip;
use super::kinds::Pointer;
use super::places::is_place;
use super::scope::LocalKind;
use super::value::{error_expr, local, number};
use super::{Checker, Side};
use crate::ast;
use crate::diag::codes::limits::{EscapingAddress, MaybeNull, UncheckedNull};
use crate::diag::codes::maps::EntryAddress;
use crate::diag::codes::support::NotSupportedYet;
use crate::diag::codes::types::{NoAddress, NotAPointer};
use crate::sema::tree::{Expr, ExprKind, LocalId};
use crate::source::Span;
use crate::types::{Space, Ty, TyKind};

impl Checker<'_, '_> {
    /// `*p`
    pub fn deref(&mut self, operand: &ast::Expr, span: Span) -> Expr {
        let pointer = self.typed(operand, None);
        if pointer.ty == Ty::ERROR {
            return error_expr(span);
        }
        let Some(Pointer { to, .. }) = self.pointer(pointer.ty) else {
            let ty = self.ty_name(pointer.ty);
            self.error(pointer.span, NotAPointer { ty });
            return error_expr(span);
        };
        if self.context_spec(pointer.ty).is_some() {
            return self.unsupported(span, "a context as a whole");
        }
        if self.packet_end(operand).is_some() {
            return self.unsupported(span, "reading the packet without a check");
        }
        self.use_pointer(&pointer);
        Expr { kind: ExprKind::Deref(Box::new(pointer)), ty: to, span }
    }

    /// `&place`
    pub fn address_of(&mut self, operand: &ast::Expr, span: Span) -> Expr {
        if self.map_named(operand).is_some() {
            return self.unsupported(span, "the address of a map");
        }
        let place = self.typed(strip(operand), None);
        if place.ty == Ty::ERROR {
            return error_expr(span);
        }
        if matches!(place.kind, ExprKind::CtxField { .. }) || self.is_bit_field(&place) {
            return self.unsupported(span, "the address of a context's field or of a bit-field");
        }
        if !is_place(&place) {
            let what = format!("`{}`", self.text(place.span));
            self.error(place.span, NoAddress { what }).help("store it in a variable first");
            return error_expr(span);
        }
        if let ExprKind::Index { base, .. } = &place.kind
            && self.is_str(base.ty)
        {
            let what = "a character of a string".to_owned();
            self.error(place.span, NoAddress { what }).help("characters are read-only; an array of `u8` is not");
            return error_expr(span);
        }
        if has_variable_index(&place) {
            self.error(span, NotSupportedYet { what: "the address of an element with a variable index".into() })
                .help("pass the array and the index, or a copy of the element");
            return error_expr(span);
        }
        let Some(space) = self.space_of(&place) else { return error_expr(span) };
        if let Some(local) = local(&place) {
            self.info(local).address_taken = true;
        }
        let ty = self.cx.types.ptr(place.ty, space, false);
        Expr { kind: ExprKind::AddressOf(Box::new(place)), ty, span }
    }

    /// Where a place lies; none if it has no address, which was reported.
    fn space_of(&mut self, place: &Expr) -> Option<Space> {
        if let ExprKind::Field { base, .. } | ExprKind::Index { base, .. } = &place.kind {
            return self.space_of(base);
        }
        if let ExprKind::Deref(pointer) = &place.kind {
            return self.pointer(pointer.ty).map(|p| p.space);
        }
        let Some(local) = local(place) else { return Some(Space::Global) };
        if self.info(local).kind != LocalKind::Entry {
            return Some(Space::Stack);
        }
        if self.side != Side::Bpf {
            let name = self.locals[local.0 as usize].name.clone();
            self.error(place.span, EntryAddress { name: name.clone() })
                .help(format!("pass a copy: `var copy = {name}`, and write back what changed"));
            return None;
        }
        let percpu = self.info(local).map.is_some_and(|map| self.env.program.map(map).kind.percpu);
        Some(if percpu { Space::Percpu } else { Space::MapValue })
    }

    fn is_bit_field(&self, place: &Expr) -> bool {
        let ExprKind::Field { base, field } = &place.kind else { return false };
        let TyKind::Struct(id) = self.cx.types.kind(base.ty) else { return false };
        self.cx.types.struct_def(id).fields.get(*field).is_some_and(|field| field.bits.is_some())
    }

    /// A pointer is followed here, or goes where null may not.
    pub fn use_pointer(&mut self, pointer: &Expr) {
        if !self.may_be_null(pointer) {
            return;
        }
        let name = self.text(pointer.span).to_owned();
        let help = format!("test it before: `if ({name} == null) return …`, or `if (var p = {name}) {{ … }}`");
        if self.side == Side::Bpf {
            self.error(pointer.span, MaybeNull { name }).help(help);
        } else {
            self.warn(pointer.span, UncheckedNull { name }).help(help);
        }
        // Said once.
        if let Some(local) = self.pointer_local(pointer) {
            self.flow.not_null.insert(local);
        }
    }

    /// A pointer goes to where it outlives the function.
    pub fn refuse_escape(&mut self, value: &Expr) {
        if self.points_to_stack(value) {
            self.error(value.span, EscapingAddress {})
                .help("store the value itself, or let the caller pass a pointer to a variable of its own");
        }
    }

    pub fn points_to_stack(&self, value: &Expr) -> bool {
        if matches!(self.cx.types.kind(value.ty), TyKind::Ptr { space: Space::Stack, .. }) {
            return true;
        }
        if let ExprKind::Cast(inner) = &value.kind {
            return self.points_to_stack(inner);
        }
        local(value).is_some_and(|local| self.info[local.0 as usize].holds_stack)
    }

    /// A pointer variable that may hold the address of a local.
    pub fn note_stack(&mut self, local: LocalId, value: Option<&Expr>) {
        if value.is_some_and(|value| self.points_to_stack(value)) {
            self.info(local).holds_stack = true;
        }
    }

    /// Two kinds of memory in one pointer type: either is fine where it is left open.
    pub fn spaces_agree(&self, from: Space, to: Space) -> bool {
        let special = |space| matches!(space, Space::User | Space::Ctx);
        from == to || ((from == Space::Any || to == Space::Any) && !special(from) && !special(to))
    }

    pub fn refuse_spaces(&mut self, span: Span) {
        self.unsupported(span, "one pointer variable for several kinds of memory");
    }
}

fn has_variable_index(place: &Expr) -> bool {
    if let ExprKind::Index { base, index } = &place.kind {
        return number(index).is_none() || has_variable_index(base);
    }
    if let ExprKind::Field { base, .. } = &place.kind { has_variable_index(base) } else { false }
}
