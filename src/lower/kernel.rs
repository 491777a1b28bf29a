//! What the loader finds out about the kernel's types.

use super::func::Lowering;
use crate::fold::CompareOp;
use crate::ir::{Opcode, Value};
use crate::sema::tree::{Expr, ExprKind, KernelFact};
use crate::source::Span;
use crate::types::{EnumId, Space, Ty, TyKind};

/// Above `-BPF_MAX_VAR_OFF` of include/linux/bpf_verifier.h.
const LOWEST_OFFSET: i128 = -(1 << 28);

impl Lowering<'_> {
    pub(super) fn kernel_fact(&mut self, fact: &KernelFact, ty: Ty, span: Span) -> Value {
        match fact {
            KernelFact::FieldExists(field) => {
                let (base, field) = self.kernel_field(field);
                self.at(span).b.core_exists(base, field, ty)
            }
            KernelFact::FieldSize(field) => {
                let (base, field) = self.kernel_field(field);
                self.at(span).b.core_bits(base, field, "size", ty)
            }
            KernelFact::FieldOffset(field) => {
                let (base, field) = self.kernel_field(field);
                self.at(span).b.core_bits(base, field, "offset", ty)
            }
            KernelFact::TypeExists(of) => self.at(span).b.core_type_info(*of, "exists", ty),
            KernelFact::TypeSize(of) => self.at(span).b.core_type_info(*of, "size", ty),
            KernelFact::Variant { of, variant } => self.variant_info((*of, *variant), "value", ty, span),
            KernelFact::KfuncExists(kfunc) => {
                let name = self.program.kfunc(*kfunc).name.as_str().into();
                self.at(span).b.bpf_kfunc_exists(&name, ty)
            }
            KernelFact::VariantExists { of, variant } => self.variant_info((*of, *variant), "exists", ty, span),
        }
    }

    /// The struct of a field, at no address, and the number of the field.
    fn kernel_field(&mut self, place: &Expr) -> (Value, i128) {
        let ExprKind::Field { base, field } = &place.kind else {
            crate::bug!("what the kernel is asked of is a field")
        };
        (self.place(base), *field as i128)
    }

    /// A pointer into the kernel or a process this many elements further: the kernel that runs knows how large its structs are.
    pub(super) fn moved_in_kernel(&mut self, pointer: Value, (of, space): (Ty, Space), count: Value) -> Value {
        let size = if self.cx.types.is_relocated(of) {
            self.b.core_type_info(of, "size", Ty::U64)
        } else {
            self.int(self.cx.types.size_of(of).into(), Ty::U64)
        };
        let is_short = self.cx.types.size_of(of) == 1 && !self.cx.types.is_relocated(of) && self.is_extended(count);
        let is_bounded = is_short || self.b.func.known(&self.cx.types, count).is_some();
        let count = self.b.arith_cast(count, Ty::U64);
        let mut bytes = self.b.arith_mul(count, size, Ty::U64);
        if !is_bounded && space != Space::User {
            bytes = self.at_least(bytes);
        }
        let ty = self.cx.types.ptr(of, space.probed(), true);
        self.b.mem_ptr_add(pointer, bytes, ty)
    }

    /// Whether a number of 64 bits was made of a shorter one without a sign.
    fn is_extended(&self, number: Value) -> bool {
        let made = self.b.func.def(number).map(|op| &self.b.func.ops[op]);
        let from = made.filter(|made| made.opcode == Opcode::ArithCast).map(|made| self.b.func.ty(made.operands[0]));
        from.and_then(|from| self.cx.types.as_int(from)).is_some_and(|(bits, signed)| bits < 64 && !signed)
    }

    /// The verifier adds to a pointer only what it knows to be above -2^29. No object of the kernel is as large.
    fn at_least(&mut self, bytes: Value) -> Value {
        let signed = self.b.arith_cast(bytes, Ty::I64);
        let least = self.int(LOWEST_OFFSET, Ty::I64);
        let below = self.b.arith_cmp(signed, least, CompareOp::Lt.word(), Ty::BOOL);
        let bounded = self.b.arith_select(below, least, signed, Ty::I64);
        self.b.arith_cast(bounded, Ty::U64)
    }

    /// Text that a pointer into the kernel or a process leads to, with zeros behind it; empty where it cannot be read.
    pub(super) fn kernel_text(&mut self, from: &Expr, expr: &Expr, place: Value) {
        let source = self.scalar(from);
        self.kernel_text_at((source, from.ty), expr, place);
    }

    /// Where a value is text behind a pointer into the kernel or a process: that pointer.
    pub(super) fn kernel_text_source<'e>(&self, value: &'e Expr) -> Option<&'e Expr> {
        if let ExprKind::KernelText(from) = &value.kind {
            return Some(from);
        }
        let ExprKind::Cast(from) = &value.kind else { return None };
        let types = &self.cx.types;
        let is_text =
            matches!(types.kind(value.ty), TyKind::Str(_)) && matches!(types.kind(from.ty), TyKind::Ptr { .. });
        is_text.then_some(from)
    }

    pub(super) fn kernel_text_at(&mut self, (source, from): (Value, Ty), expr: &Expr, place: Value) {
        let size = self.cx.types.size_of(expr.ty);
        self.at(expr.span).b.ks_zero(place);
        let to = self.address(place);
        let size = self.int(size.into(), Ty::U32);
        let of_process = matches!(self.cx.types.kind(from), TyKind::Ptr { space: Space::User, .. });
        let helper = if of_process { "bpf_probe_read_user_str" } else { "bpf_probe_read_kernel_str" };
        self.b.bpf_helper(&[to, size, source], &helper.into(), &[Ty::I64]);
    }

    fn variant_info(&mut self, (of, variant): (EnumId, usize), info: &'static str, ty: Ty, span: Span) -> Value {
        let of = self.cx.types.intern(TyKind::Enum(of));
        self.at(span).b.core_variant(of, variant as i128, info, ty)
    }
}
