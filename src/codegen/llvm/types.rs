//! Types of values and of memory.
//!
//! Scalars are LLVM integers, `be` as stored; `bool` is `i1` as a value and one byte in memory. Aggregates are never
//! values: in memory they are arrays of bytes, and the struct's definition has the offset of a field, so that `Types`
//! and not LLVM decides the layout.

use super::module::ModuleGen;
use crate::tables::{ContextField, FieldRole, contexts};
use crate::target::Machine;
use crate::types::{FieldDef, Origin, Space, StructDef, Ty, TyKind};
use inkwell::types::{BasicTypeEnum, FunctionType};

impl<'c> ModuleGen<'_, 'c> {
    /// The LLVM type of a value of this type.
    pub fn value_type(&self, ty: Ty) -> BasicTypeEnum<'c> {
        match self.cx.types.kind(ty) {
            TyKind::Bool => self.build.int_type(1).into(),
            TyKind::F64 => self.context.f64_type().into(),
            // BPF has no addresses of functions: the pass `function-pointers` gives them numbers.
            TyKind::Fn(_) if !self.facts.functions_have_addresses => self.build.int_type(64).into(),
            TyKind::Ptr { space: Space::Arena, .. } | TyKind::Place { space: Space::Arena, .. }
                if self.facts.verified =>
            {
                self.build.arena_ptr_type().into()
            }
            TyKind::Ptr { .. } | TyKind::Place { .. } | TyKind::Fn(_) | TyKind::Null => self.build.ptr_type().into(),
            TyKind::Int { .. }
            | TyKind::Be { .. }
            | TyKind::Char
            | TyKind::Enum(_)
            | TyKind::Handle(_)
            | TyKind::Link => self.build.int_type(self.cx.types.size_of(ty) as u32 * 8).into(),
            TyKind::Void
            | TyKind::Str(_)
            | TyKind::Array(..)
            | TyKind::Struct(_)
            | TyKind::Opt(_)
            | TyKind::Bytes
            | TyKind::Error => {
                crate::bug!("no values have type {}", self.cx.types.ir_text(ty))
            }
        }
    }

    /// The LLVM type of a place of this type.
    pub fn memory_type(&self, ty: Ty) -> BasicTypeEnum<'c> {
        if self.cx.types.is_aggregate(ty) {
            return self.bytes_type(self.cx.types.size_of(ty));
        }
        if ty == Ty::BOOL { self.build.int_type(8).into() } else { self.value_type(ty) }
    }

    /// The type of `size` bytes of memory.
    pub fn bytes_type(&self, size: u64) -> BasicTypeEnum<'c> {
        self.build.int_type(8).array_type(size as u32).into()
    }

    /// None for `void`.
    pub fn result_type(&self, ty: Ty) -> Option<BasicTypeEnum<'c>> {
        (ty != Ty::VOID).then(|| self.value_type(ty))
    }

    /// The LLVM type of a function, for which aggregates have become places.
    pub fn function_type(&self, result: Ty, params: &[Ty]) -> FunctionType<'c> {
        let params: Vec<_> = params.iter().map(|&p| self.value_type(p)).collect();
        super::builder::function_type(self.context, self.result_type(result), &params)
    }

    /// Whether an extension of the type's values keeps a sign.
    pub fn is_signed(&self, ty: Ty) -> bool {
        self.cx.types.as_int(ty).is_some_and(|(_, signed)| signed)
    }

    /// How a value of this type is passed: what is narrower than a register is extended by the caller.
    pub fn extension(&self, ty: Ty) -> Option<&'static str> {
        let narrow = ty != Ty::VOID && self.cx.types.size_of(ty) < 4;
        narrow.then(|| if self.is_signed(ty) { "signext" } else { "zeroext" })
    }
}

/// The role of a context's field, by the table of contexts.
pub fn field_role(machine: &Machine, def: &StructDef, field: &FieldDef) -> FieldRole {
    context_field(machine, def, field).map_or(FieldRole::Plain, |f| f.role)
}

/// The field's record, if the struct is a context.
pub fn context_field(machine: &Machine, def: &StructDef, field: &FieldDef) -> Option<&'static ContextField> {
    let spec = contexts(machine).find(|c| def.origin == Origin::Context && c.name == def.name)?;
    spec.fields.iter().find(|f| f.name == field.name)
}
