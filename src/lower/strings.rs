//! Strings: conversions between sizes, joining, comparing, and the builtins that are ops.

use super::elements::is_behind_pointer;
use super::func::{Dest, Lowering, Slot};
use super::scan;
use crate::fold::{ArithOp, CompareOp};
use crate::ir::{Opcode, Value};
use crate::sema::tree::{Callee, Expr, ExprKind, GlobalId, LocalId};
use crate::source::Span;
use crate::tables::BuiltinSpec;
use crate::types::{Space, Ty, TyKind, Types};

/// The operands of a chain of `+`, in order: joining never cuts, so neither does a conversion of the result to more room.
pub(super) fn joined<'e>(types: &Types, expr: &'e Expr) -> Vec<&'e Expr> {
    let is_string = matches!(types.kind(expr.ty), TyKind::Str(_));
    if let ExprKind::Arith { op: ArithOp::Add, left, right } = &expr.kind
        && is_string
    {
        let mut parts = joined(types, left);
        parts.extend(joined(types, right));
        return parts;
    }
    if let ExprKind::Cast(inner) = &expr.kind
        && is_string
        && matches!(inner.kind, ExprKind::Arith { .. })
        && types.size_of(inner.ty) <= types.size_of(expr.ty)
    {
        return joined(types, inner);
    }
    vec![expr]
}

/// Memory that is apart from all other: what has different homes does not overlap. (Pointers to globals have none.)
#[derive(Clone, Copy, PartialEq)]
enum Home {
    Global(GlobalId),
    Config,
    Local(LocalId),
    /// An entry of some map.
    Entry,
}

