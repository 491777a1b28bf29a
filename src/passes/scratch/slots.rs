//! Part of `scratch`: memory for programs that may run again on a CPU before an earlier run ends: the later run interrupts it, or is in
//! another task.
//!
//! Each CPU has `SLOTS` places, entries of a per-CPU array, and a flag for each, which says that a run has it. A run takes the first
//! that is free, by an atomic exchange, and gives it back where it returns. If all are taken, the program returns at once what it returns where it cannot go on (`refusal` of `programs.toml`). A program stays on its CPU
//! while it runs (`migrate_disable` of the kernel).

use super::{Layout, NAME, in_memory};
use crate::ir::{Builder, Function, Global, GlobalKind, MapDecl, OpId, Opcode, Role, Symbol, Value};
use crate::passes::percpu_vars;
use crate::types::{Space, Ty, TyKind, Types};

/// The runs on a CPU that may overlap, a power of two. The kernel has 3 places for its own helpers
/// (`MAX_BPRINTF_NEST_LEVEL` of kernel/bpf/helpers.c).
const SLOTS: u32 = 4;

/// Moves the variables into a place that each run takes. Yields the flags and the map of the places, which have these names.
pub(super) fn place(
    func: &mut Function,
    types: &mut Types,
    (flags, places): (Symbol, Symbol),
    layout: &Layout,
    moved: &[OpId],
) -> (Global, MapDecl) {
    let Some(&first) = func.blocks[func.entry()].ops.first() else { crate::bug!("a function without an end") };
    let returns: Vec<OpId> = func.ids_of(Opcode::KsReturn).collect();
    let flags_type = types.intern(TyKind::Array(Ty::U64, SLOTS.into()));
    let (all, flag) = (types.place(flags_type, Space::Percpu), types.place(Ty::U64, Space::Percpu));
    let mut b = Builder::before(func, first, NAME);
    let taken = b.ks_global(&flags, all);
    let found = take(&mut b, (taken, flag), 0);
    or_refuse(func, first, found);
    let mut b = Builder::before(func, first, NAME);
    // The verifier goes on once, not once for each place.
    let found = b.bpf_forget(found, Ty::U64);
    let found = b.bpf_clamp(found, i128::from(SLOTS) - 1, Ty::U64);
    let own = b.ks_elem(taken, found, flag);
    let slot = look_up(&mut b, types, (&places, layout.ty), found);
    in_memory(func, types, (first, slot), layout, moved);
    for op in returns {
        let mut b = Builder::before(func, op, NAME);
        let zero = b.ks_const(0, Ty::U64);
        b.mem_fetch(own, zero, "exchange", Ty::U64);
    }
    let (init, span) = (vec![0; types.size_of(flags_type) as usize], func.name_span);
    let flags = Global { name: flags, ty: flags_type, init, kind: GlobalKind::Percpu, section: None, span };
    (flags, MapDecl::new(places, percpu_vars::kind(), Ty::U32, layout.ty, SLOTS, span))
}

fn look_up(b: &mut Builder<'_>, types: &mut Types, (places, ty): (&Symbol, Ty), index: Value) -> Value {
    let key = types.place(Ty::U32, Space::Stack);
    let key = b.ks_var(b"key", key);
    let index = b.arith_cast(index, Ty::U32);
    b.ks_store(key, index);
    percpu_vars::look_up(b, types, key, (places, ty))
}

/// The index of the first free place from `index` on, which is taken; `SLOTS` if there is none.
fn take(b: &mut Builder<'_>, (taken, flag): (Value, Ty), index: u32) -> Value {
    let at = b.ks_const(i128::from(index), Ty::U64);
    if index == SLOTS {
        return at;
    }
    let one = b.ks_const(1, Ty::U64);
    let zero = b.ks_const(0, Ty::U64);
    let place = b.ks_elem(taken, at, flag);
    let before = b.mem_fetch(place, one, "exchange", Ty::U64);
    let is_free = b.arith_cmp(before, zero, "eq", Ty::BOOL);
    let op = b.either(
        is_free,
        &[Ty::U64],
        |b| {
            b.ks_yield(&[at]);
        },
        |b| {
            let next = take(b, (taken, flag), index + 1);
            b.ks_yield(&[next]);
        },
    );
    b.result(op)
}

fn or_refuse(func: &mut Function, first: OpId, found: Value) {
    let Role::Program { spec, target, .. } = &func.role else { crate::bug!("only a program takes a place") };
    let (refusal, result) = (spec.refusal_at(target.as_deref()), func.result);
    let mut b = Builder::before(func, first, NAME);
    let all = b.ks_const(i128::from(SLOTS), Ty::U64);
    let none = b.arith_cmp(found, all, "eq", Ty::BOOL);
    b.either(
        none,
        &[],
        |b| {
            let refusal = (result != Ty::VOID).then(|| b.ks_const(refusal, result));
            b.ks_return(refusal);
        },
        |b| b.done(),
    );
}
