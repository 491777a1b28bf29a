//! `scratch`: moves large local variables off the BPF stack if it is too small for all.
//!
//! Runs over structured control flow. It does nothing until `pipeline` has found that the module's stack does not fit,
//! and sets the least size of a variable that moves. Leaves one `percpu` variable for each function that has such
//! variables, with a field for each and one for all callees, so that the function looks it up once. The place of a moved variable keeps the
//! type of a place on the stack, so that callees and frames take it as before.
//!
//! Where the kernel starts a program on a CPU only when it does not run there (`alone` of `programs.toml`), that memory is one
//! entry for each CPU (`sharing`). A program that may be interrupted by itself takes one of several entries (`slots`). What
//! several such programs call gets its variables from its callers (`hoist`). Constants are read where they are (`constants`).
//! Pointers stay on the stack: in other memory the verifier loses track of them.

mod constants;
mod hoist;
mod sharing;
mod slots;

use super::{Because, Changed, Pass, Run};
use crate::ir::ops::KsVar;
use crate::ir::{Builder, Function, Global, GlobalKind, Module, OpId, Opcode, Symbol, Value};
use crate::session::Session;
use crate::tables::MAX_PERCPU_VALUE;
use crate::tuning::Tuning;
use crate::types::{FieldDef, Origin, Space, StructDef, Ty, TyKind, Types};
use sharing::Memory;
use std::collections::HashMap;

const NAME: &str = "scratch";
pub static PASS: Pass = Pass {
    name: NAME,
    summary: "Keep large local variables in per-CPU memory",
    after: &[("elements", "asks what is on the stack"), ("lock-places", "asks what is on the stack")],
    before: &[
        ("outline", "puts what callbacks use into a frame"),
        ("callback-writes", "asks what stays on the stack"),
        ("percpu-vars", "takes the variables that this pass makes"),
    ],
    because: Because::Target,
    run: Run::Tuned(run),
};

fn run(module: &mut Module, cx: &mut Session, tuning: &Tuning) -> Changed {
    let Some(least) = tuning.moved_locals else { return Changed::No };
    let mut changed = Changed::No;
    for func in &mut module.funcs {
        let vars = large(func, &cx.types, least, u64::MAX);
        changed = changed.or(constants::run(func, &mut cx.types, &vars));
    }
    let memory = sharing::memory(module, &cx.types, &cx.options);
    let to_callers: Vec<bool> = memory.iter().map(|&memory| memory == Memory::Callers).collect();
    changed = changed.or(hoist::to_callers(module, &mut cx.types, &to_callers, least));
    for (at, memory) in memory.into_iter().enumerate() {
        if !matches!(memory, Memory::Entry | Memory::Slot) {
            continue;
        }
        let moved = large(&module.funcs[at], &cx.types, least, MAX_PERCPU_VALUE);
        if moved.is_empty() {
            continue;
        }
        let name = free_name(module, &format!("scratch_{}", module.funcs[at].name));
        let flags = free_name(module, &format!("{name}_taken"));
        let func = &mut module.funcs[at];
        let layout = layout(func, &mut cx.types, &name, &moved);
        if memory == Memory::Slot {
            let (flags, places) = slots::place(func, &mut cx.types, (flags, name), &layout, &moved);
            module.globals.push(flags);
            module.maps.push(places);
        } else {
            module.globals.push(place(func, &mut cx.types, &name, &layout, &moved));
        }
        changed = Changed::Yes;
    }
    changed
}

/// The variables that move, as many as fit: the largest first, behind those for callees.
fn large(func: &Function, types: &Types, least: u64, mut room: u64) -> Vec<OpId> {
    // Variables that other passes made are arguments of helpers, which want them on the stack.
    let is_own =
        |op: &OpId| func.ops[*op].opcode == Opcode::KsVar && func.ops[*op].loc.made_by.is_none_or(|by| by == NAME);
    let mut vars: Vec<(u64, OpId)> =
        func.walk().into_iter().filter(is_own).map(|op| (types.size_of(variable_type(func, types, op)), op)).collect();
    vars.retain(|&(size, op)| size >= least && fits_map(types, variable_type(func, types, op)));
    vars.sort_by_key(|&(size, _)| std::cmp::Reverse(size));
    let (mut moved, own): (Vec<_>, Vec<_>) = vars.into_iter().partition(|&(_, op)| is_for_callee(func, op));
    moved.retain(|&(size, _)| size.next_multiple_of(8) <= room);
    room -= moved.first().map_or(0, |&(size, _)| size.next_multiple_of(8));
    moved.extend(own.into_iter().filter(|&(size, _)| {
        let aligned = size.next_multiple_of(8);
        let fits = aligned <= room;
        room -= if fits { aligned } else { 0 };
        fits
    }));
    moved.into_iter().map(|(_, op)| op).collect()
}

