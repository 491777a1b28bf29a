//! Queries on the table of contexts.

use super::{CONTEXTS, ContextSpec};
use crate::types::{Origin, Ty, TyKind, Types};

/// The context, or the kernel object, that a pointer type points to: what only the verifier has the layout of.
pub fn context_of(types: &Types, pointer: Ty) -> Option<&'static ContextSpec> {
    let TyKind::Ptr { to, .. } = types.kind(pointer) else { return None };
    let TyKind::Struct(id) = types.kind(to) else { return None };
    let def = types.struct_def(id);
    let is_kernels = matches!(def.origin, Origin::Context | Origin::Object);
    CONTEXTS.iter().find(|context| is_kernels && context.name == def.name)
}
