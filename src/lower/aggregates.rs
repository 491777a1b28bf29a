//! Structs, arrays and strings: evaluated into places, never values.

use super::elements::{is_behind_pointer, is_part_of_entry, may_be_absent};
use super::func::{Dest, Lowering, Slot};
use super::{consts, scan};
use crate::ir::Value;
use crate::sema::tree::{Callee, Const, Expr, ExprKind};
use crate::source::Span;
use crate::types::{Space, Ty, Types};

/// Whether there are bytes between or after the fields, or may be bits, which a write of a bit-field keeps.
fn has_padding(types: &Types, ty: Ty) -> bool {
    let mut end = 0;
    for field in consts::fields(types, ty) {
        if field.offset > end || field.bits.is_some_and(|bits| !bits.wire) {
            return true;
        }
        end = end.max(field.offset + types.size_of(field.stored()));
    }
    end < types.size_of(ty)
}

/// The constant that a literal of constants is.
pub(super) fn as_constant(types: &Types, expr: &Expr) -> Option<Const> {
    if let ExprKind::Const(value) = &expr.kind {
        return Some(value.clone());
    }
    if let ExprKind::Array(elements) = &expr.kind {
        return elements.iter().map(|e| as_constant(types, e)).collect::<Option<Vec<_>>>().map(Const::Array);
    }
    let ExprKind::Struct { fields } = &expr.kind else { return None };
    let mut values = vec![Const::Zero; consts::fields(types, expr.ty).len()];
    for (index, value) in fields {
        values[*index] = as_constant(types, value)?;
    }
    Some(Const::Struct(values))
}

