//! Sizes, alignments and C struct layout (System V x86-64 and BPF agree on all of ours).

use super::{StructId, Ty, TyKind, Types};

impl Types {
    /// In bytes. `void` and what has no storage count as 0.
    pub fn size_of(&self, ty: Ty) -> u64 {
        match self.kind(ty) {
            TyKind::Void | TyKind::Error => 0,
            TyKind::Bool | TyKind::Char => 1,
            TyKind::Int { bits, .. } | TyKind::Be { bits } => u64::from(bits) / 8,
            TyKind::Str(size) => u64::from(size),
            TyKind::Array(element, length) => self.size_of(element).saturating_mul(length),
            TyKind::Struct(id) => self.struct_def(id).size,
            TyKind::Enum(id) => self.size_of(self.enum_def(id).repr),
            TyKind::F64
            | TyKind::Fn(_)
            | TyKind::Ptr { .. }
            | TyKind::Opt(_)
            | TyKind::Place { .. }
            | TyKind::Link
            | TyKind::Null => 8,
            TyKind::Handle => 4,
        }
    }

    /// In bytes, at least 1.
    pub fn align_of(&self, ty: Ty) -> u64 {
        match self.kind(ty) {
            TyKind::Array(element, _) => self.align_of(element),
            TyKind::Struct(id) => self.struct_def(id).align,
            TyKind::Str(_) => 1,
            TyKind::Void
            | TyKind::Error
            | TyKind::Bool
            | TyKind::Char
            | TyKind::Int { .. }
            | TyKind::Be { .. }
            | TyKind::Enum(_)
            | TyKind::F64
            | TyKind::Fn(_)
            | TyKind::Ptr { .. }
            | TyKind::Opt(_)
            | TyKind::Place { .. }
            | TyKind::Link
            | TyKind::Null
            | TyKind::Handle => self.size_of(ty).max(1),
        }
    }

    /// Places the fields of a struct as C does. The fields' own structs must be laid out before.
    pub fn lay_out(&mut self, id: StructId) {
        self.place_fields(id, |types, ty| types.align_of(ty));
    }

    /// Places the fields of a struct one behind the other, as C does with `__attribute__((packed))`.
    pub fn lay_out_packed(&mut self, id: StructId) {
        self.place_fields(id, |_, _| 1);
    }

    fn place_fields(&mut self, id: StructId, align_of: impl Fn(&Types, Ty) -> u64) {
        let mut offset = 0;
        let mut align = 1;
        for index in 0..self.struct_def(id).fields.len() {
            let ty = self.struct_def(id).fields[index].ty;
            let field_align = align_of(self, ty);
            offset = round_up(offset, field_align);
            self.struct_def_mut(id).fields[index].offset = offset;
            offset += self.size_of(ty);
            align = align.max(field_align);
        }
        let def = self.struct_def_mut(id);
        def.size = round_up(offset, align);
        def.align = align;
    }
}

impl Types {
    /// Where a type has bytes that belong to no field: the path of the field that they precede, or of the last one before
    /// them; none if it has no such bytes.
    pub fn padding(&self, ty: Ty) -> Option<Padding> {
        if let TyKind::Array(element, _) = self.kind(ty) {
            return self.padding(element);
        }
        let TyKind::Struct(id) = self.kind(ty) else { return None };
        let def = self.struct_def(id);
        let mut end = 0;
        for field in &def.fields {
            if field.offset > end {
                return Some(Padding { of: id, field: field.name.clone(), before: true });
            }
            if let Some(inner) = self.padding(field.ty) {
                return Some(Padding { field: format!("{}.{}", field.name, inner.field), ..inner });
            }
            end = end.max(field.offset + self.size_of(field.ty));
        }
        let last = def.fields.last().filter(|_| end < def.size)?;
        Some(Padding { of: id, field: last.name.clone(), before: false })
    }
}

/// Bytes of a struct that belong to no field.
pub struct Padding {
    /// The struct that has them.
    pub of: StructId,
    /// The field beside them, `inner.field` in a struct inside.
    pub field: String,
    /// They are before the field, not after it.
    pub before: bool,
}

fn round_up(value: u64, align: u64) -> u64 {
    value.div_ceil(align) * align
}
