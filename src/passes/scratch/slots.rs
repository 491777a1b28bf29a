//! Part of `scratch`: memory for programs that may run again on a CPU before an earlier run ends: the later run interrupts it, or is in
//! another task.
//!
//! Each CPU has `SLOTS` places. A run takes the first that is free, by an atomic exchange, and gives it back where it returns. If all are
//! taken, the program returns at once what it returns where it cannot go on (`refusal` of `programs.toml`). A program stays on its CPU
//! while it runs (`migrate_disable` of the kernel).

use super::{NAME, erase, in_memory};
use crate::ir::{Builder, Function, Global, GlobalKind, OpId, Opcode, Role, Symbol, Value};
use crate::tables::MAX_PERCPU_VALUE;
use crate::types::{FieldDef, Origin, Space, StructDef, Ty, TyKind, Types};

/// The runs on a CPU that may overlap, a power of two. The kernel has 3 places for its own helpers
/// (`MAX_BPRINTF_NEST_LEVEL` of kernel/bpf/helpers.c).
pub(super) const SLOTS: u64 = 4;

/// Bytes that one place may have: besides there are the flags that say which are taken.
pub(super) const MAX_SLOT: u64 = MAX_PERCPU_VALUE / SLOTS - 8;

/// Moves the variables, fields of `ty`, into a place that each run takes.
pub(super) fn place(func: &mut Function, types: &mut Types, name: &Symbol, ty: Ty, moved: &[OpId]) -> Global {
    let flags = types.intern(TyKind::Array(Ty::U64, SLOTS));
    let slots = types.intern(TyKind::Array(ty, SLOTS));
    let whole = all_of(types, name, [("taken", flags), ("slots", slots)]);
    let Some(&first) = func.blocks[func.entry()].ops.first() else { crate::bug!("a function without an end") };
    let returns: Vec<OpId> = func.ids_of(Opcode::KsReturn).collect();
    let place = types.place(whole, Space::Percpu);
    let (flags, slots) = (types.place(flags, Space::Percpu), types.place(slots, Space::Percpu));
    let (flag, slot) = (types.place(Ty::U64, Space::Percpu), types.place(ty, Space::Percpu));
    let mut b = Builder::before(func, first, NAME);
    let base = b.ks_global(name, place);
    let taken = b.ks_field(base, 0, flags);
    let found = take(&mut b, (taken, flag), 0);
    or_refuse(func, first, found);
    let mut b = Builder::before(func, first, NAME);
    // The verifier goes on once, not once for each place.
    let found = b.bpf_forget(found, Ty::U64);
    let found = b.bpf_clamp(found, i128::from(SLOTS) - 1, Ty::U64);
    let own = b.ks_elem(taken, found, flag);
    let slots = b.ks_field(base, 1, slots);
    let slot = b.ks_elem(slots, found, slot);
    in_memory(func, types, (first, slot), moved);
    for op in returns {
        let mut b = Builder::before(func, op, NAME);
        let zero = b.ks_const(0, Ty::U64);
        b.mem_fetch(own, zero, "exchange", Ty::U64);
    }
    erase(func, moved);
    let (init, span) = (vec![0; types.size_of(whole) as usize], func.name_span);
    Global { name: name.clone(), ty: whole, init, kind: GlobalKind::Percpu, section: None, span }
}

fn all_of(types: &mut Types, name: &Symbol, fields: [(&str, Ty); 2]) -> Ty {
    let field = |(name, ty): (&str, Ty)| FieldDef { name: name.into(), ty, offset: 0, bits: None, span: None };
    let fields = fields.into_iter().map(field).collect();
    let def = StructDef { name: name.to_string(), origin: Origin::User, fields, size: 0, align: 1, span: None };
    let id = types.add_struct(def);
    types.lay_out(id);
    types.intern(TyKind::Struct(id))
}

/// The index of the first free place from `index` on, which is taken; `SLOTS` if there is none.
fn take(b: &mut Builder<'_>, (taken, flag): (Value, Ty), index: u64) -> Value {
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
            let refusal = b.ks_const(refusal, result);
            b.ks_return(Some(refusal));
        },
        |b| b.done(),
    );
}