/// Whether a variable is memory that a function hands to a callee (`hoist`), which uses it until it returns. So those of all callees are
/// in the same memory.
fn is_for_callee(func: &Function, op: OpId) -> bool {
    func.ops[op].loc.made_by == Some(NAME)
}

fn variable_type(func: &Function, types: &Types, op: OpId) -> Ty {
    let TyKind::Place { of, .. } = types.kind(func.ty(func.ops[op].results[0])) else {
        crate::bug!("a variable that is no place")
    };
    of
}

/// Whether a type can be in a map: without pointers, and without special fields, which per-CPU maps refuse.
fn fits_map(types: &Types, ty: Ty) -> bool {
    let kind = types.kind(ty);
    if let TyKind::Struct(id) = kind {
        let def = types.struct_def(id);
        return !def.origin.is_kept() && def.fields.iter().all(|field| fits_map(types, field.ty));
    }
    if let TyKind::Array(element, _) = kind {
        return fits_map(types, element);
    }
    !matches!(kind, TyKind::Ptr { .. } | TyKind::Fn(_))
}

/// `name`, or one with more after it, that nothing in the module has.
fn free_name(module: &Module, name: &str) -> Symbol {
    let taken = |name: &str| {
        module.globals.iter().any(|g| &*g.name == name)
            || module.maps.iter().any(|m| &*m.name == name)
            || module.funcs.iter().any(|f| &*f.name == name)
    };
    let mut free = name.to_owned();
    while taken(&free) {
        free.push('_');
    }
    free.as_str().into()
}

/// A struct with the variables.
struct Layout {
    ty: Ty,
    /// For each variable, the index of its field, with that field's type.
    fields: Vec<(usize, Ty)>,
}

/// The struct of the variables: first the memory of callees, then a field for each other one.
fn layout(func: &Function, types: &mut Types, name: &Symbol, moved: &[OpId]) -> Layout {
    let of_callees = moved.iter().filter(|&&op| is_for_callee(func, op));
    let most = of_callees.map(|&op| types.size_of(variable_type(func, types, op))).max();
    let callees = most.map(|size| types.intern(TyKind::Array(Ty::U64, size.div_ceil(8))));
    let field = |name: String, ty: Ty| FieldDef { name, ty, offset: 0, bits: None, span: None };
    let mut all: Vec<FieldDef> = callees.map(|ty| field("callees".to_owned(), ty)).into_iter().collect();
    let mut fields = Vec::new();
    for &op in moved {
        if let Some(callees) = callees.filter(|_| is_for_callee(func, op)) {
            fields.push((0, callees));
            continue;
        }
        let (index, ty) = (all.len(), variable_type(func, types, op));
        // Unique, since shadowed variables share a name.
        all.push(field(format!("{}{index}", String::from_utf8_lossy(KsVar::of(&func.ops[op]).name())), ty));
        fields.push((index, ty));
    }
    let def = StructDef { name: name.to_string(), origin: Origin::User, fields: all, size: 0, align: 1, span: None };
    let id = types.add_struct(def);
    types.lay_out_in_words(id);
    Layout { ty: types.intern(TyKind::Struct(id)), fields }
}

/// Moves the variables into one entry for each CPU.
fn place(func: &mut Function, types: &mut Types, name: &Symbol, layout: &Layout, moved: &[OpId]) -> Global {
    let Some(&first) = func.blocks[func.entry()].ops.first() else { crate::bug!("a function without an end") };
    let ty = layout.ty;
    let whole = types.place(ty, Space::Percpu);
    let base = Builder::before(func, first, NAME).ks_global(name, whole);
    in_memory(func, types, (first, base), layout, moved);
    let (init, span) = (vec![0; types.size_of(ty) as usize], func.name_span);
    Global { name: name.clone(), ty, init, kind: GlobalKind::Percpu, section: None, span }
}

/// Puts the fields of a place where the variables were.
fn in_memory(func: &mut Function, types: &mut Types, (first, base): (OpId, Value), layout: &Layout, moved: &[OpId]) {
    let TyKind::Place { space, .. } = types.kind(func.ty(base)) else { crate::bug!("a base that is no place") };
    let mut places = HashMap::new();
    for (&op, &(index, ty)) in std::iter::zip(moved, &layout.fields) {
        let of = variable_type(func, types, op);
        let (field, there) = (types.place(ty, space), types.ptr(ty, space, false));
        let (local, as_local) = (types.ptr(of, Space::Stack, false), types.place(of, Space::Stack));
        let mut b = Builder::before(func, first, NAME);
        let mut place = b.ks_field(base, index as i128, field);
        if field != as_local {
            let there = b.ks_addr(place, there);
            let local = b.arith_cast(there, local);
            place = b.ks_deref(local, as_local);
        }
        places.insert(func.ops[op].results[0], place);
    }
    func.replace_values(&places);
    erase(func, moved);
}

fn erase(func: &mut Function, ops: &[OpId]) {
    for &op in ops {
        func.erase(op);
    }
}
