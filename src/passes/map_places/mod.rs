//! `map-places`: lowers access to map entries in user space to copies and system calls.
//!
//! Takes `map.entry`, `map.entry_or`, `map.assign_op`, `map.each` and `map.each_ordered` of host code. User space has no pointers into
//! maps, so an entry becomes a copy on the stack. Each write to the copy, or to a part of it, writes the whole back to
//! the map if the key is still there. Before a write to a part the copy is read again, so that it does not undo
//! concurrent changes; before a read it is read again if it may be stale (`stale_copies.rs`). Leaves `map.copy`,
//! `map.update` and `mem.some_if` for `optionals` to test. Walks become `ks.while` loops whose iterator is freed on
//! every exit. Host only (see `maps` for BPF).

mod stale_copies;

use super::maps::{declared, insert, refusals, reserve};
use super::{Because, Changed, Declarations, Pass, Run};
use crate::ir::ops::{MapAssignOp, MapEach, MapEachOrdered, MapEntry, MapEntryOr, MapInner};
use crate::ir::{Builder, Function, MapDecl, OpId, Opcode, RegionId, Uses, Value};
use crate::session::Session;
use crate::tables::OpTrait;
use crate::tables::uapi::{BPF_ANY, BPF_EXIST, BPF_NOEXIST};
use crate::types::{Space, Ty, TyKind, Types};
use stale_copies::Stale;
use std::collections::BTreeSet;

const NAME: &str = "map-places";
pub static PASS: Pass = Pass {
    name: NAME,
    summary: "Lower map entries of user space to copies",
    after: &[],
    before: &[],
    because: Because::Target,
    run: Run::Function(run),
};

fn run(func: &mut Function, module: &Declarations, cx: &mut Session) -> Changed {
    let mut changed = Changed::No;
    // What the pass itself makes only reads entries (as keys, as initial values), so that this stays true of the writes.
    let uses = func.uses();
    for op in func.walk() {
        let opcode = func.ops[op].opcode;
        if opcode == Opcode::MapEntry {
            let view = MapEntry::of(&func.ops[op]);
            let (key, map) = (view.key(), declared(module, view.map()));
            entry(func, &mut cx.types, op, (key, map, None, &module.maps), &uses);
        } else if opcode == Opcode::MapEntryOr {
            let view = MapEntryOr::of(&func.ops[op]);
            let (key, map, init) = (view.key(), declared(module, view.map()), view.init());
            entry(func, &mut cx.types, op, (key, map, Some(init), &module.maps), &uses);
        } else if opcode == Opcode::MapReserve {
            reserve(func, &mut cx.types, op);
        } else if opcode == Opcode::MapInner {
            inner(func, &mut cx.types, op);
        } else if opcode == Opcode::MapInsert {
            insert(func, op);
        } else if opcode == Opcode::MapAssignOp {
            assign_op(func, module, &mut cx.types, op);
        } else if opcode == Opcode::MapEach {
            each(func, &mut cx.types, op);
        } else if opcode == Opcode::MapEachOrdered {
            each_ordered(func, &mut cx.types, op);
        } else {
            continue;
        }
        changed = Changed::Yes;
    }
    changed.or(refusals::run(func, module, &mut cx.types, NAME))
}

/// The stack copies of an entry.
struct Copies<'m> {
    map: &'m MapDecl,
    /// All of the module.
    maps: &'m [MapDecl],
    key: Value,
    value: Value,
}

impl Copies<'_> {
    fn read(&self, b: &mut Builder<'_>) -> Value {
        b.map_copy(self.key, self.value, &self.map.name, Ty::BOOL)
    }

    /// Reads it again; what was deleted stays as it was.
    fn refresh(&self, b: &mut Builder<'_>, types: &Types) {
        let again = b.ks_var(self.map.name.as_bytes(), b.func.ty(self.value));
        let present = b.map_copy(self.key, again, &self.map.name, Ty::BOOL);
        b.either(
            present,
            &[],
            |b| {
                copy_value(b, types, self.map.value, self.value, again);
                b.done();
            },
            |b| b.done(),
        );
    }

    fn write_back(&self, b: &mut Builder<'_>) {
        b.map_update(self.key, self.value, &self.map.name, BPF_EXIST, Ty::I32);
    }
}