impl Lowering<'_> {
    /// Whether a string that is made of texts can be made right where it goes: none of them is there.
    pub(super) fn is_text_from_elsewhere(&self, to: &Expr, value: &Expr) -> bool {
        let converted = if let ExprKind::Cast(inner) = &value.kind { inner } else { value };
        let parts = joined(&self.cx.types, converted);
        // A place of another type is another place.
        if parts.len() == 1 {
            return self.kernel_text_source(value).is_some()
                || !std::ptr::eq(converted, value) && (Self::is_place(converted) || is_behind_pointer(converted));
        }
        let target = self.home(to);
        parts.iter().all(|part| {
            let apart = matches!((target, self.home(part)), (Some(a), Some(b)) if a != b);
            matches!(part.kind, ExprKind::Const(_)) || Self::is_place(part) && apart
        })
    }

    /// Whether a string is made of nothing that the program has, a constant or the name of the task, and can be made right in a place:
    /// one that helpers may write, with words too.
    pub(super) fn is_text_from_nowhere(&self, place: Value, value: &Expr) -> bool {
        let named = |builtin: &BuiltinSpec| builtin.fills && builtin.of_task;
        let constant =
            matches!(value.kind, ExprKind::Const(_)) && matches!(self.cx.types.kind(value.ty), TyKind::Str(_));
        let from_nowhere = if let ExprKind::Operation { callee: Callee::Builtin(builtin), args } = &value.kind {
            named(builtin) && args.is_empty()
        } else {
            constant
        };
        from_nowhere && self.pointee(place).1.helpers_write()
    }

    /// The memory that a place is a part of, if the compiler knows it.
    fn home(&self, place: &Expr) -> Option<Home> {
        if let ExprKind::Field { base, .. } | ExprKind::Index { base, .. } = &place.kind {
            return self.home(base);
        }
        if let ExprKind::Global(global) = place.kind {
            return Some(Home::Global(global));
        }
        if let ExprKind::ConfigField { .. } = place.kind {
            return Some(Home::Config);
        }
        let ExprKind::Local(local) = place.kind else { return None };
        let Slot::Place(slot) = self.slot(local) else { return None };
        let space = self.pointee(slot).1;
        if space == Space::MapValue {
            return Some(Home::Entry);
        }
        (space == Space::Stack && !self.uses.addressed(local)).then_some(Home::Local(local))
    }

    /// Strings, arrays of characters and strings of the kernel as strings of another size.
    pub(super) fn convert_text(&mut self, from: &Expr, expr: &Expr, place: Value) {
        if joined(&self.cx.types, from).len() > 1 {
            return self.join(from, place);
        }
        if let TyKind::Ptr { .. } = self.cx.types.kind(from.ty) {
            return self.kernel_text(from, expr, place);
        }
        if is_behind_pointer(from) {
            return self.read_text(from, place, expr.span);
        }
        let source = self.place(from);
        self.at(expr.span).b.str_copy(place, source);
    }

    /// Text to be read: an array of characters as it is, without a copy that ends in a NUL.
    fn text(&mut self, expr: &Expr) -> Value {
        if let ExprKind::Cast(inner) = &expr.kind
            && let TyKind::Array(Ty::CHAR, length) = self.cx.types.kind(inner.ty)
            && length < self.cx.types.size_of(expr.ty)
        {
            return self.place(inner);
        }
        self.place(expr)
    }

    /// `a + b + …`, cut to what the place has room for.
    pub(super) fn join(&mut self, expr: &Expr, place: Value) {
        let parts = joined(&self.cx.types, expr);
        let Some((first, rest)) = parts.split_first() else { return };
        let source = self.text(first);
        self.at(expr.span);
        if self.pointee(source).0 == self.pointee(place).0 {
            self.b.ks_copy(place, source);
        } else {
            self.b.str_copy(place, source);
        }
        let mut end = self.b.str_len(place, Ty::U64);
        for part in rest {
            let source = self.text(part);
            end = self.at(expr.span).b.str_append(place, end, source, Ty::U64);
        }
    }

    /// `place += value`
    pub(super) fn append(&mut self, to: &Expr, value: &Expr, span: Span) {
        let path = self.path(to);
        let apart = match (self.home(to), self.home(value)) {
            (Some(to), Some(from)) => to != from,
            (Some(_) | None, _) => !Self::is_place(value),
        };
        // The appended string is not read from where it goes.
        let source = if apart { self.text(value) } else { self.materialise(value) };
        self.with_path(
            &path,
            Dest::Nothing,
            &mut |this, place| {
                let end = this.at(span).b.str_len(place, Ty::U64);
                this.b.str_append(place, end, source, Ty::U64);
                None
            },
            &mut |_| None,
        );
    }

    /// Appends a string to one in a place that the function alone sees.
    pub(super) fn append_to(&mut self, place: Value, value: &Expr, span: Span) {
        let source = if Self::is_place(value) { self.text(value) } else { self.materialise(value) };
        let end = self.at(span).b.str_len(place, Ty::U64);
        self.b.str_append(place, end, source, Ty::U64);
    }

    /// `==`, `!=`
    pub(super) fn compare_strings(&mut self, op: CompareOp, left: &Expr, right: &Expr, span: Span) -> Value {
        let keeps = matches!(left.kind, ExprKind::Cast(_)) || Self::is_place(left);
        // The right side must not change the left one.
        let before = if scan::may_write(right) && keeps { self.materialise(left) } else { self.text(left) };
        let after = self.text(right);
        let equal = self.at(span).b.str_eq(before, after, Ty::BOOL);
        if op == CompareOp::Eq { equal } else { self.invert(equal, Ty::BOOL) }
    }

    /// A builtin that is an op, which takes strings as places.
    pub(super) fn builtin_op(&mut self, opcode: Opcode, args: &[Expr], result: Ty, span: Span) -> Value {
        let mut operands = Vec::new();
        for (index, arg) in args.iter().enumerate() {
            let changes = args[index + 1..].iter().any(scan::may_write);
            let is_text = self.cx.types.is_aggregate(arg.ty);
            let is_stored = matches!(arg.kind, ExprKind::Cast(_)) || Self::is_place(arg);
            operands.push(match (is_text, changes && is_stored) {
                (true, true) => self.materialise(arg),
                (true, false) => self.text(arg),
                (false, _) => self.scalar(arg),
            });
        }
        self.at(span);
        let op = self.b.insert(opcode, operands, Vec::new(), &[result], Vec::new(), Vec::new());
        self.b.result(op)
    }
}
