//! Sizes, alignments and C struct layout (those of BPF and of the machines agree on all of ours).

use super::{BitField, FieldDef, StructId, Ty, TyKind, Types};
use crate::target::Endian;

impl Types {
    /// In bytes. `void` and what has no storage count as 0.
    pub fn size_of(&self, ty: Ty) -> u64 {
        match self.kind(ty) {
            TyKind::Void | TyKind::Bytes | TyKind::Error => 0,
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
            TyKind::Handle(_) => 4,
        }
    }

    /// In bytes, at least 1.
    pub fn align_of(&self, ty: Ty) -> u64 {
        let kind = self.kind(ty);
        if let TyKind::Array(element, _) = kind {
            self.align_of(element)
        } else if let TyKind::Struct(id) = kind {
            self.struct_def(id).align
        } else if let TyKind::Str(_) = kind {
            1
        } else {
            self.size_of(ty).max(1)
        }
    }
}

impl Types {
    /// By how many bits the value of a bit-field is shifted in its storage unit, once that is loaded.
    pub fn shift(&self, bits: BitField) -> u8 {
        let size = self.size_of(bits.unit);
        match self.machine().endian {
            Endian::Big if !bits.wire => 8 * size as u8 - bits.shift - bits.width,
            Endian::Big | Endian::Little => self.machine().shift((bits.shift, bits.width), size),
        }
    }

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
            end = end.max(field.offset + self.size_of(field.stored()));
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

/// Fields of one struct that lie in the same bytes: those of a union, and short forms of packet headers (`icmphdr.id` for
/// `un.echo.id`).
impl Types {
    /// Whether a write of one field changes the other.
    pub fn share_bits(&self, id: StructId, left: usize, right: usize) -> bool {
        let (l, r) = (self.field_bits(id, left), self.field_bits(id, right));
        left != right && l.start < r.end && r.start < l.end
    }

    /// Whether a write of another field changes the field.
    pub fn is_shared(&self, id: StructId, field: usize) -> bool {
        let def = self.struct_def(id);
        def.origin.overlaps() && (0..def.fields.len()).any(|other| self.share_bits(id, field, other))
    }

    /// Whether two fields of the struct have bytes in common.
    pub fn has_shared(&self, id: StructId) -> bool {
        let def = self.struct_def(id);
        def.origin.overlaps() && (0..def.fields.len()).any(|field| self.is_shared(id, field))
    }

    /// The fields that a literal has to give besides those that it gives: of fields that share bytes, one.
    pub fn lacking(&self, id: StructId, given: &[usize]) -> Vec<usize> {
        let mut lacking = Vec::new();
        for field in 0..self.struct_def(id).fields.len() {
            let shown =
                |other: &usize| *other == field || self.is_shared(id, field) && self.share_bits(id, field, *other);
            if !given.iter().any(shown) && !lacking.iter().any(shown) {
                lacking.push(field);
            }
        }
        lacking
    }

    /// Whether a field shows only bits that fields before it hold.
    pub fn is_view(&self, id: StructId, field: usize) -> bool {
        if !self.struct_def(id).origin.overlaps() {
            return false;
        }
        let own = self.field_bits(id, field);
        let mut before: Vec<_> = (0..field).map(|other| self.field_bits(id, other)).collect();
        before.sort_by_key(|bits| bits.start);
        let seen =
            before.iter().fold(own.start, |seen, bits| if bits.start <= seen { seen.max(bits.end) } else { seen });
        seen >= own.end && own.start < own.end
    }

    /// Whether an access to one field loads or stores bytes of another: one with common bits, or in the same storage unit.
    pub fn is_beside_others(&self, id: StructId, field: usize) -> bool {
        let def = self.struct_def(id);
        let bytes = |field: &FieldDef| field.offset..field.offset + self.size_of(field.stored());
        let is_beside = |other: &FieldDef| {
            let (own, other) = (bytes(&def.fields[field]), bytes(other));
            own.start < other.end && other.start < own.end
        };
        let may_be = def.origin.overlaps() || def.fields.iter().any(|field| field.bits.is_some());
        may_be && def.fields.iter().enumerate().any(|(at, other)| at != field && is_beside(other))
    }

    fn field_bits(&self, id: StructId, field: usize) -> std::ops::Range<u64> {
        let field = &self.struct_def(id).fields[field];
        let start = field.offset * 8 + field.bits.map_or(0, |bits| bits.shift.into());
        start..start + field.bits.map_or(self.size_of(field.ty) * 8, |bits| bits.width.into())
    }
}
