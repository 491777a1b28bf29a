//! Assignments.

use super::exprs::{plain_name, strip};
use super::value::{Value, bool_expr, local};
use super::variables::Variables;
use super::{Checker, State};
use crate::ast::{self, BinaryOp, ExprKind as Ast};
use crate::diag::codes::limits::NotAtomic;
use crate::fold::ArithOp;
use crate::sema::tree::{CompoundOp, Const, Expr, ExprKind, LocalId, Stmt, StmtKind, Storage};
use crate::source::Span;
use crate::target::Maps;
use crate::types::{Space, Ty};

/// `place op= value`, as written.
#[derive(Clone, Copy)]
pub struct Assignment<'a> {
    pub place: &'a ast::Expr,
    pub op: Option<BinaryOp>,
    pub value: &'a ast::Expr,
    pub span: Span,
}

impl Checker<'_, '_> {
    /// Checks an assignment and appends its statements: one, or several where parts of it are evaluated first.
    pub fn assign(&mut self, written: Assignment<'_>, out: &mut Vec<Stmt>) {
        let Assignment { place, op, value, span } = written;
        if let Some((map, key)) = self.map_entry(place) {
            out.extend(self.assign_entry(map, key, written));
        } else if let Some((map, key)) = self.below_entry(place) {
            self.assign_below(map, key, written, out);
        } else if let Some(one) = self.cpu_place(place) {
            self.assign_cpu(one, written, out);
        } else if is_discard(place) {
            let value = self.typed(value, None);
            out.push(Stmt { kind: StmtKind::Expr(value), span });
        } else if op.is_none() && self.assign_program(place, value) {
        } else if self.assign_position(written, out).is_none() {
            let unknown = plain_name(place).filter(|_| op.is_none());
            let unknown = unknown.and_then(|name| self.assigned_unknown(name, value.span));
            let place = unknown.unwrap_or_else(|| self.place(place));
            if op.is_none() && self.copy_again(&place, value, span, out) {
                return;
            }
            self.assign_place(place, written, out);
        }
    }

    /// The assignment to its place, which was checked.
    pub fn assign_place(&mut self, place: Expr, written: Assignment<'_>, out: &mut Vec<Stmt>) {
        let span = written.span;
        let (op, value) = match written.op {
            None if self.is_result(&place) => (None, self.result_value(written.value, place.ty)),
            None => (None, self.assigned_value(written, place.ty)),
            Some(op) => match self.compound_of(op, &place, written.value) {
                Some((op, value)) => {
                    if let Some(local) = local(&place).filter(|_| self.is_str(place.ty)) {
                        self.warn_longer(local, None, value.span);
                    }
                    (Some(op), value)
                }
                None => return,
            },
        };
        if op.is_none() && self.is_bit_field(&place) {
            let bits = self.bits_of(&place);
            self.warn_bits(&value, bits);
        }
        if let Some(op) = &op {
            self.warn_shared_bits(&place, op.op, span);
        }
        let assigned = local(&place);
        if let Some(local) = assigned {
            self.assign_view(local, &value);
        }
        match assigned {
            // A pointer that moves is what it was: not null, and of the same memory.
            Some(local) if op.is_some() && self.pointer(place.ty).is_some() => {
                self.flow.extents.remove(&local);
                self.note_written(local, span);
            }
            Some(local) => self.assigned(local, op.is_none().then_some(&value), span),
            None => self.note_stored(&place, &value),
        }
        out.push(Stmt { kind: StmtKind::Assign { place, op, value }, span });
        if let Some(present) = assigned.and_then(|local| self.vars[local].present) {
            let place = self.vars.local_expr(present, span);
            let value = bool_expr(true, span);
            out.push(Stmt { kind: StmtKind::Assign { place, op: None, value }, span });
        }
    }

