//! Fields of maps' values that only the kernel's helpers read or write (`ir-specs/special_fields.toml`).

use super::{SPECIAL_FIELDS, SpecialField, SpecialFieldSpec};
use crate::types::{Origin, StructId, Ty, TyKind, Types};

impl Types {
    /// The record of a special field's type; none for other types.
    pub fn special(&self, ty: Ty) -> Option<&'static SpecialFieldSpec> {
        let TyKind::Struct(id) = self.kind(ty) else { return None };
        let def = self.struct_def(id);
        SPECIAL_FIELDS.iter().find(|spec| def.origin == Origin::Special && spec.name == def.name)
    }

    /// Whether the type is the one of spin locks, `bpf_spin_lock`.
    pub fn is_lock(&self, ty: Ty) -> bool {
        self.special(ty).is_some_and(|spec| spec.kind == SpecialField::Lock)
    }

    /// Whether a literal may leave the field out although it was declared without a default: it is zero then.
    pub fn is_zero_by_default(&self, id: StructId, field: usize) -> bool {
        let def = self.struct_def(id);
        def.origin == Origin::Kernel || self.is_kept(def.fields[field].ty)
    }

    /// The special fields of a struct itself, in its order.
    pub fn special_fields(&self, ty: Ty) -> Vec<(usize, &'static SpecialFieldSpec)> {
        let TyKind::Struct(id) = self.kind(ty) else { return Vec::new() };
        let fields = self.struct_def(id).fields.iter().enumerate();
        fields.filter_map(|(index, field)| Some((index, self.special(field.ty)?))).collect()
    }

    /// The fields of a struct itself that are locks.
    pub fn lock_fields(&self, ty: Ty) -> Vec<usize> {
        let fields = self.special_fields(ty).into_iter().filter(|(_, spec)| spec.kind == SpecialField::Lock);
        fields.map(|(index, _)| index).collect()
    }

    /// The special fields that a value of the type contains at any depth; a value that is itself a special field counts.
    pub fn specials(&self, ty: Ty) -> Vec<&'static SpecialFieldSpec> {
        if let TyKind::Array(element, _) = self.kind(ty) {
            return self.specials(element);
        }
        let TyKind::Struct(id) = self.kind(ty) else { return Vec::new() };
        let parts = self.struct_def(id).fields.iter().flat_map(|field| self.specials(field.ty));
        self.special(ty).into_iter().chain(parts).collect()
    }

    /// Whether a lock is stored in a value of the type, or is one.
    pub fn has_lock(&self, ty: Ty) -> bool {
        self.specials(ty).iter().any(|spec| spec.kind == SpecialField::Lock)
    }
}
