//! Maps, structs and arrays that the runtime prints by the descriptors of their types.

use super::super::super::function::FnGen;
use super::super::super::host::tables;
use super::super::host::runtime;
use super::super::map::map_index;
use crate::ir::ops::{HostPrintValue, MapIterOrdered, MapPrint};
use crate::ir::{OpData, Symbol, Value};
use crate::types::Ty;
use inkwell::values::BasicValueEnum;

/// `map.print`
pub fn map(g: &mut FnGen, op: &OpData) {
    let view = MapPrint::of(op);
    let args = entries(g, view.map(), view.keys(), view.top(), (view.order(), view.by()));
    runtime(g, "ks_print_map", None, &args);
}

/// `map.iter_ordered`
pub fn iter(g: &mut FnGen, op: &OpData) {
    let view = MapIterOrdered::of(op);
    if super::histograms::is_one(g, view.map()) {
        return super::histograms::iter(g, op, view.map(), Some((view.keys(), view.top())));
    }
    let args = entries(g, view.map(), view.keys(), view.top(), (view.order(), view.by()));
    let ptr = g.g.build.ptr_type().into();
    let iterator = runtime(g, "ks_map_iter_ordered", Some(ptr), &args);
    g.set_maybe(op, iterator);
}

/// A map, its descriptor, the most entries, and what they go by.
fn entries<'c>(
    g: &mut FnGen<'_, '_, 'c>,
    name: &Symbol,
    keys: Ty,
    top: Value,
    (order, by): (&str, &[u8]),
) -> [BasicValueEnum<'c>; 4] {
    let Some(map) = g.g.ir.map(name) else { crate::bug!("there is no map @{name}") };
    let table = tables::table(g.g, map, keys);
    let by = match order {
        "value" => g.g.build.null(),
        _ => g.g.string(&[by, b"\0".as_slice()].concat()),
    };
    [map_index(g, name), table.into(), g.value(top), by.into()]
}

/// `host.print_value`
pub fn value(g: &mut FnGen, op: &OpData) {
    let view = HostPrintValue::of(op);
    let ty = g.pointee(view.value());
    let name = g.g.string(&[view.name(), b"\0".as_slice()].concat());
    let ty = tables::type_of(g.g, ty);
    let named = g.g.u32(u32::from(view.named() == 1));
    let [around_ty, around] = match view.around() {
        Some(around) => {
            let ty = g.pointee(around);
            [tables::type_of(g.g, ty).into(), g.value(around)]
        }
        None => [g.g.build.null().into(), g.g.build.null().into()],
    };
    let args = [name.into(), ty.into(), g.value(view.value()), named, around_ty, around];
    runtime(g, "ks_print_value", None, &args);
}
