//! Queries on the table of contexts.
//!
//! Structs of `contexts.toml` with `object = true` are kernel objects. Pointers to them have the space `btf(trusted)`, and
//! `packet.ctx_load` reads their fields, as it reads those of a context. The key of a local-storage map is a place: in BPF code it
//! holds the object's pointer, which the emitter loads for the helper of the map kind (`object` in `maps.toml`); in user space it holds
//! a descriptor or a process number, which the runtime opens (`runtime/src/object/maps/objects.rs`).

use super::{CONTEXTS, ContextField, ContextSpec, Machine, PRESENT_FIELDS, PROGRAMS, Params, TARGET};
use crate::types::{Origin, Ty, TyKind, Types};

/// The context, or the kernel object, that a pointer type points to: what only the verifier has the layout of.
pub fn context_of(types: &Types, pointer: Ty) -> Option<&'static ContextSpec> {
    let TyKind::Ptr { to, .. } = types.kind(pointer) else { return None };
    let TyKind::Struct(id) = types.kind(to) else { return None };
    let def = types.struct_def(id);
    let is_kernels = matches!(def.origin, Origin::Context | Origin::Object);
    contexts(types.machine()).find(|context| is_kernels && context.name == def.name)
}

/// The contexts and kernel objects of a machine.
pub fn contexts(machine: &Machine) -> impl Iterator<Item = &'static ContextSpec> {
    CONTEXTS.iter().filter(|context| context.machine.is_none_or(|name| name == machine.name))
}

impl ContextField {
    /// As programs write it: the name of an array's element ends in its index.
    pub fn written(&self) -> String {
        match self.name.rsplit_once('.') {
            Some((array, index)) if index.bytes().all(|byte| byte.is_ascii_digit()) => format!("{array}[{index}]"),
            Some(_) | None => self.name.to_owned(),
        }
    }
}

/// Whether a type is a context that the kernel's BTF describes, as those of iterators.
pub fn is_kernel_context(types: &Types, ty: Ty) -> bool {
    let TyKind::Struct(id) = types.kind(ty) else { return false };
    let def = types.struct_def(id);
    let is_context = |params: &Params| matches!(params, Params::Kernel { of, .. } if def.name.starts_with(of.trim_end_matches(TARGET)));
    def.origin.is_relocated() && PROGRAMS.iter().any(|spec| is_context(&spec.params))
}

/// Whether a field of a struct of the kernel is a pointer that is never null.
pub fn is_present(of: &str, field: &str) -> bool {
    let listed = PROGRAMS
        .iter()
        .filter_map(|spec| if let Params::Kernel { present, .. } = &spec.params { Some(present.iter()) } else { None });
    let named = |written: &str| written.strip_suffix(TARGET).map_or(written == of, |prefix| of.starts_with(prefix));
    let of_structs = PRESENT_FIELDS.iter().any(|spec| spec.name == of && spec.fields.contains(&field));
    of_structs || listed.flatten().any(|&(written, name)| name == field && named(written))
}
