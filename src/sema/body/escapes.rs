//! Addresses of locals: they may not leave the function.
//!
//! The possible contents of each variable are computed for the whole body, since a loop can bring a value to a use that is before it in the
//! source. The checker collects assignments and exits while it checks the body, and follows them at its end.

use super::pointers::root_local;
use super::variables::LocalKind;
use super::{Site, State};
use crate::diag::codes::limits::EscapingAddress;
use crate::sema::tree::{Callee, Expr, ExprKind, LocalId};
use crate::source::Span;
use crate::types::{Ty, TyKind};
use std::collections::BTreeSet;

/// Sources and targets of addresses.
#[derive(Default)]
pub(super) struct Escapes {
    /// Another variable may hold what one holds.
    copies: Vec<(LocalId, LocalId)>,
    /// The contents of a variable leave the function here.
    exits: Vec<(LocalId, Span)>,
}

/// The sources of a value that may be or hold a pointer.
#[derive(Default)]
struct Sources {
    /// The address of a local itself.
    stack: bool,
    locals: BTreeSet<LocalId>,
}

impl State<'_, '_> {
    /// A value goes to where it outlives the function.
    pub fn refuse_escape(&mut self, value: &Expr) {
        let sources = self.sources(value);
        if sources.stack {
            self.report_escape(value.span);
            return;
        }
        self.escapes.exits.extend(sources.locals.into_iter().map(|local| (local, value.span)));
    }

    /// A variable, or a part of it, gets a value.
    pub fn note_held(&mut self, local: LocalId, value: &Expr) {
        let sources = self.sources(value);
        self.vars[local].holds_stack |= sources.stack;
        self.escapes.copies.extend(sources.locals.into_iter().map(|from| (from, local)));
    }

    /// A value goes to a place that is no variable of its own: a part of one, a global, or behind a pointer.
    pub fn note_stored(&mut self, place: &Expr, value: &Expr) {
        match root_local(place) {
            Some(local) if self.vars[local].kind != LocalKind::Entry => self.note_held(local, value),
            Some(_) => self.refuse_escape(value),
            None => match self.pointed_to_local(place) {
                Some(local) => self.note_held(local, value),
                None => self.refuse_escape(value),
            },
        }
    }

    /// The pointer variable behind which a place is, if that points to a local of this function.
    fn pointed_to_local(&self, place: &Expr) -> Option<LocalId> {
        if let ExprKind::Field { base, .. } | ExprKind::Index { base, .. } = &place.kind {
            return self.pointed_to_local(base);
        }
        let ExprKind::Deref(pointer) = &place.kind else { return None };
        let local = self.pointer_local(pointer)?;
        self.vars[local].holds_stack.then_some(local)
    }

    /// Reports the exits that the address of a local can reach. At the end of the body.
    pub fn check_escapes(&mut self) {
        let escapes = std::mem::take(&mut self.escapes);
        let mut changed = true;
        while changed {
            changed = false;
            for &(from, to) in &escapes.copies {
                if self.vars[from].holds_stack && !self.vars[to].holds_stack {
                    self.vars[to].holds_stack = true;
                    changed = true;
                }
            }
        }
        let mut reported = BTreeSet::new();
        for (local, span) in escapes.exits {
            if self.vars[local].holds_stack && reported.insert((span.lo, span.hi)) {
                self.report_escape(span);
            }
        }
    }

    fn sources(&self, value: &Expr) -> Sources {
        let mut sources = Sources::default();
        self.collect(value, &mut sources);
        sources
    }

    /// The sources of the address of a place.
    fn collect_address(&self, place: &Expr, sources: &mut Sources) {
        match root_local(place) {
            Some(local) if self.vars[local].kind != LocalKind::Entry => sources.stack = true,
            Some(_) => {}
            None => self.collect_base(place, sources),
        }
    }

    /// The sources of the pointers in an expression.
    fn collect(&self, expr: &Expr, sources: &mut Sources) {
        let holds_pointer = self.cx.types.holds_pointer(expr.ty);
        if let ExprKind::Cast(inner) | ExprKind::Fill(inner) = &expr.kind {
            self.collect(inner, sources);
        } else if let (ExprKind::Arith { left, .. }, Some(_)) = (&expr.kind, self.pointer(expr.ty)) {
            self.collect(left, sources);
        } else if let ExprKind::Operation { callee: Callee::Runtime(_), args } = &expr.kind {
            // A header in a packet.
            args.iter().for_each(|arg| self.collect(arg, sources));
        } else if let ExprKind::AddressOf(place) = &expr.kind {
            self.collect_address(place, sources);
        } else if let ExprKind::Struct { fields } = &expr.kind {
            fields.iter().for_each(|(_, value)| self.collect(value, sources));
        } else if let ExprKind::Array(elements) = &expr.kind {
            elements.iter().for_each(|value| self.collect(value, sources));
        } else if let Some(values) = expr.branches() {
            values.into_iter().for_each(|value| self.collect(value, sources));
        } else if let (ExprKind::Operation { callee: Callee::Func(_) | Callee::Pointer, args }, true) =
            (&expr.kind, holds_pointer)
        {
            let leading = args.iter().filter(|arg| !self.is_function(arg.ty) && self.leads_to(arg.ty, expr.ty));
            leading.for_each(|arg| self.collect(arg, sources));
        } else if holds_pointer {
            self.collect_base(expr, sources);
        }
    }

    /// The variable that a place is a part of, or the pointer that leads to it.
    fn collect_base(&self, place: &Expr, sources: &mut Sources) {
        if let ExprKind::Field { base, .. } | ExprKind::Index { base, .. } = &place.kind {
            self.collect_base(base, sources);
        } else if let ExprKind::Local(local) = &place.kind {
            sources.locals.insert(*local);
        } else if let ExprKind::Deref(pointer) = &place.kind {
            self.collect(pointer, sources);
        }
    }
}

impl Site<'_, '_> {
    fn report_escape(&mut self, span: Span) {
        self.error(span, EscapingAddress {})
            .help("store the value itself, or let the caller pass a pointer to a variable of its own");
    }

    /// Whether a function that takes the one can yield the other: a pointer to it or to something that it is a part of.
    fn leads_to(&self, argument: Ty, result: Ty) -> bool {
        let Some(argument) = self.pointer(argument) else { return self.cx.types.holds_pointer(argument) };
        let Some(result) = self.pointer(result) else { return true };
        result.to == Ty::U8 || self.has_part(argument.to, result.to)
    }

    fn has_part(&self, whole: Ty, part: Ty) -> bool {
        let types = &self.cx.types;
        if whole == part || whole == Ty::U8 || self.pointer(whole).is_some() {
            return true;
        }
        if let TyKind::Array(element, _) = types.kind(whole) {
            return self.has_part(element, part);
        }
        let TyKind::Struct(id) = types.kind(whole) else { return false };
        types.struct_def(id).fields.iter().any(|field| self.has_part(field.ty, part))
    }
}