    fn assigned_value(&mut self, Assignment { place, value, .. }: Assignment<'_>, wanted: Ty) -> Expr {
        if let Some(header) = self.packet_header(value) {
            if let Some(local) = self.vars.assigned_local(place) {
                self.vars[local].must_test = true;
            }
            return self.coerce(header, wanted);
        }
        let follows = matches!(strip(value).kind, Ast::Unary { op: ast::UnaryOp::Deref, .. });
        if follows && self.pointer(wanted).is_some() {
            let (place, text) = (self.text(place.span), self.text(value.span));
            let what = format!("`*{place} = {text}` writes what `{place}` points to");
            let outer = self.wanted_by.replace(what);
            let value = self.coerced(value, wanted);
            self.wanted_by = outer;
            return value;
        }
        self.kept_by_statement = self.vars.assigned_local(place).map(|_| strip(value).span);
        let checked = self.value(value, Some(wanted));
        if let Some(assigned) = self.vars.assigned_local(place) {
            let place = self.vars.local_expr(assigned, place.span);
            self.note_stored_pointer(&place, &checked.expr);
            if super::strings::constant(&checked.expr).is_none() {
                self.warn_longer(assigned, Some(checked.ty()), value.span);
            }
        }
        self.coerce(checked, wanted)
    }

    fn compound_of(&mut self, op: BinaryOp, place: &Expr, value: &ast::Expr) -> Option<(CompoundOp, Expr)> {
        if self.pointer(place.ty).is_some() {
            self.use_object(place);
        }
        self.compound(op, place.ty, place.span, value)
    }

    /// The operator of `place op= value`, and its right operand.
    pub fn compound(
        &mut self,
        op: BinaryOp,
        place: Ty,
        place_span: Span,
        value: &ast::Expr,
    ) -> Option<(CompoundOp, Expr)> {
        // The operand's value plays no part: only its type does, and that it is no constant.
        let placeholder = Expr { kind: ExprKind::Const(Const::Zero), ty: place, span: place_span };
        self.compound_operand(op, Value::from(placeholder), value)
    }
}

impl State<'_, '_> {
    /// `+=` and `-=` promise other CPUs an atomic update, which the machine has of whole integers alone.
    fn warn_shared_bits(&mut self, place: &Expr, op: ArithOp, span: Span) {
        let is_sum = matches!(op, ArithOp::Add | ArithOp::Sub) && self.is_bit_field(place);
        if !is_sum || !self.locks.is_empty() || !self.targets.any(|on| on.maps == Maps::InPlace) {
            return;
        }
        let mut root = place;
        while let ExprKind::Field { base, .. } | ExprKind::Index { base, .. } = &root.kind {
            root = base;
        }
        let is_shared = if let ExprKind::Global(global) = &root.kind {
            matches!(self.env.program.global(*global).storage, Storage::Shared | Storage::Pinned)
        } else {
            self.space_of(place) == Some(Space::MapValue)
        };
        if is_shared {
            self.warn(span, NotAtomic { ty: "bit-field".to_owned() })
                .help("updates of the fields beside it are lost too; count in a `u32` or `u64` of its own");
        }
    }

    fn assigned(&mut self, local: LocalId, value: Option<&Expr>, span: Span) {
        self.note_assigned(local, value);
        self.note_written(local, span);
    }

    /// A variable was written; if it is a copy of a map entry something must read it after that.
    pub fn note_written(&mut self, local: LocalId, span: Span) {
        let depth = self.loops.len();
        let info = &mut self.vars[local];
        if info.present.is_some() && info.loops == depth && !info.deferred {
            info.written = Some(span);
        }
    }
}

impl Variables {
    /// The variable that a place is by its name.
    fn assigned_local(&self, place: &ast::Expr) -> Option<LocalId> {
        plain_name(place).and_then(|name| self.local_of(&name.name))
    }
}

/// `_ = e`
fn is_discard(place: &ast::Expr) -> bool {
    plain_name(place).is_some_and(|name| name.name == "_")
}
