//! Conditions: bools, and `if (var …)`.

use super::value::{Value, bool_expr, cast, number};
use super::variables::{LocalKind, Variables};
use super::{Checker, Site, State};
use crate::ast;
use crate::diag::codes::types::NotACondition;
use crate::sema::tree::{Binding, Condition, Expr, ExprKind, OptionalKind};
use crate::sema::trusted;
use crate::types::{Space, Ty, TyKind};

impl Checker<'_, '_> {
    /// Bindings go into the innermost scope, which the caller has made for them.
    pub fn condition(&mut self, condition: &ast::Condition) -> Condition {
        match condition {
            ast::Condition::Expr(expr) => Condition::Expr(self.truth(expr)),
            ast::Condition::Bindings(bindings) => {
                Condition::Bindings(bindings.iter().filter_map(|binding| self.binding(binding)).collect())
            }
        }
    }

    fn binding(&mut self, binding: &ast::Binding) -> Option<Binding> {
        let source = self.optional(&binding.value);
        self.bind_optional(&binding.name, binding.ty.as_ref(), source)
    }

    /// An expression where a bool is asked for.
    pub fn truth(&mut self, expr: &ast::Expr) -> Expr {
        let value = self.value(expr, Some(Ty::BOOL));
        let value = self.as_number(value);
        self.truth_of(value)
    }
}

impl State<'_, '_> {
    /// Declares what is bound to an optional. After an error the name is still known.
    pub fn bind_optional(
        &mut self,
        name: &ast::Ident,
        ty: Option<&ast::Type>,
        source: Option<crate::sema::tree::Optional>,
    ) -> Option<Binding> {
        let declared = ty.map(|ty| self.resolve_local(ty));
        let Some(mut source) = source else {
            self.declare(&name.name, declared.unwrap_or(Ty::ERROR), name.span, LocalKind::Tested);
            self.vars.mark_read(&name.name);
            return None;
        };
        if let (Some(declared), Some(ty)) = (declared, ty)
            && !self.same_but_null(declared, source.ty)
        {
            self.mismatch(ty.span, source.ty, declared);
        }
        if let OptionalKind::Pointer(pointer) = source.kind {
            let pointer = self.first_held(name.span, pointer);
            let is_kernel = |space| matches!(space, Space::BtfTrusted | Space::BtfUntrusted);
            let spaces = [pointer.ty, source.ty].map(|ty| self.pointer(ty).map(|of| of.space));
            if let [Some(held), Some(declared)] = spaces
                && is_kernel(held)
                && is_kernel(declared)
            {
                source.ty = trusted::within(&mut self.cx.types, source.ty, held);
            }
            source.kind = OptionalKind::Pointer(pointer);
        }
        let kind = match source.kind {
            OptionalKind::MapEntry { .. } | OptionalKind::MapEntryOr { .. } => LocalKind::Entry,
            OptionalKind::InnerMap { .. } => LocalKind::InnerMap,
            OptionalKind::MapTake { .. } | OptionalKind::View(_) | OptionalKind::Builtin { .. } => LocalKind::Var,
            OptionalKind::Record { .. }
            | OptionalKind::Packet { .. }
            | OptionalKind::Meta { .. }
            | OptionalKind::Pointer(_) => LocalKind::Tested,
        };
        let local = self.declare(&name.name, source.ty, name.span, kind);
        if let OptionalKind::MapEntry { map, .. } | OptionalKind::MapEntryOr { map, .. } = &source.kind {
            self.vars[local].map = Some(*map);
        }
        if let OptionalKind::InnerMap { bound, .. } = &source.kind {
            self.vars[local].map = Some(*bound);
            self.vars[local].read = true;
        }
        if let OptionalKind::MapEntry { key, .. } | OptionalKind::MapEntryOr { key, .. } = &source.kind {
            let key = self.vars.stable_key(key);
            self.vars[local].key = key;
        }
        if let OptionalKind::Pointer(pointer) = &source.kind {
            self.note_held(local, pointer);
        }
        if let OptionalKind::Record { tail: Some(_), .. } = &source.kind {
            self.vars[local].has_tail = true;
        }
        if let OptionalKind::View(view) = &source.kind {
            self.vars.note_view(local, view);
        }
        Some(Binding { local, source })
    }
}

impl Site<'_, '_> {
    /// A declared `*T` and the pointer that was tested differ in being null and in their space.
    fn same_but_null(&self, declared: Ty, found: Ty) -> bool {
        if declared == found || declared == Ty::ERROR || found == Ty::ERROR {
            return true;
        }
        match (self.cx.types.kind(declared), self.cx.types.kind(found)) {
            (TyKind::Ptr { to: declared, .. }, TyKind::Ptr { to: found, .. }) => declared == found,
            _ => false,
        }
    }

    /// The value as a bool: true if it is not zero, empty or null. Values of other types are reported.
    pub fn truth_of(&mut self, value: Value) -> Expr {
        let expr = self.no_void(value.expr);
        let span = expr.span;
        let kind = self.cx.types.kind(expr.ty);
        if let TyKind::Bool | TyKind::Error = kind {
            return expr;
        }
        let is_number = matches!(kind, TyKind::Int { .. } | TyKind::Be { .. } | TyKind::Char | TyKind::Enum(_));
        if let Some(number) = number(&expr).filter(|_| is_number) {
            return bool_expr(number != 0, span);
        }
        if let (TyKind::Str(_), Some(text)) = (kind, super::strings::constant(&expr)) {
            return bool_expr(!text.is_empty(), span);
        }
        if is_number || matches!(kind, TyKind::Str(_) | TyKind::Ptr { .. } | TyKind::Fn(_)) {
            return cast(expr, Ty::BOOL);
        }
        if kind != TyKind::Null {
            self.no_condition(&expr);
        }
        bool_expr(false, span)
    }

    fn no_condition(&mut self, expr: &Expr) {
        let (ty, text) = (self.ty_name(expr.ty), self.text(expr.span).to_owned());
        let error = self.error(expr.span, NotACondition { ty });
        if expr.ty == Ty::F64 {
            error.help(format!("`{text} != 0.0` is a bool"));
        } else if let ExprKind::MapGet { .. } = expr.kind {
            error.help(format!("`{text} != null` tests whether the entry is there"));
        } else if expr.ty == Ty::LINK {
            error.help(format!("`{text} == 0` tests whether it was attached"));
        }
    }
}

impl Variables {
    pub(super) fn mark_read(&mut self, name: &str) {
        if let Some(local) = self.local_of(name) {
            self[local].read = true;
        }
    }
}
