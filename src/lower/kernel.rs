//! What the loader finds out about the kernel's types.

use super::func::Lowering;
use crate::ir::Value;
use crate::sema::tree::{Expr, ExprKind, KernelFact};
use crate::source::Span;
use crate::types::{EnumId, Ty, TyKind};

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
        let ExprKind::Field { base, field } = &place.kind else { crate::bug!("what the kernel is asked of is a field") };
        (self.place(base), *field as i128)
    }

    fn variant_info(&mut self, (of, variant): (EnumId, usize), info: &'static str, ty: Ty, span: Span) -> Value {
        let of = self.cx.types.intern(TyKind::Enum(of));
        self.at(span).b.core_variant(of, variant as i128, info, ty)
    }
}
