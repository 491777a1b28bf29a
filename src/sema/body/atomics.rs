//! `fetch_add(place, n)` and the like: atomic operations that yield the old value.

use super::exprs::strip;
use super::value::local;
use super::variables::LocalKind;
use super::{Checker, State};
use crate::ast;
use crate::diag::codes::maps::{AtomicPlace, AtomicType};
use crate::sema::tree::{Callee, Expr, ExprKind};
use crate::source::Span;
use crate::tables::BuiltinSpec;
use crate::target::Maps;
use crate::types::{Space, Ty, TyKind};

impl Checker<'_, '_> {
    /// Checks a call of an atomic builtin: its first argument is the place.
    pub fn atomic(&mut self, builtin: &'static BuiltinSpec, args: &[ast::Arg], span: Span) -> Option<Expr> {
        let Some((place, values)) = args.split_first().filter(|_| args.len() == builtin.params.len()) else {
            self.takes(builtin.name, builtin.params.len()..=builtin.params.len(), args, span);
            return None;
        };
        for arg in args {
            self.refuse_name(arg, builtin.name);
        }
        let given = strip(&place.value);
        let address = if let ast::ExprKind::Unary { op: ast::UnaryOp::AddressOf, operand } = &given.kind {
            Some(strip(operand))
        } else {
            None
        };
        let written = address.unwrap_or(given);
        if self.map_entry(written).or_else(|| self.below_entry(written)).is_some() {
            let text = self.text(written.span).to_owned();
            self.error(written.span, AtomicPlace { what: format!("`{text}`") })
                .help("bind the entry first: `if (var v = m[k]) fetch_add(v, 1)`");
            return None;
        }
        let place = self.kept(written, |this| this.place(written));
        if self.cx.types.is_kept(place.ty) {
            if builtin.atomic == Some("exchange") && address.is_none() {
                return self.exchange_object(place, values, span);
            }
            self.check_args(values);
            self.refuse_kept_use(place.ty, place.span);
            return None;
        }
        if place.ty == Ty::ERROR || !self.is_shared(&place) {
            self.check_args(values);
            return None;
        }
        let ty = place.ty;
        // What computes with the old value has none to compute with.
        let is_pointer = !builtin.plain && self.pointer(ty).is_some_and(|of| of.space == Space::Arena);
        if !is_pointer && !matches!(self.cx.types.kind(ty), TyKind::Int { bits: 32 | 64, .. }) {
            let ty = self.ty_name(ty);
            self.error(place.span, AtomicType { ty }).help("a `u32`, `u64`, `i32` or `i64` can be updated atomically");
            return None;
        }
        if self.is_bit_field(&place) {
            self.check_args(values);
            let what = format!("`{}`", self.text(place.span));
            self.error(place.span, AtomicPlace { what })
                .help("a bit-field shares its bytes; put the integer beside it into a union, and update that");
            return None;
        }
        if self.least_align(&place) < self.cx.types.align_of(ty) {
            self.check_args(values);
            let what = format!("`{}`", self.text(place.span));
            self.error(place.span, AtomicPlace { what }).help("a field of a packed struct may lie in two cache lines");
            return None;
        }
        if address.is_some() {
            self.refuse_address(builtin, given.span, place.span, values);
            return None;
        }
        let mut checked = vec![place];
        checked.extend(values.iter().map(|value| self.coerced(&value.value, ty)));
        Some(Expr::operation(Callee::Builtin(builtin), checked, ty, span))
    }

    /// `fetch_add(&n, 1)`, as C has it.
    fn refuse_address(&mut self, builtin: &BuiltinSpec, address: Span, place: Span, values: &[ast::Arg]) {
        self.check_args(values);
        let (what, place) = (format!("`{}`", self.text(address)), self.text(place).to_owned());
        let values: String = values.iter().map(|value| format!(", {}", self.text(value.value.span))).collect();
        self.error(address, AtomicPlace { what })
            .help(format!("write the place itself: `{}({place}{values})`", builtin.name))
            .fix(address, place);
    }
}

impl State<'_, '_> {
    /// Whether others can see the place: a global, or in BPF code an entry or what a pointer points to. Reports if not.
    fn is_shared(&mut self, place: &Expr) -> bool {
        if let ExprKind::Field { base, .. } | ExprKind::Index { base, .. } = &place.kind {
            return self.is_shared(base);
        }
        let is_entry = local(place).is_some_and(|local| self.vars[local].kind == LocalKind::Entry);
        let in_bpf = is_entry || matches!(place.kind, ExprKind::Deref(_));
        if self.space_of(place) == Some(Space::Arena) {
            return true;
        }
        if self.is_sysctl(place) {
            let text = self.text(place.span).to_owned();
            self.error(place.span, AtomicPlace { what: format!("`{text}`") })
                .help("the kernel stores a setting, and others may write it between a read and a write");
            return false;
        }
        if matches!(place.kind, ExprKind::Global(_)) || (in_bpf && self.targets.all(|on| on.maps == Maps::InPlace)) {
            return true;
        }
        let text = self.text(place.span).to_owned();
        let error = self.error(place.span, AtomicPlace { what: format!("`{text}`") });
        if is_entry {
            error.help("user space has no entry at hand; a function that only BPF code calls is declared `@helper`");
        } else {
            error.help("it works on a global variable, and in BPF code on an entry of a map");
        }
        false
    }
}
