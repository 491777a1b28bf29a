//! `scratch`: moves large local variables off the BPF stack if it is too small for all.
//!
//! Runs over structured control flow. It does nothing until `pipeline` has found that the module's stack does not fit,
//! and sets the least size of a variable that moves. Leaves one `percpu` variable for each function that has such
//! variables, with a field for each, so that the function looks it up once. The place of a moved variable keeps the
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
        let room = match memory {
            Memory::Entry => MAX_PERCPU_VALUE,
            Memory::Slot => slots::MAX_SLOT,
            Memory::Callers | Memory::Stack => continue,
        };
        let moved = large(&module.funcs[at], &cx.types, least, room);
        if moved.is_empty() {
            continue;
        }
        let name = free_name(module, &format!("scratch_{}", module.funcs[at].name));
        let func = &mut module.funcs[at];
        let global = if memory == Memory::Slot {
            let of_run = format!("{name}_run").as_str().into();
            let ty = layout(func, &mut cx.types, &of_run, &moved);
            slots::place(func, &mut cx.types, &name, ty, &moved)
        } else {
            let ty = layout(func, &mut cx.types, &name, &moved);
            place(func, &mut cx.types, &name, ty, &moved)
        };
        module.globals.push(global);
        changed = Changed::Yes;
    }
    changed
}

/// The variables that move, the largest first, as many as fit.
fn large(func: &Function, types: &Types, least: u64, mut room: u64) -> Vec<OpId> {
    // Variables that other passes made are arguments of helpers, which want them on the stack.
    let is_own =
        |op: &OpId| func.ops[*op].opcode == Opcode::KsVar && func.ops[*op].loc.made_by.is_none_or(|by| by == NAME);
    let mut vars: Vec<(u64, OpId)> =
        func.walk().into_iter().filter(is_own).map(|op| (types.size_of(variable_type(func, types, op)), op)).collect();
    vars.retain(|&(size, op)| size >= least && fits_map(types, variable_type(func, types, op)));
    vars.sort_by_key(|&(size, _)| std::cmp::Reverse(size));
    vars.retain(|&(size, _)| {
        let aligned = size.next_multiple_of(8);
        let fits = aligned <= room;
        room -= if fits { aligned } else { 0 };
        fits
    });
    vars.into_iter().map(|(_, op)| op).collect()
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

/// The struct of the variables.
fn layout(func: &Function, types: &mut Types, name: &Symbol, moved: &[OpId]) -> Ty {
    let fields = moved.iter().enumerate().map(|(index, &op)| {
        // Unique, since shadowed variables share a name.
        let name = format!("{}{index}", String::from_utf8_lossy(KsVar::of(&func.ops[op]).name()));
        FieldDef { name, ty: variable_type(func, types, op), offset: 0, bits: None, span: None }
    });
    let fields = fields.collect();
    let def = StructDef { name: name.to_string(), origin: Origin::User, fields, size: 0, align: 1, span: None };
    let id = types.add_struct(def);
    types.lay_out_in_words(id);
    types.intern(TyKind::Struct(id))
}

/// The types of the variables.
fn fields(func: &Function, types: &Types, moved: &[OpId]) -> Vec<Ty> {
    moved.iter().map(|&op| variable_type(func, types, op)).collect()
}

/// Moves the variables, fields of `ty`, into one entry for each CPU.
fn place(func: &mut Function, types: &mut Types, name: &Symbol, ty: Ty, moved: &[OpId]) -> Global {
    let Some(&first) = func.blocks[func.entry()].ops.first() else { crate::bug!("a function without an end") };
    let whole = types.place(ty, Space::Percpu);
    let base = Builder::before(func, first, NAME).ks_global(name, whole);
    in_memory(func, types, (first, base), moved);
    erase(func, moved);
    let (init, span) = (vec![0; types.size_of(ty) as usize], func.name_span);
    Global { name: name.clone(), ty, init, kind: GlobalKind::Percpu, section: None, span }
}

/// Puts the fields of a place where the variables were.
fn in_memory(func: &mut Function, types: &mut Types, (first, base): (OpId, Value), moved: &[OpId]) {
    let mut places = HashMap::new();
    for (index, of) in fields(func, types, moved).into_iter().enumerate() {
        let (field, there) = (types.place(of, Space::Percpu), types.ptr(of, Space::Percpu, false));
        let (local, as_local) = (types.ptr(of, Space::Stack, false), types.place(of, Space::Stack));
        let mut b = Builder::before(func, first, NAME);
        let field = b.ks_field(base, index as i128, field);
        let there = b.ks_addr(field, there);
        let local = b.arith_cast(there, local);
        let place = b.ks_deref(local, as_local);
        places.insert(func.ops[moved[index]].results[0], place);
    }
    func.replace_values(&places);
}

fn erase(func: &mut Function, ops: &[OpId]) {
    for &op in ops {
        func.erase(op);
    }
}
