//! Counting in histograms: part of the pass `maps`.
//!
//! `map.add` becomes a lookup, and additions to the sum and to one of the counts of the entry. The entry is of the CPU that runs the
//! program. The additions are atomic, unless the programs that count in the map exclude each other on a CPU: one that interrupts another
//! between its load and its store would be forgotten.

use super::{Entry, NAME, declared};
use crate::ir::ops::MapAdd;
use crate::ir::{Builder, Function, Module, OpId, Opcode, Symbol, Value};
use crate::passes::Declarations;
use crate::passes::analysis::runs::Runs;
use crate::session::Options;
use crate::tables::Alone;
use crate::tables::uapi::BPF_NOEXIST;
use crate::types::{Space, Ty, TyKind, Types};
use std::collections::{BTreeMap, BTreeSet};

/// The fields of an entry.
const SUM: usize = 0;
const COUNTS: usize = 1;

/// The bucket of powers of two for what is below zero. Those of other numbers are their bits.
const NEGATIVE: i128 = 65;

/// The histograms in which at most one program of a CPU counts at a time.
pub fn alone(module: &Module, options: &Options) -> BTreeSet<Symbol> {
    let mut adders: BTreeMap<Symbol, Vec<usize>> = BTreeMap::new();
    for (at, func) in module.funcs.iter().enumerate() {
        for op in func.ids_of(Opcode::MapAdd) {
            adders.entry(MapAdd::of(&func.ops[op]).map().clone()).or_default().push(at);
        }
    }
    if adders.is_empty() {
        return BTreeSet::new();
    }
    let runs = Runs::of(module, options);
    // Whom a program hands over to runs though it runs already.
    let passed = |program: &_| runs.programs.iter().any(|other| other.hands_over) && *program == Alone::Itself;
    let guarded =
        |at: &usize| !runs.programs.iter().any(|program| program.reaches.contains(*at) && passed(&program.alone));
    adders.retain(|_, functions| runs.exclude_each_other(functions) && functions.iter().all(guarded));
    adders.into_keys().collect()
}

/// Lowers a `map.add`.
pub fn add(func: &mut Function, module: &Declarations, alone: &BTreeSet<Symbol>, types: &mut Types, op: OpId) {
    let view = MapAdd::of(&func.ops[op]);
    let (key, value, times, name) = (view.key(), view.value(), view.times(), view.map().clone());
    let (low, high, step) = (view.low(), view.high(), view.step());
    let map = declared(module, &name);
    let entry = Entry::of(map, types);
    let parts = Parts::of(map.value, types);
    let is_signed = types.as_int(func.ty(value)).is_some_and(|(_, signed)| signed);
    let is_atomic = !alone.contains(&name);
    let mut b = Builder::before(func, op, NAME);
    let added = |b: &mut Builder<'_>| {
        let bucket = match step {
            0 => of_powers(b, value, is_signed),
            _ => of_steps(b, value, is_signed, (low, high, step)),
        };
        let bucket = b.bpf_clamp(bucket, parts.buckets - 1, Ty::U64);
        let value = cast(b, value, Ty::U64);
        let sum = b.arith_mul(value, times, Ty::U64);
        (bucket, b.arith_cast(sum, Ty::I64))
    };
    let count = |b: &mut Builder<'_>, pointer: Value, (bucket, sum): (Value, Value)| {
        let place = entry.deref(b, pointer);
        let total = b.ks_field(place, SUM as i128, parts.sum);
        let counts = b.ks_field(place, COUNTS as i128, parts.counts);
        let one = b.ks_elem(counts, bucket, parts.count);
        for (place, added, ty) in [(total, sum, Ty::I64), (one, times, Ty::U64)] {
            if is_atomic {
                b.mem_atomic(place, added, "add");
            } else {
                let old = b.ks_load(place, ty);
                let new = b.arith_add(old, added, ty);
                b.ks_store(place, new);
            }
        }
        b.done();
    };
    let is_null = |b: &mut Builder<'_>, pointer| b.mem_is_null(pointer, Ty::BOOL);
    if map.kind.array {
        let pointer = b.map_lookup(key, &name, entry.pointer);
        let absent = is_null(&mut b, pointer);
        // Behind the lookup no register has to be kept through it.
        let there = |b: &mut Builder<'_>| {
            let added = added(b);
            count(b, pointer, added);
        };
        b.either(absent, &[], |b| b.done(), there);
    } else {
        let empty = (types.size_of(map.value), types.place(map.value, Space::Global));
        let added = added(&mut b);
        let pointer = b.map_lookup(key, &name, entry.pointer);
        let absent = is_null(&mut b, pointer);
        let insert = |b: &mut Builder<'_>| {
            // In read-only data, since an entry may be larger than the stack. `ks.str` adds a NUL.
            let empty = b.ks_str(&vec![0; empty.0 as usize - 1], empty.1);
            b.map_update(key, empty, &name, BPF_NOEXIST, Ty::I32);
            // It is there too if another program was quicker.
            let pointer = b.map_lookup(key, &name, entry.pointer);
            let absent = is_null(b, pointer);
            b.either(absent, &[], |b| b.done(), |b| count(b, pointer, added));
            b.done();
        };
        b.either(absent, &[], insert, |b| count(b, pointer, added));
    }
    func.erase(op);
}

