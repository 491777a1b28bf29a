//! `maps`: lowers access to entries to lookups and updates.
//!
//! Takes `map.entry`, `map.entry_or`, `map.copy`, `map.assign_op`, `map.add` and `map.each` of BPF code, and for storages `map.update`
//! (`storages`). Leaves `map.lookup` (a pointer or null), `map.update` and `mem.some` for `optionals` to test; assignments
//! with an operator go on to `assign-ops`, walks as `bpf.walk` to `outline`. BPF only: user space has no pointers into maps
//! (see `map-places`).

mod entry_init;
mod histograms;
pub mod refusals;
mod storages;
mod walks;

use super::{Because, Changed, Declarations, Pass, Run};
use crate::diag::lowered::{MapHelpers, RecordReserved};
use crate::ir::ops::{MapAssignOp, MapCopy, MapEach, MapEntry, MapEntryOr, MapInner, MapInsert, MapReserve};
use crate::ir::{Attr, Builder, Function, MapDecl, Module, OpId, Opcode, Symbol, Value};
use crate::session::Session;
use crate::tables::uapi::BPF_NOEXIST;
use crate::types::{Space, Ty, TyKind, Types};
use std::collections::{BTreeSet, HashMap};

const NAME: &str = "maps";
pub static PASS: Pass = Pass {
    name: NAME,
    summary: "Lower access to map entries to lookups and updates",
    after: &[],
    before: &[
        ("optionals", "tests the optionals that this pass makes"),
        ("assign-ops", "expands the assignments that this pass makes"),
        ("outline", "takes the walks that this pass makes"),
    ],
    because: Because::Target,
    run: Run::Module(run),
};

fn run(module: &mut Module, cx: &mut Session) -> Changed {
    let alone = histograms::alone(module, &cx.options);
    let declarations = Declarations::of(module);
    let funcs = module.funcs.iter_mut();
    funcs.fold(Changed::No, |changed, func| changed.or(function(func, &declarations, &alone, cx)))
}

fn function(func: &mut Function, module: &Declarations, alone: &BTreeSet<Symbol>, cx: &mut Session) -> Changed {
    explain(func, module, cx);
    let mut changed = Changed::No;
    let mut results = HashMap::new();
    let uses = func.uses();
    let mut moved = HashMap::new();
    for op in func.ids_of(Opcode::MapEntryOr) {
        let init = MapEntryOr::of(&func.ops[op]).init();
        moved.insert(op, entry_init::movable(func, &uses, op, init));
    }
    for op in func.walk() {
        let opcode = func.ops[op].opcode;
        if opcode == Opcode::MapEntry {
            entry(func, module, &mut cx.types, op);
        } else if opcode == Opcode::MapEntryOr {
            entry_or(func, module, &mut cx.types, op, moved.get(&op).map_or(&[], Vec::as_slice));
        } else if opcode == Opcode::MapCopy {
            copy(func, module, &mut cx.types, op, &mut results);
        } else if opcode == Opcode::MapInner {
            inner(func, &mut cx.types, op);
        } else if opcode == Opcode::MapReserve {
            reserve(func, &mut cx.types, op);
        } else if opcode == Opcode::MapInsert {
            insert(func, op);
        } else if opcode == Opcode::MapUpdate && storages::is_storage(func, module, op) {
            storages::update(func, module, &mut cx.types, op, &mut results);
        } else if opcode == Opcode::MapAssignOp {
            assign_op(func, module, &mut cx.types, op);
        } else if opcode == Opcode::MapAdd {
            histograms::add(func, module, alone, &mut cx.types, op);
        } else if opcode == Opcode::MapEach {
            let map = MapEach::of(&func.ops[op]).map().clone();
            walks::walk(func, declared(module, &map), &mut cx.types, op);
        } else {
            continue;
        }
        changed = Changed::Yes;
    }
    func.replace_values(&results);
    changed.or(refusals::run(func, module, &mut cx.types, NAME))
}

