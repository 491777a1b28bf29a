//! Fields of objects, by the kinds of pointers to them: the verifier has one kind for full objects, and one for those that may
//! lack some fields (`PTR_TO_SOCKET`, `PTR_TO_SOCK_COMMON`). It lets programs read fields that only full ones have through the
//! first kind alone, and one instruction may read through one kind alone.

use crate::diag::codes::contexts::{PartOfObject, TwoKinds};
use crate::ir::ops::PacketCtxLoad;
use crate::ir::{Function, Module, OpData, Opcode, Role, ValueDef};
use crate::passes::analysis::pointer_sources::{At, Sources};
use crate::session::Session;
use crate::tables::{CONTEXTS, ContextField, context_of};
use crate::types::Types;
use std::collections::BTreeSet;

/// The kinds that a pointer may have.
#[derive(Clone, Copy, Default)]
struct Kinds {
    full: bool,
    partial: bool,
}

/// Reports reads of fields that some of the objects lack.
pub fn check(module: &Module, cx: &mut Session) {
    let mut found = Vec::new();
    let sources = Sources::new(module, &cx.types);
    for (at, func) in module.funcs.iter().enumerate() {
        for data in func.all() {
            let Some(field) = field(func, &cx.types, data).filter(|field| is_of_object(field)) else { continue };
            let mut kinds = Kinds::default();
            follow(&sources, (at, PacketCtxLoad::of(data).ctx()), &mut BTreeSet::new(), &mut kinds);
            if kinds.partial && (field.full || kinds.full) {
                found.push((data.loc.span, field, kinds));
            }
        }
    }
    for (span, field, kinds) in found {
        let full = "`bpf_sk_fullsock(sk)` yields the socket where it is a full one, else null";
        if field.full {
            cx.error(span, PartOfObject { field: field.name.to_owned() })
                .help(format!("{full}: read the field of that"));
        } else if kinds.full {
            cx.error(span, TwoKinds { field: field.name.to_owned() })
                .remark("the kernel wants one kind of pointer in each instruction")
                .help(format!("make them one kind: {full}; `bpf_skc_lookup_tcp` yields the others"));
        }
    }
}

/// Whether the objects have fields that only full ones have.
fn is_of_object(field: &ContextField) -> bool {
    let of =
        CONTEXTS.iter().find(|context| context.object && context.fields.iter().any(|own| std::ptr::eq(own, field)));
    of.is_some_and(|context| context.fields.iter().any(|field| field.full))
}

/// The field that an op reads from a context or an object.
fn field(func: &Function, types: &Types, op: &OpData) -> Option<&'static ContextField> {
    if op.opcode != Opcode::PacketCtxLoad {
        return None;
    }
    let view = PacketCtxLoad::of(op);
    context_of(types, func.ty(view.ctx()))?.fields.get(usize::try_from(view.field()).ok()?)
}

/// Adds the kinds that a pointer may have. One that cannot be followed is partial: its type says only that some fields can be read.
fn follow(sources: &Sources, (at, pointer): At, seen: &mut BTreeSet<At>, kinds: &mut Kinds) {
    if !seen.insert((at, pointer)) {
        return;
    }
    let func = &sources.module.funcs[at];
    let op = func.def(pointer).map(|op| &func.ops[op]);
    // The sockets of maps are `PTR_TO_SOCKET`.
    let of_map = op.filter(|op| op.opcode == Opcode::MapSocket).map(|_| true);
    let yields = of_map.or_else(|| op.and_then(|op| super::helper(op).map(|helper| helper.full)));
    // The context of a program is the object itself, all of it.
    let given = func.values[pointer].def == ValueDef::Arg(func.entry(), 0) && matches!(func.role, Role::Program { .. });
    let yields = yields.or(given.then_some(true));
    let known = yields.or_else(|| field(func, sources.types, op?).map(|field| field.full));
    match (known, sources.made_of((at, pointer))) {
        (Some(true), _) => kinds.full = true,
        (Some(false), _) | (None, None) => kinds.partial = true,
        (None, Some(from)) => from.into_iter().for_each(|source| follow(sources, source, seen, kinds)),
    }
}
