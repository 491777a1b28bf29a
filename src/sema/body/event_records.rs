//! The record of an event, which is the context of the programs on it: fields of a struct of the kernel, and the text behind them.

use super::value::{cast, error_expr, int_expr};
use super::{Site, State};
use crate::ast::Ident;
use crate::diag::codes::names::NoSuchField;
use crate::diag::codes::refused::VariableWanted;
use crate::sema::predefined::is_record;
use crate::sema::tree::{ArithOp, Block, Condition, Expr, ExprKind, If, KernelFact};
use crate::source::Span;
use crate::tables::BEHIND_RECORD;
use crate::types::{Space, StructId, Ty};

/// The first field, in whose place programs find a pointer of the kernel's (`perf_trace_run_bpf_submit`).
const HEADER: &str = "ent";
/// The size of a string that is read where nothing asks for one.
const TEXT: u32 = 128;

/// The point that an offset is counted from.
#[derive(Clone, Copy, PartialEq)]
enum Origin {
    /// The start of the record.
    Record,
    /// The end of the field.
    Field,
}

impl State<'_, '_> {
    /// A field of the record that `record` is.
    pub fn record_field(&mut self, record: Expr, id: StructId, name: &Ident, span: Span) -> Expr {
        if name.name == HEADER || name.name.starts_with("common_") {
            let ty = self.cx.types.struct_def(id).name.clone();
            self.error(name.span, NoSuchField { ty, name: name.name.clone() })
                .remark("where the record's header is, BPF programs find a pointer of the kernel's");
            return error_expr(span);
        }
        for (prefix, origin) in BEHIND_RECORD.into_iter().zip([Origin::Record, Origin::Field]) {
            let place = format!("{prefix}{}", name.name);
            let cx = &mut *self.cx;
            let Ok(Some(field)) = cx.kernel_types.field(&mut cx.types, id, &place) else { continue };
            // The form of other kernels is entered behind that of this one.
            if self.cx.types.struct_def(id).field(&name.name).is_none_or(|inside| inside > field) {
                return self.text_behind_or_inside(record, id, (field, origin), name, span);
            }
        }
        self.struct_field(record, id, name, span)
    }
}

impl Site<'_, '_> {
    /// Text that is behind the record on the kernel whose types are known: other kernels may have an array in the record.
    fn text_behind_or_inside(
        &mut self,
        record: Expr,
        id: StructId,
        (field, origin): (usize, Origin),
        name: &Ident,
        span: Span,
    ) -> Expr {
        let Some((start, behind)) = self.behind(&record, (field, origin), span) else {
            self.error(span, VariableWanted { what: "text of a record".into() })
                .help(format!("`var r = …`, and `r->{}`", name.name));
            return error_expr(span);
        };
        let chars = self.cx.types.array(Ty::CHAR, 4);
        let inside = self.cx.kernel_types.other_form(&mut self.cx.types, id, field, (&name.name, chars));
        let offset = match inside {
            Some(inside) => {
                let (found, inside) = self.in_record(record.ty, (field, inside), span);
                choice(found, behind, inside)
            }
            None => behind,
        };
        let ty = self.cx.types.string(TEXT);
        text_at(start, offset, ty)
    }

    /// An array of characters of a record where text or a copy of it is asked for: other kernels may have the text behind the record.
    pub fn record_text(&mut self, text: Expr, wanted: Ty) -> Expr {
        let converted = |text: Expr| if text.ty == wanted { text } else { cast(text, wanted) };
        let Some((id, field)) = self.text_in_record(&text) else { return converted(text) };
        let ExprKind::Field { base, .. } = &text.kind else { return converted(text) };
        let (record, span) = (base.as_ref(), text.span);
        let place = format!("{}{}", BEHIND_RECORD[0], self.cx.types.struct_def(id).fields[field].name);
        let other = self.cx.kernel_types.other_form(&mut self.cx.types, id, field, (&place, Ty::U32));
        let Some(other) = other else { return converted(text) };
        let Some((start, behind)) = self.behind(record, (other, Origin::Record), span) else { return converted(text) };
        let (found, inside) = self.in_record(record.ty, (other, field), span);
        // What reads text to where it ends puts a NUL into the last byte.
        if self.cx.types.size_of(wanted) <= self.cx.types.size_of(text.ty) {
            return text_at(start, choice(found, behind, inside), wanted);
        }
        choice(found, text_at(start, behind, wanted), converted(text))
    }