/// Reports the helpers that operations on maps call, by their records.
fn explain(func: &Function, module: &Declarations, cx: &mut Session) {
    if !cx.options.explain_lowering {
        return;
    }
    for data in func.all().filter(|data| data.loc.made_by.is_none()) {
        let spec = data.opcode.spec();
        let Some(map) = data.map().filter(|_| !spec.helpers.is_empty() && data.opcode != Opcode::MapEach) else {
            continue;
        };
        let kind = declared(module, map).kind;
        let map = cx.source_name(map);
        if data.opcode == Opcode::MapReserve {
            let TyKind::Opt(record) = cx.types.kind(func.ty(data.results[0])) else { continue };
            let TyKind::Ptr { to, .. } = cx.types.kind(record) else { continue };
            let size = cx.types.size_of(to).to_string();
            cx.explain(data.loc.span, &RecordReserved { map, size });
            continue;
        }
        let helpers: Vec<String> = match &kind.object {
            Some(object) => vec![format!("`{}`", object.get)],
            None => spec.helpers.iter().map(|helper| format!("`{helper}`")).collect(),
        };
        let mut what = spec.summary.to_owned();
        what[..1].make_ascii_lowercase();
        cx.explain(data.loc.span, &MapHelpers { map, what, helpers: helpers.join(", ") });
    }
}

/// The declaration of a map that the verifier has found to exist.
pub fn declared<'m>(module: &'m Declarations, name: &Symbol) -> &'m MapDecl {
    module.index.maps.find(&module.maps, name).unwrap_or_else(|| crate::bug!("no map @{name}"))
}

/// The types of an entry's pointer and place.
#[derive(Clone, Copy)]
pub struct Entry {
    /// `ptr<V, space>?`
    pub pointer: Ty,
    /// `ptr<V, space>`
    not_null: Ty,
    /// `place<V, space>`
    place: Ty,
}

impl Entry {
    /// The types of pointers to the values of a map.
    pub fn of(map: &MapDecl, types: &mut Types) -> Entry {
        let space = if map.kind.percpu { Space::Percpu } else { Space::MapValue };
        Entry {
            pointer: types.ptr(map.value, space, true),
            not_null: types.ptr(map.value, space, false),
            place: types.place(map.value, space),
        }
    }

    /// The place behind a pointer that was tested for null.
    pub fn deref(self, b: &mut Builder<'_>, pointer: Value) -> Value {
        let pointer = b.arith_cast(pointer, self.not_null);
        b.ks_deref(pointer, self.place)
    }
}

fn entry(func: &mut Function, module: &Declarations, types: &mut Types, op: OpId) {
    let view = MapEntry::of(&func.ops[op]);
    let (key, name) = (view.key(), view.map().clone());
    let entry = Entry::of(declared(module, &name), types);
    let pointer = Builder::before(func, op, NAME).map_lookup(key, &name, entry.pointer);
    func.become_op(op, Opcode::MemSome, vec![pointer], Vec::new());
}

/// Where the key is absent: insert unless someone else did meanwhile, then look up what is there. `fill` is what makes the
/// initial value, if only the insertion needs it.
fn entry_or(func: &mut Function, module: &Declarations, types: &mut Types, op: OpId, fill: &[OpId]) {
    let view = MapEntryOr::of(&func.ops[op]);
    let (key, init, name) = (view.key(), view.init(), view.map().clone());
    let map = declared(module, &name);
    let entry = Entry::of(map, types);
    if map.kind.object.is_some() {
        let pointer = Builder::before(func, op, NAME).map_object_entry(key, init, &name, entry.pointer);
        return func.become_op(op, Opcode::MemSome, vec![pointer], Vec::new());
    }
    for &write in fill {
        func.erase(write);
    }
    let mut b = Builder::before(func, op, NAME);
    let mut pointer = b.map_lookup(key, &name, entry.pointer);
    if !map.kind.array {
        let absent = b.mem_is_null(pointer, Ty::BOOL);
        let insert = b.either(
            absent,
            &[entry.pointer],
            |b| {
                b.adopt(fill);
                b.map_update(key, init, &name, BPF_NOEXIST, Ty::I32);
                let pointer = b.map_lookup(key, &name, entry.pointer);
                b.ks_yield(&[pointer]);
            },
            |b| {
                b.ks_yield(&[pointer]);
            },
        );
        pointer = b.func.ops[insert].results[0];
    }
    func.become_op(op, Opcode::MemSome, vec![pointer], Vec::new());
}

/// Copies what one place holds to another, whatever its type.
pub fn copy_value(b: &mut Builder<'_>, types: &Types, ty: Ty, to: Value, from: Value) {
    if types.is_aggregate(ty) {
        b.ks_copy(to, from);
    } else {
        let value = b.ks_load(from, ty);
        b.ks_store(to, value);
    }
}

