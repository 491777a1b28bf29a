//! The types inside a type.

use super::{SigId, Space, StructId, Ty, TyKind, Types};

/// The types that a type is made of.
pub enum TypeParts {
    None,
    /// The type of the elements, of the pointee, of the place or of the optional.
    One(Ty),
    Fields(StructId),
    Signature(SigId),
}

impl TyKind {
    /// The types that it is made of, one level deep.
    pub fn parts(self) -> TypeParts {
        match self {
            TyKind::Array(of, _) | TyKind::Ptr { to: of, .. } | TyKind::Opt(of) | TyKind::Place { of, .. } => {
                TypeParts::One(of)
            }
            TyKind::Struct(id) => TypeParts::Fields(id),
            TyKind::Fn(sig) => TypeParts::Signature(sig),
            TyKind::Void
            | TyKind::Bool
            | TyKind::Int { .. }
            | TyKind::Be { .. }
            | TyKind::Char
            | TyKind::F64
            | TyKind::Str(_)
            | TyKind::Enum(_)
            | TyKind::Handle(_)
            | TyKind::Link
            | TyKind::Bytes
            | TyKind::Null
            | TyKind::Error => TypeParts::None,
        }
    }
}

impl Types {
    /// The type and the number of the elements of an array, or of the characters of a string; none for other types.
    pub fn elements(&self, ty: Ty) -> Option<(Ty, u64)> {
        let kind = self.kind(ty);
        if let TyKind::Array(element, length) = kind {
            return Some((element, length));
        }
        if let TyKind::Str(size) = kind { Some((Ty::CHAR, size.into())) } else { None }
    }

    /// A pointer, or something with one in a field or element. One into an arena does not count: the verifier takes it for a
    /// number, which may lie anywhere.
    pub fn holds_pointer(&self, ty: Ty) -> bool {
        self.holds(ty, &|kind| matches!(kind, TyKind::Ptr { space, .. } if space != Space::Arena))
    }

    /// A pointer that the kernel's verifier follows to memory, or something with one in a field or element: none that only a helper reads
    /// through, for which the address is enough.
    pub fn holds_followed(&self, ty: Ty) -> bool {
        self.holds(ty, &|kind| matches!(kind, TyKind::Ptr { space, .. } if space != Space::Arena && !space.is_probed()))
    }

    /// Such a type, or something with one in a field or element.
    pub fn holds(&self, ty: Ty, wanted: &impl Fn(TyKind) -> bool) -> bool {
        let kind = self.kind(ty);
        if let TyKind::Array(element, _) = kind {
            return self.holds(element, wanted);
        }
        // A struct that only the kernel touches counts as empty.
        if let TyKind::Struct(id) = kind {
            let def = self.struct_def(id);
            return !def.origin.is_kept() && def.fields.iter().any(|field| self.holds(field.ty, wanted));
        }
        wanted(kind)
    }

    /// Whether a struct is the type, or in a field or element of it.
    pub fn is_inside(&self, id: StructId, ty: Ty) -> bool {
        let kind = self.kind(ty);
        if let TyKind::Array(element, _) = kind {
            return self.is_inside(id, element);
        }
        let TyKind::Struct(of) = kind else { return false };
        of == id || self.struct_def(of).fields.iter().any(|field| self.is_inside(id, field.ty))
    }

    /// Integers, bools and text alone, in fields and elements; no pointers, no bits.
    pub fn is_plain(&self, ty: Ty) -> bool {
        let kind = self.kind(ty);
        if let TyKind::Struct(id) = kind {
            return self.struct_def(id).fields.iter().all(|field| field.bits.is_none() && self.is_plain(field.ty));
        }
        if let TyKind::Array(element, _) = kind {
            return self.is_plain(element);
        }
        let is_text = matches!(kind, TyKind::Str(_));
        is_text || matches!(kind, TyKind::Bool | TyKind::Be { .. }) || self.as_int(ty).is_some()
    }

    /// Strings, arrays and structs: never an SSA value, always in a place.
    pub fn is_aggregate(&self, ty: Ty) -> bool {
        matches!(self.kind(ty), TyKind::Str(_) | TyKind::Array(..) | TyKind::Struct(_))
    }

    /// Where a pointer or a place leads.
    pub fn space(&self, ty: Ty) -> Option<Space> {
        if let TyKind::Ptr { space, .. } | TyKind::Place { space, .. } = self.kind(ty) { Some(space) } else { None }
    }

    /// A struct of the kernel's BTF, or an array of them: each kernel has a layout of its own.
    pub fn is_relocated(&self, ty: Ty) -> bool {
        if let TyKind::Array(element, _) = self.kind(ty) {
            return self.is_relocated(element);
        }
        matches!(self.kind(ty), TyKind::Struct(id) if self.struct_def(id).origin.is_relocated())
    }
}