/// A lookup of an entry that may be written; with `init`, inserted where absent.
fn entry(
    func: &mut Function,
    types: &mut Types,
    op: OpId,
    (key, map, init, maps): (Value, &MapDecl, Option<Value>, &[MapDecl]),
    uses: &Uses,
) {
    let value_type = types.place(map.value, Space::Stack);
    // Not `map.key`: in user space the key of a local-storage map is a name of the object, which the runtime opens.
    let TyKind::Place { of: key_of, .. } = types.kind(func.ty(key)) else { crate::bug!("a key is a place") };
    let key_type = types.place(key_of, Space::Stack);
    let mut b = Builder::before(func, op, NAME);
    // The key's place may be written before the entry is.
    let own_key = b.ks_var(b"key", key_type);
    copy_value(&mut b, types, key_of, own_key, key);
    let value = b.ks_var(map.name.as_bytes(), value_type);
    let copies = Copies { map, maps, key: own_key, value };
    let mut present = copies.read(&mut b);
    if let Some(init) = init {
        present = insert_where_absent(&mut b, &copies, present, init);
    }
    func.become_op(op, Opcode::MemSomeIf, vec![present, value], Vec::new());
    let optional = func.ops[op].results[0];
    func.values[optional].ty = types.opt(value_type);
    for &user in uses.users(optional) {
        if func.ops[user].opcode == Opcode::KsIfSome {
            write_through(func, types, user, &copies, uses);
        }
    }
}

/// A map that is taken out of a map of maps is a pointer too, to what the runtime knows of it.
fn inner(func: &mut Function, types: &mut Types, op: OpId) {
    let view = MapInner::of(&func.ops[op]);
    let (key, name) = (view.key(), view.map().clone());
    let pointer = types.ptr(Ty::U8, Space::Map, true);
    let pointer = Builder::before(func, op, NAME).map_open_inner(key, &name, pointer);
    func.become_op(op, Opcode::MemSome, vec![pointer], Vec::new());
}

fn insert_where_absent(b: &mut Builder<'_>, copies: &Copies<'_>, present: Value, init: Value) -> Value {
    let op = b.either(
        present,
        &[Ty::BOOL],
        |b| {
            let yes = b.ks_const(1, Ty::BOOL);
            b.ks_yield(&[yes]);
        },
        |b| {
            b.map_update(copies.key, init, &copies.map.name, BPF_NOEXIST, Ty::I32);
            let present = copies.read(b);
            b.ks_yield(&[present]);
        },
    );
    b.func.ops[op].results[0]
}

fn copy_value(b: &mut Builder<'_>, types: &Types, ty: Ty, to: Value, from: Value) {
    if types.is_aggregate(ty) {
        b.ks_copy(to, from);
    } else {
        let value = b.ks_load(from, ty);
        b.ks_store(to, value);
    }
}

/// In the region where the entry is there: its place and all places in it become the copy's, and writes reach the map.
fn write_through(func: &mut Function, types: &mut Types, test: OpId, copies: &Copies<'_>, uses: &Uses) {
    let region = func.ops[test].regions[0];
    let block = func.only_block(region);
    let Some(&whole) = func.blocks[block].args.first() else { return };
    on_stack(func, types, whole);
    let mut inside = vec![whole];
    let mut writers = BTreeSet::new();
    let mut next = 0;
    while let Some(&place) = inside.get(next) {
        next += 1;
        for &op in uses.users(place) {
            let data = func.ops[op].clone();
            if data.opcode.has(OpTrait::Pure) {
                inside.extend(data.results.iter().filter(|&&result| on_stack(func, types, result)));
            } else if (0..data.operands.len()).any(|i| data.operands[i] == place && data.may_write(i)) {
                writers.insert(op);
            }
        }
    }
    let readers = stale_copies::readers(func, &inside, uses, &writers);
    let (map, maps) = (&copies.map.name, copies.maps);
    for op in (Stale { func, types, map, maps, readers, writers: &writers }).found(region) {
        copies.refresh(&mut Builder::before(func, op, NAME), types);
    }
    for op in writers {
        let data = &func.ops[op];
        let replaces = matches!(data.opcode, Opcode::KsStore | Opcode::KsZero | Opcode::KsCopy);
        if !(replaces && data.operands[0] == whole) {
            copies.read(&mut Builder::before(func, op, NAME));
        }
        copies.write_back(&mut Builder::after(func, op, NAME));
    }
}

