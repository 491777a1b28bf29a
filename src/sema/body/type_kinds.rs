//! Questions about types that many rules ask.

use super::Site;
use crate::types::{EnumId, Space, StructId, Ty, TyKind};

/// A pointer type, taken apart.
#[derive(Clone, Copy)]
pub(super) struct Pointer {
    pub to: Ty,
    pub space: Space,
    pub nullable: bool,
}

impl Site<'_, '_> {
    /// The parts of a pointer type; none for other types.
    pub fn pointer(&self, ty: Ty) -> Option<Pointer> {
        if let TyKind::Ptr { to, space, nullable } = self.cx.types.kind(ty) {
            return Some(Pointer { to, space, nullable });
        }
        None
    }

    /// Width of a type of network byte order.
    pub fn be_bits(&self, ty: Ty) -> Option<u8> {
        if let TyKind::Be { bits } = self.cx.types.kind(ty) { Some(bits) } else { None }
    }

    /// The struct or union of a type; none for other types.
    pub fn struct_id(&self, ty: Ty) -> Option<StructId> {
        if let TyKind::Struct(id) = self.cx.types.kind(ty) { Some(id) } else { None }
    }

    /// The enum of a type; none for other types.
    pub fn enum_id(&self, ty: Ty) -> Option<EnumId> {
        let TyKind::Enum(id) = self.cx.types.kind(ty) else { return None };
        self.cx.types.enum_def(id).stacks().is_none().then_some(id)
    }

    /// Whether the type is a string of any size.
    pub fn is_str(&self, ty: Ty) -> bool {
        matches!(self.cx.types.kind(ty), TyKind::Str(_))
    }

    /// `char[N]`
    pub fn is_chars(&self, ty: Ty) -> bool {
        matches!(self.cx.types.kind(ty), TyKind::Array(Ty::CHAR, _))
    }

    /// Whether the type is an integer in host order.
    pub fn is_int(&self, ty: Ty) -> bool {
        matches!(self.cx.types.kind(ty), TyKind::Int { .. })
    }
}
