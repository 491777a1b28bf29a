//! Maps, structs and arrays that the runtime prints by the descriptors of their types.

use super::super::super::function::FnGen;
use super::super::super::host::tables;
use super::super::host::runtime;
use super::super::map::map_index;
use crate::ir::OpData;
use crate::ir::ops::{HostPrintValue, MapPrint};

/// `map.print`
pub fn map(g: &mut FnGen, op: &OpData) {
    let view = MapPrint::of(op);
    let Some(map) = g.g.ir.map(view.map()) else { crate::bug!("there is no map @{}", view.map()) };
    let name = String::from_utf8_lossy(view.name()).into_owned();
    let table = tables::table(g.g, &name, map, view.key());
    let by = match view.order() {
        "value" => g.g.build.null(),
        _ => g.g.string(&[view.by(), b"\0".as_slice()].concat()),
    };
    let args = [map_index(g, view.map()), table.into(), g.value(view.top()), by.into()];
    runtime(g, "ks_print_map", None, &args);
}

/// `host.print_value`
pub fn value(g: &mut FnGen, op: &OpData) {
    let view = HostPrintValue::of(op);
    let ty = g.pointee(view.value());
    let name = g.g.string(&[view.name(), b"\0".as_slice()].concat());
    let ty = tables::type_of(g.g, ty);
    let args = [name.into(), ty.into(), g.value(view.value())];
    runtime(g, "ks_print_value", None, &args);
}
