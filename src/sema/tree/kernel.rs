//! What the loader finds out about the kernel's types.

use super::{Expr, KfuncId};
use crate::types::{EnumId, Ty};

/// A constant once the program is loaded: what the kernel that runs has.
pub enum KernelFact {
    /// Whether it has the field that this place is, which nothing reads.
    FieldExists(Box<Expr>),
    /// The bytes of that field.
    FieldSize(Box<Expr>),
    /// Where the field is in the struct that the place begins in.
    FieldOffset(Box<Expr>),
    /// Whether it has this struct, union or enum.
    TypeExists(Ty),
    TypeSize(Ty),
    /// The value of a variant, by index into the enum.
    Variant {
        of: EnumId,
        variant: usize,
    },
    VariantExists {
        of: EnumId,
        variant: usize,
    },
    KfuncExists(KfuncId),
}