/// The types of places in an entry, and how many buckets it has.
#[derive(Clone, Copy)]
struct Parts {
    sum: Ty,
    counts: Ty,
    count: Ty,
    buckets: i128,
}

impl Parts {
    fn of(entry: Ty, types: &mut Types) -> Parts {
        let TyKind::Struct(id) = types.kind(entry) else { crate::bug!("the entry of a histogram is a struct") };
        let fields = &types.struct_def(id).fields;
        let (sum, counts) = (fields[SUM].ty, fields[COUNTS].ty);
        let TyKind::Array(_, buckets) = types.kind(counts) else {
            crate::bug!("the counts of a histogram are an array")
        };
        let mut place = |ty| types.place(ty, Space::Percpu);
        Parts { sum: place(sum), counts: place(counts), count: place(Ty::U64), buckets: buckets.into() }
    }
}

/// The bits of a number, so that each bucket begins at a power of two.
fn of_powers(b: &mut Builder<'_>, value: Value, is_signed: bool) -> Value {
    let number = cast(b, value, Ty::U64);
    let bits = b.arith_bits(number, Ty::U64);
    if !is_signed {
        return bits;
    }
    // The sign is one bit more: 65 instead of 64.
    let shift = b.ks_const(NEGATIVE - 2, Ty::U64);
    let sign = b.arith_shr(number, shift, Ty::U64);
    b.arith_add(bits, sign, Ty::U64)
}

/// 0 below the lowest value, then one for each step, and one for what is above the end.
fn of_steps(b: &mut Builder<'_>, value: Value, is_signed: bool, (low, high, step): (i128, i128, i128)) -> Value {
    let buckets = (high - low) / step;
    let mut number = value;
    // A number without sign may be above all numbers that have one.
    let compared = if is_signed || low < 0 { Ty::I64 } else { Ty::U64 };
    if !is_signed && low < 0 {
        let most = b.ks_const(i64::MAX.into(), Ty::U64);
        let is_above = b.arith_cmp(number, most, "gt", Ty::BOOL);
        number = b.arith_select(is_above, most, number, Ty::U64);
    }
    let number = cast(b, number, compared);
    let low = b.ks_const(low, compared);
    let from_low = b.arith_sub(number, low, compared);
    let from_low = cast(b, from_low, Ty::U64);
    let end = b.ks_const(buckets * step, Ty::U64);
    let is_within = b.arith_cmp(from_low, end, "lt", Ty::BOOL);
    let found = b.either(
        is_within,
        &[Ty::U64],
        |b| {
            let width = b.ks_const(step, Ty::U64);
            let bucket = b.ks_div(from_low, width, Ty::U64);
            let one = b.ks_const(1, Ty::U64);
            let bucket = b.arith_add(bucket, one, Ty::U64);
            b.ks_yield(&[bucket]);
        },
        |b| {
            let is_below = b.arith_cmp(number, low, "lt", Ty::BOOL);
            let first = b.ks_const(0, Ty::U64);
            let last = b.ks_const(buckets + 1, Ty::U64);
            let bucket = b.arith_select(is_below, first, last, Ty::U64);
            b.ks_yield(&[bucket]);
        },
    );
    b.func.ops[found].results[0]
}

fn cast(b: &mut Builder<'_>, value: Value, ty: Ty) -> Value {
    if b.func.ty(value) == ty { value } else { b.arith_cast(value, ty) }
}