impl Lowering<'_> {
    /// Evaluates an aggregate into a place that nothing else sees meanwhile.
    pub(super) fn aggregate(&mut self, expr: &Expr, place: Value) {
        if let Some(value) = as_constant(&self.cx.types, expr) {
            return self.at(expr.span).store_constant(&value, expr.ty, place);
        }
        if let ExprKind::Struct { fields } = &expr.kind {
            self.struct_literal(expr, fields, place);
        } else if let ExprKind::Array(elements) = &expr.kind {
            for (index, element) in elements.iter().enumerate() {
                let part = self.at(element.span).element_place(place, index);
                self.write(element, part);
            }
        } else if let ExprKind::Fill(value) = &expr.kind {
            self.fill(value, expr.ty, place);
        } else if may_be_absent(expr) || is_part_of_entry(expr) {
            self.read_checked(expr, Dest::Into(place));
        } else if let ExprKind::ViewRead { view, offset } = &expr.kind {
            self.read_into(view, offset, place, expr.span);
        } else if let ExprKind::Operation { callee, args } = &expr.kind {
            self.made_by(callee, args, expr, place);
        } else if let ExprKind::KernelText(address) = &expr.kind {
            self.kernel_text(address, expr, place);
        } else if let ExprKind::PerCpu { map, key, cpu } = &expr.kind {
            self.percpu_value(*map, key, cpu.as_deref(), place, expr.span);
        } else if let ExprKind::MapGet { map, key } = &expr.kind {
            self.copy_entry(*map, key, place, expr.span);
        } else if let ExprKind::Cast(from) = &expr.kind {
            self.convert_text(from, expr, place);
        } else if let ExprKind::Arith { .. } = &expr.kind {
            self.join(expr, place);
        } else if Self::is_place(expr) || matches!(expr.kind, ExprKind::Field { .. } | ExprKind::Index { .. }) {
            // A part may be of a value that is no place, such as `made().inner`: that is made first.
            let from = self.place(expr);
            self.at(expr.span).b.ks_copy(place, from);
        } else {
            crate::bug!("no expression of this kind yields a `{}`", self.cx.types.name(expr.ty));
        }
    }

    /// An operation whose result is an aggregate.
    fn made_by(&mut self, callee: &Callee, args: &[Expr], expr: &Expr, place: Value) {
        if let Callee::Func(func) = callee {
            self.call(*func, args, Some(place), expr.span);
        } else if let Callee::Pointer = callee {
            self.call_pointer(args, (expr.ty, Some(place)), expr.span);
        } else if let Callee::Builtin(builtin) = callee {
            if builtin.fills {
                self.fill_place(builtin, args, place, expr.span);
            } else {
                self.parse(builtin, args, place, expr.span);
            }
        } else if let Callee::CText = callee {
            self.c_text(args, place, expr.span);
        } else if let Callee::Format(format) = callee {
            self.format(format, args, place, expr.span);
        } else if let Callee::Sysctl(setting) = callee {
            self.read_setting(*setting, place, expr.span);
        } else if let Callee::Python(function) = callee {
            self.python_call(function, args, place, expr.span);
        } else if let Callee::Test { has_input, has_context } = callee {
            self.test_run((*has_input, *has_context), args, place, expr.span);
        } else {
            crate::bug!("no operation of this kind yields a `{}`", self.cx.types.name(expr.ty));
        }
    }

    fn struct_literal(&mut self, expr: &Expr, fields: &[(usize, Expr)], place: Value) {
        // A literal has one of several fields that share bytes.
        let whole = consts::fields(&self.cx.types, expr.ty).len() == fields.len();
        if !whole || has_padding(&self.cx.types, expr.ty) {
            self.at(expr.span).b.ks_zero(place);
        }
        for (index, value) in fields {
            let bits = consts::fields(&self.cx.types, expr.ty)[*index].bits;
            let part = self.at(value.span).field_place(place, *index);
            match bits {
                Some(bits) => {
                    let number = self.scalar(value);
                    self.at(value.span).store_bits(part, bits, number);
                }
                None => self.write(value, part),
            }
        }
    }

    /// `place = value` of aggregates. The value may read the old contents, so it is made elsewhere first, unless that
    /// cannot be noticed.
    pub(super) fn assign_aggregate(&mut self, to: &Expr, value: &Expr, span: Span) {
        if may_be_absent(to) {
            let path = self.path(to);
            if let Some(from) = self.kernel_text_source(value) {
                // No place of the program: it is read right to where it goes.
                let source = (self.scalar(from), from.ty);
                let read = &mut |this: &mut Self, place| {
                    this.kernel_text_at(source, value, place);
                    None
                };
                self.with_path(&path, Dest::Nothing, read, &mut |_| None);
                return;
            }
            let from = if Self::is_place(value) { self.place(value) } else { self.materialise(value) };
            self.with_path(
                &path,
                Dest::Nothing,
                &mut |this, place| {
                    this.at(span).b.ks_copy(place, from);
                    None
                },
                &mut |_| None,
            );
            return;
        }
        let place = self.place(to);
        if Self::is_place(value) {
            let from = self.place(value);
            self.at(span).b.ks_copy(place, from);
        } else if is_behind_pointer(value) || is_part_of_entry(value) {
            self.read_checked(value, Dest::Into(place));
        } else if self.is_text_from_nowhere(place, value)
            || self.is_text_from_elsewhere(to, value)
            || self.unnoticed(to, place, value)
        {
            self.write(value, place);
        } else {
            let made = self.materialise(value);
            self.at(span).b.ks_copy(place, made);
        }
    }

    /// Whether `value` may be evaluated right into `to`: into a variable of this function that no pointer points to,
    /// by something that does not name it.
    fn unnoticed(&self, to: &Expr, place: Value, value: &Expr) -> bool {
        let Some(local) = scan::root(to) else { return false };
        let (_, space) = self.pointee(place);
        // A parameter's or result's place is of the stack too, but only this function knows it.
        if space != Space::Stack || self.uses.addressed(local) || !matches!(self.slot(local), Slot::Place(_)) {
            return false;
        }
        if let ExprKind::Struct { fields } = &value.kind {
            return fields.iter().all(|(_, e)| Self::reads_scalars_only(e));
        }
        if let ExprKind::Array(elements) = &value.kind {
            return elements.iter().all(Self::reads_scalars_only);
        }
        if let ExprKind::Fill(element) = &value.kind {
            return Self::reads_scalars_only(element);
        }
        // Arguments are copied before the call; but what it has written when it throws is not to be seen.
        if let Some((func, _)) = value.call() {
            return !self.program.func(func).throws;
        }
        // An entry is looked up before it is copied.
        matches!(value.kind, ExprKind::Const(_) | ExprKind::MapGet { .. } | ExprKind::PerCpu { .. })
    }

    /// Constants, and arithmetic on scalar variables.
    fn reads_scalars_only(expr: &Expr) -> bool {
        if let ExprKind::Cast(inner) | ExprKind::Raw(inner) | ExprKind::Neg(inner) | ExprKind::BitNot(inner) =
            &expr.kind
        {
            return Self::reads_scalars_only(inner);
        }
        if let ExprKind::Arith { left, right, .. } = &expr.kind {
            return Self::reads_scalars_only(left) && Self::reads_scalars_only(right);
        }
        matches!(
            expr.kind,
            ExprKind::Const(_) | ExprKind::Local(_) | ExprKind::Global(_) | ExprKind::ConfigField { .. }
        )
    }

    /// An aggregate argument: a place that the callee may take as its own.
    pub(super) fn own_copy(&mut self, arg: &Expr) -> Value {
        let is_shared = Self::is_place(arg) || matches!(arg.kind, ExprKind::Const(_));
        if is_shared { self.materialise(arg) } else { self.place(arg) }
    }

    /// A block, `if` or `match` that yields an aggregate; anything else by itself.
    pub(super) fn evaluate(&mut self, expr: &Expr, dest: Dest) -> Option<Value> {
        if let ExprKind::If(node) = &expr.kind {
            return self.if_(node, dest);
        }
        if let ExprKind::Block(block) = &expr.kind {
            return self.block(block, dest);
        }
        if let ExprKind::Match(node) = &expr.kind {
            return self.match_(node, expr, dest);
        }
        match dest {
            Dest::Value(_) => return Some(self.scalar(expr)),
            Dest::Into(place) => self.aggregate(expr, place),
            Dest::View(variables) => self.choose_view(expr, variables),
            Dest::Nothing => self.effect(expr),
        }
        None
    }
}
