//! Part of `maps`: writing whole entries of kernel objects, for which there is no helper.
//!
//! It creates an absent entry with the value; it writes an existing one in place, under its lock if it has one.

use super::{Declarations, Entry, NAME, copy_value, declared};
use crate::ir::ops::MapUpdate;
use crate::ir::{Builder, Function, OpId, Value};
use crate::tables::uapi::ENOMEM;
use crate::types::{Space, Ty, TyKind, Types};
use std::collections::HashMap;

/// The status if the kernel made no entry: it lacks memory, or the object cannot have one.
const NO_ENTRY: i128 = -ENOMEM;

/// Whether an update is of a local-storage map, for which there is no helper.
pub fn is_storage(func: &Function, module: &Declarations, op: OpId) -> bool {
    declared(module, MapUpdate::of(&func.ops[op]).map()).kind.object.is_some()
}

/// Replaces the update by a lookup that creates the entry, and a write of the whole value. `results` gets the status that replaces the op's
/// result.
pub fn update(
    func: &mut Function,
    module: &Declarations,
    types: &mut Types,
    op: OpId,
    results: &mut HashMap<Value, Value>,
) {
    let view = MapUpdate::of(&func.ops[op]);
    let (key, value, name) = (view.key(), view.value(), view.map().clone());
    let status = func.ops[op].results[0];
    let map = declared(module, &name);
    let entry = Entry::of(map, types);
    let lock = types.lock_fields(map.value).first().map(|&field| field_of(types, map.value, field));
    let mut b = Builder::before(func, op, NAME);
    let pointer = b.map_object_entry(key, value, &name, entry.pointer);
    let absent = b.mem_is_null(pointer, Ty::BOOL);
    let failed = |b: &mut Builder<'_>| {
        let error = b.ks_const(NO_ENTRY, Ty::I32);
        b.ks_yield(&[error]);
    };
    let write = |b: &mut Builder<'_>| {
        let place = entry.deref(b, pointer);
        match lock {
            None => copy_value(b, types, map.value, place, value),
            Some((field, lock)) => {
                let lock = b.ks_field(place, field as i128, lock);
                let (region, block) = b.region(&[]);
                b.bpf_locked(lock, vec![region]);
                let mut inside = Builder::at_end(b.func, block, b.loc);
                copy_value(&mut inside, types, map.value, place, value);
                inside.done();
            }
        }
        let done = b.ks_const(0, Ty::I32);
        b.ks_yield(&[done]);
    };
    let test = b.either(absent, &[Ty::I32], failed, write);
    results.insert(status, b.func.ops[test].results[0]);
    func.erase(op);
}

/// A field of an entry, and the type of its place.
fn field_of(types: &mut Types, value: Ty, field: usize) -> (usize, Ty) {
    let TyKind::Struct(id) = types.kind(value) else { crate::bug!("a lock is the field of a struct") };
    let ty = types.struct_def(id).fields[field].ty;
    (field, types.place(ty, Space::MapValue))
}
