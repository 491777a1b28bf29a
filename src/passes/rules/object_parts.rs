//! The objects that BPF code makes, and parts of them: part of the pass `reach`.
//!
//! The kernel's verifier knows such an object by its type. A program loads and stores its fields, at offsets that are known when it is
//! loaded, and no helper takes the address of one (`check_ptr_to_btf_access` of kernel/bpf/verifier.c).

use crate::diag::Diagnostic;
use crate::diag::codes::refused::NewInBpf;
use crate::ir::ops::{KsAddr, KsDeref, KsElem};
use crate::ir::{Function, OpData, Opcode, Value};
use crate::passes::analysis::root;
use crate::session::Session;
use crate::source::Span;
use crate::tables;
use crate::types::{Origin, TyKind, Types};

/// The ops that BPF code cannot do with a part of an object, each with the reason.
pub fn refused(func: &Function, types: &Types) -> Vec<(Span, &'static str)> {
    let mut found: Vec<(Span, &'static str)> = Vec::new();
    for data in func.all() {
        let Some(why) = refusal(func, types, data) else { continue };
        if found.iter().all(|(span, _)| *span != data.loc.span) {
            found.push((data.loc.span, why));
        }
    }
    found
}

fn refusal(func: &Function, types: &Types, op: &OpData) -> Option<&'static str> {
    if op.opcode == Opcode::KsElem {
        let view = KsElem::of(op);
        let is_constant = func.def(view.index()).is_some_and(|index| func.ops[index].opcode == Opcode::KsConst);
        return (in_object(func, types, view.base()) && !is_constant).then_some("at an index that is no constant");
    }
    if op.opcode == Opcode::KsAddr {
        let place = KsAddr::of(op).place();
        let is_whole = func.def(place).is_some_and(|op| func.ops[op].opcode == Opcode::KsDeref);
        return (!is_whole && in_object(func, types, place)).then_some("by its address");
    }
    let moves = matches!(
        op.opcode,
        Opcode::KsLoad
            | Opcode::KsStore
            | Opcode::KsCopy
            | Opcode::KsZero
            | Opcode::KsAssignOp
            | Opcode::KsField
            | Opcode::KsBits
    );
    let other = !moves && op.operands.iter().any(|&operand| in_object(func, types, operand));
    other.then_some("by anything but loads and stores")
}

fn in_object(func: &Function, types: &Types, place: Value) -> bool {
    let Some(root) = root(func, place).map(|op| &func.ops[op]) else { return false };
    root.opcode == Opcode::KsDeref && types.is_object_pointer(func.ty(KsDeref::of(root).pointer()))
}

/// Reports what the kernel does not make for BPF code.
pub fn check_made(cx: &mut Session, func: &Function, called_from: &dyn Fn(&mut Diagnostic)) {
    for data in func.all_of(Opcode::HostNew) {
        let span = data.loc.span;
        let since = tables::kfunc("bpf_obj_new_impl").and_then(|known| known.since);
        if let Some(version) = cx.options.lacks(since)
            && let Some(error) = cx.needs_kernel(span, "`new` in BPF code".into(), version)
        {
            called_from(error);
            error.help("a local variable lives as long as its function, an entry of a map until it is deleted");
            continue;
        }
        let TyKind::Ptr { to, .. } = cx.types.kind(func.ty(data.results[0])) else { continue };
        let types = &cx.types;
        let is_own = matches!(types.kind(to), TyKind::Struct(id) if types.struct_def(id).origin.is_own());
        if is_own && !types.has_lock(to) && !types.has_origin(to, Origin::owns) && !types.holds_pointer(to) {
            continue;
        }
        let error = cx.error(span, NewInBpf { ty: types.name(to) });
        called_from(error);
        error.help(
            "declare a struct of numbers, text and arrays of those, without pointers, a lock or what owns objects",
        );
    }
}