    /// The record and the field of an array of characters, if it is one of an event's record.
    fn text_in_record(&self, text: &Expr) -> Option<(StructId, usize)> {
        let ExprKind::Field { base, field } = &text.kind else { return None };
        let id = self.struct_id(base.ty).filter(|_| is_record(&self.cx.types, base.ty) && self.is_chars(text.ty))?;
        Some((id, *field))
    }

    /// Whether the kernel's record has the first field, and where in it the second one is.
    fn in_record(&mut self, record: Ty, (field, other): (usize, usize), span: Span) -> (Expr, Expr) {
        let mut place = |field| {
            let kind = ExprKind::Field { base: Box::new(self.nowhere(record, span)), field };
            Box::new(Expr { kind, ty: Ty::U32, span })
        };
        let (exists, offset) = (KernelFact::FieldExists(place(field)), KernelFact::FieldOffset(place(other)));
        let fact = |fact, ty| Expr { kind: ExprKind::Kernel(fact), ty, span };
        (fact(exists, Ty::BOOL), fact(offset, Ty::U32))
    }

    /// The record's address, and the offset from there of text behind it: the low half of the field says it, the high half how long it
    /// is with its NUL.
    fn behind(&mut self, record: &Expr, (field, origin): (usize, Origin), span: Span) -> Option<(Expr, Expr)> {
        let ExprKind::Deref(pointer) = &record.kind else { return None };
        let ExprKind::Local(local) = pointer.kind else { return None };
        let again = || Expr { kind: ExprKind::Local(local), ty: pointer.ty, span };
        let whole = Box::new(Expr { kind: ExprKind::Deref(Box::new(again())), ty: record.ty, span });
        let place = Expr { kind: ExprKind::Field { base: whole, field }, ty: Ty::U32, span };
        let at = |kind| Expr { kind, ty: Ty::U32, span };
        let offset = at(arith(ArithOp::And, place, int_expr(0xffff, Ty::U32, span)));
        let offset = match origin {
            Origin::Record => offset,
            Origin::Field => {
                let (_, start) = self.in_record(record.ty, (field, field), span);
                let end = at(arith(ArithOp::Add, start, int_expr(4, Ty::U32, span)));
                at(arith(ArithOp::Add, end, offset))
            }
        };
        let ty = self.cx.types.ptr(Ty::CHAR, Space::BtfUntrusted, false);
        Some((cast(again(), ty), offset))
    }
}

/// Text at an offset, of 32 bits, from the start of a record.
fn text_at(start: Expr, offset: Expr, ty: Ty) -> Expr {
    let (span, pointer) = (offset.span, start.ty);
    let address = Expr { kind: arith(ArithOp::Add, start, cast(offset, Ty::I64)), ty: pointer, span };
    Expr { kind: ExprKind::KernelText(Box::new(address)), ty, span }
}

/// One of two values of a type, by what the loader knows.
fn choice(condition: Expr, then: Expr, otherwise: Expr) -> Expr {
    let (ty, span) = (then.ty, then.span);
    let value = |expr: Expr| Block { stmts: Vec::new(), value: Some(Box::new(expr)), span };
    let choice = If { condition: Condition::Expr(condition), then: value(then), otherwise: Some(value(otherwise)) };
    Expr { kind: ExprKind::If(Box::new(choice)), ty, span }
}

fn arith(op: ArithOp, left: Expr, right: Expr) -> ExprKind {
    ExprKind::Arith { op, left: Box::new(left), right: Box::new(right) }
}