fn copy(func: &mut Function, module: &Declarations, types: &mut Types, op: OpId, results: &mut HashMap<Value, Value>) {
    let view = MapCopy::of(&func.ops[op]);
    let (key, to, name) = (view.key(), view.to(), view.map().clone());
    let present = func.ops[op].results[0];
    let map = declared(module, &name);
    let entry = Entry::of(map, types);
    let mut b = Builder::before(func, op, NAME);
    let pointer = b.map_lookup(key, &name, entry.pointer);
    let absent = b.mem_is_null(pointer, Ty::BOOL);
    let test = b.either(
        absent,
        &[Ty::BOOL],
        |b| {
            b.ks_zero(to);
            let no = b.ks_const(0, Ty::BOOL);
            b.ks_yield(&[no]);
        },
        |b| {
            let place = entry.deref(b, pointer);
            copy_value(b, types, map.value, to, place);
            let yes = b.ks_const(1, Ty::BOOL);
            b.ks_yield(&[yes]);
        },
    );
    results.insert(present, b.func.ops[test].results[0]);
    func.erase(op);
}

fn inner(func: &mut Function, types: &mut Types, op: OpId) {
    let view = MapInner::of(&func.ops[op]);
    let (key, name) = (view.key(), view.map().clone());
    let pointer = types.ptr(Ty::U8, Space::Map, true);
    let pointer = Builder::before(func, op, NAME).map_lookup(key, &name, pointer);
    func.become_op(op, Opcode::MemSome, vec![pointer], Vec::new());
}

/// A record is its address, if that is not null.
pub fn reserve(func: &mut Function, types: &mut Types, op: OpId) {
    let name = MapReserve::of(&func.ops[op]).map().clone();
    let TyKind::Opt(record) = types.kind(func.ty(func.ops[op].results[0])) else {
        crate::bug!("a record may be absent")
    };
    let TyKind::Ptr { to, space, .. } = types.kind(record) else { crate::bug!("a record has an address") };
    let pointer = types.ptr(to, space, true);
    let pointer = Builder::before(func, op, NAME).map_new_record(&name, pointer);
    func.become_op(op, Opcode::MemSome, vec![pointer], Vec::new());
}

/// An update that only inserts, done where its result is 0.
pub fn insert(func: &mut Function, op: OpId) {
    let view = MapInsert::of(&func.ops[op]);
    let (key, value, map) = (view.key(), view.value(), view.map().clone());
    let mut b = Builder::before(func, op, NAME);
    let status = b.map_update(key, value, &map, BPF_NOEXIST, Ty::I32);
    let zero = b.ks_const(0, Ty::I32);
    func.become_op(op, Opcode::ArithCmp, vec![status, zero], vec![Attr::Word("eq".into())]);
}

/// In place where the key is there; else inserted, from zero. If the insertion fails because another CPU was quicker, the
/// update in place is tried once more; if it fails because the map is full, nothing happens.
fn assign_op(func: &mut Function, module: &Declarations, types: &mut Types, op: OpId) {
    let view = MapAssignOp::of(&func.ops[op]);
    let (key, value, name, compute) = (view.key(), view.value(), view.map().clone(), view.compute());
    let word = view.op().to_owned();
    let map = declared(module, &name);
    let entry = Entry::of(map, types);
    let fresh = types.place(map.value, Space::Stack);
    let mut b = Builder::before(func, op, NAME);
    let update = |b: &mut Builder<'_>, pointer: Value| {
        let place = entry.deref(b, pointer);
        b.ks_assign_op(place, value, &word, compute);
        b.done();
    };
    let pointer = if map.kind.object.is_some() {
        let zero = b.ks_var(map.name.as_bytes(), fresh);
        b.ks_zero(zero);
        b.map_object_entry(key, zero, &name, entry.pointer)
    } else {
        b.map_lookup(key, &name, entry.pointer)
    };
    let absent = b.mem_is_null(pointer, Ty::BOOL);
    let insert = |b: &mut Builder<'_>| {
        let place = b.ks_var(map.name.as_bytes(), fresh);
        b.ks_zero(place);
        b.ks_assign_op(place, value, &word, compute);
        let status = b.map_update(key, place, &name, BPF_NOEXIST, Ty::I32);
        let zero = b.ks_const(0, Ty::I32);
        let failed = b.arith_cmp(status, zero, "ne", Ty::BOOL);
        let again = |b: &mut Builder<'_>| {
            let pointer = b.map_lookup(key, &name, entry.pointer);
            let absent = b.mem_is_null(pointer, Ty::BOOL);
            b.either(absent, &[], |b| b.done(), |b| update(b, pointer));
            b.done();
        };
        b.either(failed, &[], again, |b| b.done());
        b.done();
    };
    if map.kind.array || map.kind.object.is_some() {
        b.either(absent, &[], |b| b.done(), |b| update(b, pointer));
    } else {
        b.either(absent, &[], insert, |b| update(b, pointer));
    }
    func.erase(op);
}