/// Makes a place or pointer into an entry one into the stack; false for other values.
fn on_stack(func: &mut Function, types: &mut Types, value: Value) -> bool {
    let kind = types.kind(func.ty(value));
    if let TyKind::Place { of, .. } = kind {
        func.values[value].ty = types.place(of, Space::Stack);
        return true;
    }
    if let TyKind::Ptr { to, nullable, .. } = kind {
        func.values[value].ty = types.ptr(to, Space::Stack, nullable);
        return true;
    }
    false
}

/// `m[k] op= value`: an absent entry reads as zero and is inserted.
fn assign_op(func: &mut Function, module: &Declarations, types: &mut Types, op: OpId) {
    let view = MapAssignOp::of(&func.ops[op]);
    let (key, operand, compute) = (view.key(), view.value(), view.compute());
    let (word, map) = (view.op().to_owned(), declared(module, view.map()));
    let place = types.place(map.value, Space::Stack);
    let mut b = Builder::before(func, op, NAME);
    let value = b.ks_var(map.name.as_bytes(), place);
    b.map_copy(key, value, &map.name, Ty::BOOL);
    b.ks_assign_op(value, operand, &word, compute);
    b.map_update(key, value, &map.name, BPF_ANY, Ty::I32);
    func.erase(op);
}

fn each(func: &mut Function, types: &mut Types, op: OpId) {
    let view = MapEach::of(&func.ops[op]);
    let (key, value, map, body) = (view.key(), view.value(), view.map().clone(), view.body_region());
    let handle = types.ptr(Ty::U8, Space::Heap, false);
    let iterator = Builder::before(func, op, NAME).map_iter_new(&map, handle);
    walk(func, op, iterator, (key, value), body);
}

fn each_ordered(func: &mut Function, types: &mut Types, op: OpId) {
    let view = MapEachOrdered::of(&func.ops[op]);
    let (key, value, top, body) = (view.key(), view.value(), view.top(), view.body_region());
    let (map, keys) = (view.map().clone(), view.keys());
    let (order, by) = (view.order().to_owned(), view.by().to_owned());
    let handle = types.ptr(Ty::U8, Space::Heap, false);
    let iterator = Builder::before(func, op, NAME).map_iter_ordered(top, &map, keys, &order, &by, handle);
    walk(func, op, iterator, (key, value), body);
}

/// The iterator is freed on every exit of the walk.
fn walk(func: &mut Function, op: OpId, iterator: Value, (key, value): (Value, Value), body: RegionId) {
    let mut b = Builder::before(func, op, NAME);
    let (walk, walk_block) = b.region(&[]);
    let (cleanup, cleanup_block) = b.region(&[]);
    b.ks_scope(vec![walk, cleanup]);
    let loc = b.loc;

    let mut b = Builder::at_end(func, walk_block, loc);
    let (condition, condition_block) = b.region(&[]);
    b.ks_while(vec![condition, body]);
    b.done();
    b.go_to(condition_block);
    let more = b.map_iter_next(iterator, key, value, Ty::BOOL);
    b.ks_yield(&[more]);
    b.go_to(cleanup_block);
    b.map_iter_free(iterator);
    b.done();
    func.erase(op);
}
