//! The record of an event, which is the context of the programs on it: fields of a struct of the kernel, and the text behind them.

use super::Checker;
use super::value::{cast, error_expr, int_expr};
use crate::ast::Ident;
use crate::diag::codes::names::NoSuchField;
use crate::sema::tree::{ArithOp, Expr, ExprKind};
use crate::source::Span;
use crate::tables::BEHIND_RECORD;
use crate::types::{Space, StructId, Ty};

/// The first field, in whose place programs find a pointer of the kernel's (`perf_trace_run_bpf_submit`).
const HEADER: &str = "ent";
/// The size of a string that is read where nothing asks for one.
const TEXT: u32 = 128;

/// What the place of bytes is counted from.
#[derive(Clone, Copy, PartialEq)]
enum Origin {
    /// The start of the record.
    Record,
    /// The end of the field.
    Field,
}

impl Checker<'_, '_> {
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
            if let Ok(Some(field)) = self.cx.kernel_types.field(&mut self.cx.types, id, &place) {
                return self.text_behind(record, field, origin, span);
            }
        }
        self.struct_field(record, id, name, span)
    }

    /// Text behind the record: the low half of the field is where it is, the high half how long it is with its NUL.
    fn text_behind(&mut self, record: Expr, field: usize, origin: Origin, span: Span) -> Expr {
        let ExprKind::Deref(pointer) = &record.kind else { return error_expr(span) };
        let ExprKind::Local(local) = pointer.kind else {
            return self.unsupported(span, "text of a record that is not in a variable");
        };
        let again = Expr { kind: ExprKind::Local(local), ty: pointer.ty, span };
        let at = |kind| Expr { kind, ty: Ty::U64, span };
        let base = match origin {
            Origin::Record => cast(again, Ty::U64),
            Origin::Field => {
                let whole = Expr { kind: ExprKind::Deref(Box::new(again)), ty: record.ty, span };
                let place = Expr { kind: ExprKind::Field { base: Box::new(whole), field }, ty: Ty::U32, span };
                let ty = self.cx.types.ptr(Ty::U32, Space::Ctx, false);
                let start = cast(Expr { kind: ExprKind::AddressOf(Box::new(place)), ty, span }, Ty::U64);
                at(arith(ArithOp::Add, start, int_expr(4, Ty::U64, span)))
            }
        };
        let place = Expr { kind: ExprKind::Field { base: Box::new(record), field }, ty: Ty::U32, span };
        let offset = at(arith(ArithOp::And, cast(place, Ty::U64), int_expr(0xffff, Ty::U64, span)));
        let address = at(arith(ArithOp::Add, base, offset));
        let ty = self.cx.types.string(TEXT);
        Expr { kind: ExprKind::KernelText(Box::new(address)), ty, span }
    }
}

fn arith(op: ArithOp, left: Expr, right: Expr) -> ExprKind {
    ExprKind::Arith { op, left: Box::new(left), right: Box::new(right) }
}
