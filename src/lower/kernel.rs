//! What the loader finds out about the kernel's types.

use super::func::Lowering;
use crate::ir::Value;
use crate::sema::tree::{Expr, ExprKind, KernelFact};
use crate::source::Span;
use crate::types::{EnumId, Space, Ty, TyKind};

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

    /// A pointer into the kernel this many elements further: the kernel that runs knows how large they are.
    pub(super) fn moved_in_kernel(&mut self, pointer: Value, of: Ty, count: Value) -> Value {
        let size = if self.cx.types.is_relocated(of) {
            self.b.core_type_info(of, "size", Ty::U64)
        } else {
            self.int(self.cx.types.size_of(of).into(), Ty::U64)
        };
        let count = self.b.arith_cast(count, Ty::U64);
        let bytes = self.b.arith_mul(count, size, Ty::U64);
        let ty = self.cx.types.ptr(of, Space::BtfUntrusted, true);
        self.b.mem_ptr_add(pointer, bytes, ty)
    }

    /// Text that a pointer into the kernel leads to, with zeros behind it; empty where it cannot be read.
    pub(super) fn kernel_text(&mut self, from: &Expr, expr: &Expr, place: Value) {
        let source = self.scalar(from);
        let size = self.cx.types.size_of(expr.ty);
        self.at(expr.span).b.ks_zero(place);
        let to = self.address(place);
        let size = self.int(size.into(), Ty::U32);
        self.b.bpf_helper(&[to, size, source], &"bpf_probe_read_kernel_str".into(), &[Ty::I64]);
    }

    fn variant_info(&mut self, (of, variant): (EnumId, usize), info: &'static str, ty: Ty, span: Span) -> Value {
        let of = self.cx.types.intern(TyKind::Enum(of));
        self.at(span).b.core_variant(of, variant as i128, info, ty)
    }
}
