//! What `--metrics` serves: the maps and variables that hold numbers, in a program that waits in the library.

use super::Names;
use crate::ir::metrics::{has_time, numbers};
use crate::ir::{Function, MetricDecl, MetricNumber, Symbol};
use crate::sema::tree::{Global, Map, Program, Storage};
use crate::session::Session;
use crate::source::Span;
use crate::tables::{MapAccess, ValueRule};
use crate::target::Target;
use crate::types::{Ty, TyKind, Types};

/// The metrics of a program, maps first, each in the order of the text.
pub(super) fn decls(cx: &Session, program: &Program, names: &Names, funcs: &[Function]) -> Vec<MetricDecl> {
    if cx.options.tests || !has_time(funcs) {
        return Vec::new();
    }
    let types = &cx.types;
    let maps = std::iter::zip(&program.maps, &names.maps).filter_map(|(map, name)| of_map(types, program, map, name));
    let variables = std::iter::zip(&program.globals, &names.globals);
    maps.chain(variables.filter_map(|(global, name)| of_variable(types, program, global, name))).collect()
}

fn of_map(types: &Types, program: &Program, map: &Map, name: &Symbol) -> Option<MetricDecl> {
    let access = if map.kind.buckets.is_some() { MapAccess::Count } else { MapAccess::Walk };
    let declared = map.index.unwrap_or(map.key);
    let key = if map.kind.key.is_written() { declared } else { Ty::VOID };
    if map.is_bound || !map.kind.on[Target::Host].contains(&access) || has_stack(types, key) {
        return None;
    }
    let docs = docs_of(program, map.span);
    if map.kind.buckets.is_some() {
        let steps = [map.steps.low, map.steps.high, map.steps.step].map(i128::from);
        return Some(MetricDecl { of: name.clone(), key, docs, steps: Some(steps), numbers: Vec::new() });
    }
    let value = if map.kind.value == ValueRule::Any { map.value } else { Ty::VOID };
    metric(types, program, (name, key, value), docs)
}

fn of_variable(types: &Types, program: &Program, global: &Global, name: &Symbol) -> Option<MetricDecl> {
    let is_shared = matches!(global.storage, Storage::Shared | Storage::Pinned);
    metric(types, program, (name, Ty::VOID, global.ty), docs_of(program, global.span)).filter(|_| is_shared)
}

/// None for values without numbers.
fn metric(types: &Types, program: &Program, (name, key, value): (&Symbol, Ty, Ty), docs: String) -> Option<MetricDecl> {
    let number = |path: Vec<String>| MetricNumber { docs: field_docs(types, program, value, &path), grows: false };
    let numbers: Vec<MetricNumber> = numbers(types, value).into_iter().map(|found| number(found.path)).collect();
    (!numbers.is_empty()).then(|| MetricDecl { of: name.clone(), key, docs, steps: None, numbers })
}

/// The doc comment of the field that a path leads to; empty without a field.
fn field_docs(types: &Types, program: &Program, value: Ty, path: &[String]) -> String {
    let (mut ty, mut docs) = (value, String::new());
    for name in path {
        while let TyKind::Array(element, _) = types.kind(ty) {
            ty = element;
        }
        let TyKind::Struct(id) = types.kind(ty) else { break };
        let Some(index) = types.struct_def(id).field(name) else { break };
        docs = program.docs.fields.get(&(id, index)).cloned().unwrap_or_default();
        ty = types.struct_def(id).fields[index].ty;
    }
    docs
}

/// The doc comment of a map or variable; empty without one.
fn docs_of(program: &Program, name: Span) -> String {
    program.docs.variables.get(&name).cloned().unwrap_or_default()
}

/// Whether numbers of stacks, which name frames, are in the type.
fn has_stack(types: &Types, ty: Ty) -> bool {
    match types.kind(ty) {
        TyKind::Array(element, _) => has_stack(types, element),
        TyKind::Struct(id) => types.struct_def(id).fields.iter().any(|field| has_stack(types, field.ty)),
        TyKind::Enum(id) => types.enum_def(id).stacks().is_some(),
        TyKind::Void
        | TyKind::Bool
        | TyKind::Int { .. }
        | TyKind::Be { .. }
        | TyKind::Char
        | TyKind::F64
        | TyKind::Str(_)
        | TyKind::Fn(_)
        | TyKind::Ptr { .. }
        | TyKind::Opt(_)
        | TyKind::Place { .. }
        | TyKind::Handle(_)
        | TyKind::Link
        | TyKind::Bytes
        | TyKind::Null
        | TyKind::Error => false,
    }
}
