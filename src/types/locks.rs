//! Spin locks: a kernel struct that only the kernel's helpers read or write.

use super::{Origin, StructId, Ty, TyKind, Types};

impl Types {
    pub fn is_lock(&self, ty: Ty) -> bool {
        matches!(self.kind(ty), TyKind::Struct(id) if self.struct_def(id).origin == Origin::Lock)
    }

    /// Whether a literal may leave the field out although it was declared without a default: it is zero then.
    pub fn is_zero_by_default(&self, id: StructId, field: usize) -> bool {
        let def = self.struct_def(id);
        def.origin == Origin::Kernel || self.is_lock(def.fields[field].ty)
    }

    /// The fields of a struct that are locks.
    pub fn lock_fields(&self, ty: Ty) -> Vec<usize> {
        let TyKind::Struct(id) = self.kind(ty) else { return Vec::new() };
        let fields = self.struct_def(id).fields.iter().enumerate();
        fields.filter(|(_, field)| self.is_lock(field.ty)).map(|(index, _)| index).collect()
    }

    /// Whether a lock is stored in a value of the type, or is one.
    pub fn has_lock(&self, ty: Ty) -> bool {
        if let TyKind::Array(element, _) = self.kind(ty) {
            return self.has_lock(element);
        }
        let TyKind::Struct(id) = self.kind(ty) else { return false };
        self.is_lock(ty) || self.struct_def(id).fields.iter().any(|field| self.has_lock(field.ty))
    }

    /// The bytes of a map's value that only the kernel's helpers touch: from, and to.
    pub fn locked_bytes(&self, ty: Ty) -> Option<(u64, u64)> {
        let TyKind::Struct(id) = self.kind(ty) else { return None };
        let field = &self.struct_def(id).fields[*self.lock_fields(ty).first()?];
        Some((field.offset, field.offset + self.size_of(field.ty)))
    }
}
