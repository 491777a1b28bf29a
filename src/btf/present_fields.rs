//! Fields of the kernel's structs that are never null.

use super::import::Import;
use crate::tables::PRESENT_FIELDS;
use crate::types::{StructId, Ty, TyKind};

impl Import<'_> {
    /// The type of a field: pointers may be null, but for those of the table.
    pub(super) fn presence(&mut self, of: StructId, field: &str, ty: Ty) -> Ty {
        let TyKind::Ptr { to, space, .. } = self.types.kind(ty) else { return ty };
        let name = &self.types.struct_def(of).name;
        let is_present = PRESENT_FIELDS.iter().any(|spec| spec.name == name && spec.fields.contains(&field));
        if is_present { self.types.ptr(to, space, false) } else { ty }
    }
}
