//! Whether loaders take a field that a program declares in a flavour of a struct for the kernel's field of that name:
//! `bpf_core_fields_are_compat` of libbpf's relo_core.c.

use super::import::MAX_DEPTH;
use super::{Btf, KernelTypes, Kind, NotImported, TypeId, Wanted};
use crate::types::{Ty, TyKind, Types};

impl KernelTypes {
    /// The kernel's type of the field, if it is of another kind than the declared one, so that loaders find no such field.
    pub fn other_kind(
        &mut self,
        types: &mut Types,
        (of, field): (&str, &str),
        declared: Ty,
    ) -> Option<Result<Ty, NotImported>> {
        let id = self.find(of, Wanted::Type)?;
        let btf = self.types()?;
        let (id, _) = btf.plain(id).ok()?;
        let member = btf.member(id, field).ok()??;
        let member = (member.ty, member.bit_width.is_some());
        if member.1 || is_same_kind(btf, member.0, types, declared, MAX_DEPTH) {
            return None;
        }
        self.import(types, member.0)
    }
}

/// Numbers are of one kind whatever their widths, and so are pointers and structs; enums have one name.
fn is_same_kind(btf: &Btf, kernel: TypeId, types: &Types, declared: Ty, depth: usize) -> bool {
    let (Some(depth), Ok((_, kernel))) = (depth.checked_sub(1), btf.plain(kernel)) else { return true };
    let declared = types.kind(declared);
    if let TyKind::Array(element, _) = declared {
        return matches!(kernel.kind, Kind::Array { of, .. } if is_same_kind(btf, of, types, element, depth));
    }
    if let TyKind::Enum(id) = declared {
        let plain = |name: &str| name.split("___").next().unwrap_or_default().to_owned();
        let is_named = plain(&types.enum_def(id).name) == plain(kernel.name) || kernel.name.is_empty();
        return matches!(kernel.kind, Kind::Enum { .. }) && is_named;
    }
    if matches!(declared, TyKind::Bool | TyKind::Int { .. } | TyKind::Be { .. } | TyKind::Char) {
        return matches!(kernel.kind, Kind::Int { .. });
    }
    if let TyKind::Struct(_) = declared {
        return matches!(kernel.kind, Kind::Struct { .. } | Kind::Union { .. });
    }
    !matches!(declared, TyKind::Ptr { .. }) || matches!(kernel.kind, Kind::Pointer(_))
}
