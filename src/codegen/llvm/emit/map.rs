//! Dialect `map`: helpers in BPF code, the runtime in user space.

use super::super::builder::Extend;
use super::super::functions::FnGen;
use super::host::{map_index, runtime};
use crate::ir::ops::{MapCopy, MapDelete, MapIterFree, MapIterNew, MapIterNext, MapLookup, MapUpdate};
use crate::ir::{OpData, Symbol};
use crate::target::Target;
use inkwell::values::{BasicValueEnum, PointerValue};

pub fn place<'c>(g: &FnGen<'_, '_, 'c>, map: &Symbol) -> PointerValue<'c> {
    match g.g.data.get(map) {
        Some(&place) => place,
        None => crate::bug!("there is no map @{map}"),
    }
}

pub fn lookup(g: &mut FnGen, op: &OpData) {
    let view = MapLookup::of(op);
    let ptr = g.g.build.ptr_type().into();
    let args = [place(g, view.map()).into(), g.value(view.key())];
    let entry = g.call_helper("bpf_map_lookup_elem", Some(ptr), &args);
    g.set_maybe(op, entry);
}

pub fn update(g: &mut FnGen, op: &OpData) {
    let view = MapUpdate::of(op);
    let (key, value) = (g.value(view.key()), g.value(view.value()));
    let flags = g.g.build.int(64, view.flags() as u64).into();
    if g.g.target == Target::Host {
        let args = [map_index(g, view.map()), key, value, flags];
        let int = g.g.build.int_type(32).into();
        let status = runtime(g, "ks_map_update", Some(int), &args);
        return g.set_maybe(op, status);
    }
    let long = g.g.build.int_type(64).into();
    let status = g.call_helper("bpf_map_update_elem", Some(long), &[place(g, view.map()).into(), key, value, flags]);
    status_result(g, op, status);
}

pub fn delete(g: &mut FnGen, op: &OpData) {
    let view = MapDelete::of(op);
    let key = g.value(view.key());
    if g.g.target == Target::Host {
        let args = [map_index(g, view.map()), key];
        let int = g.g.build.int_type(32).into();
        let status = runtime(g, "ks_map_delete", Some(int), &args);
        return g.set_maybe(op, status);
    }
    let long = g.g.build.int_type(64).into();
    let status = g.call_helper("bpf_map_delete_elem", Some(long), &[place(g, view.map()).into(), key]);
    status_result(g, op, status);
}

/// Helpers return a `long`; the language has an `i32`.
fn status_result<'c>(g: &mut FnGen<'_, '_, 'c>, op: &OpData, status: Option<BasicValueEnum<'c>>) {
    let status = status.map(|s| g.g.build.resize(s.into_int_value(), 32, Extend::Sign).into());
    g.set_maybe(op, status);
}

pub fn copy(g: &mut FnGen, op: &OpData) {
    let view = MapCopy::of(op);
    let args = [map_index(g, view.map()), g.value(view.key()), g.value(view.to())];
    let bool = g.g.build.int_type(1).into();
    let present = runtime(g, "ks_map_lookup", Some(bool), &args);
    g.set_maybe(op, present);
}

pub fn iter_new(g: &mut FnGen, op: &OpData) {
    let args = [map_index(g, MapIterNew::of(op).map())];
    let ptr = g.g.build.ptr_type().into();
    let iterator = runtime(g, "ks_map_iter_new", Some(ptr), &args);
    g.set_maybe(op, iterator);
}

pub fn iter_next(g: &mut FnGen, op: &OpData) {
    let view = MapIterNext::of(op);
    let args = [g.value(view.iterator()), g.value(view.key()), g.value(view.value())];
    let bool = g.g.build.int_type(1).into();
    let more = runtime(g, "ks_map_iter_next", Some(bool), &args);
    g.set_maybe(op, more);
}

pub fn iter_free(g: &mut FnGen, op: &OpData) {
    let args = [g.value(MapIterFree::of(op).iterator())];
    runtime(g, "ks_map_iter_free", None, &args);
}
