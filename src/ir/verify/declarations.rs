//! The declarations of a module besides functions: structs, enums, maps and variables.

use super::tails;
use crate::ir::metrics::numbers;
use crate::ir::{MetricDecl, Module, OpsValue, StructOps};
use crate::session::Session;
use crate::target::Maps;
use crate::types::{StructDef, Ty, Types};

pub(super) fn check(module: &Module, cx: &Session) -> Result<(), String> {
    let types = &cx.types;
    for (_, def) in types.structs() {
        structure(types, def).map_err(|why| format!("in @{}: {why}", def.name))?;
    }
    for (_, def) in types.enums() {
        if types.as_int(def.repr).is_none() {
            return Err(format!("@{} has values of type {}, which is no integer", def.name, types.ir_text(def.repr)));
        }
    }
    for map in &module.maps {
        let stored = |ty: Ty| ty == Ty::VOID || types.size_of(ty) > 0;
        if !stored(map.key) || !stored(map.value) {
            return Err(format!("the keys or values of @{} have no size", map.name));
        }
        tails::slots(module, map)?;
    }
    for global in &module.globals {
        let size = types.size_of(global.ty);
        if size == 0 || global.init.len() as u64 != size {
            return Err(format!("@{} has {size} bytes, its value has {}", global.name, global.init.len()));
        }
    }
    module.metrics.iter().try_for_each(|metric| served(module, types, metric))?;
    module.struct_ops.iter().try_for_each(|ops| struct_ops(module, types, ops))
}

/// A metric is a histogram, or has as many numbers as the values of its map or variable.
fn served(module: &Module, types: &Types, metric: &MetricDecl) -> Result<(), String> {
    let map = module.map(&metric.of);
    let value = map.map(|map| map.value).or_else(|| module.global(&metric.of).map(|global| global.ty));
    let Some(value) = value else { return Err(format!("@{} is no map and no variable", metric.of)) };
    let buckets = map.is_some_and(|map| map.kind.buckets.is_some());
    let count = if buckets { 0 } else { numbers(types, value).len() };
    if buckets != metric.steps.is_some() || count != metric.numbers.len() {
        return Err(format!("the metrics of @{} are not the numbers of its values", metric.of));
    }
    Ok(())
}

/// Members are programs, or have as many bytes as their types.
fn struct_ops(module: &Module, types: &Types, ops: &StructOps) -> Result<(), String> {
    let has_code = module.target.is_none_or(|target| target.facts().maps == Maps::InPlace);
    for member in &ops.members {
        let fits = match &member.value {
            OpsValue::Program(name) => !has_code || module.func(name).is_some_and(tails::is_program),
            OpsValue::Data { ty, init } => !init.is_empty() && init.len() as u64 == types.size_of(*ty),
        };
        if !fits {
            return Err(format!("the member `{}` of @{} is no program or has another size", member.name, ops.name));
        }
    }
    Ok(())
}

/// Fields lie in their struct, and have sizes.
fn structure(types: &Types, def: &StructDef) -> Result<(), String> {
    if !def.align.is_power_of_two() || def.align > 1 << 12 {
        return Err(format!("its alignment cannot be {}", def.align));
    }
    if def.size > crate::types::MAX_SIZE {
        return Err("it is too large".to_owned());
    }
    for field in &def.fields {
        let end = field.offset.checked_add(types.size_of(field.stored()));
        if end.is_none_or(|end| end > def.size) {
            return Err(format!("the field `{}` goes beyond its end", field.name));
        }
        if let Some(bits) = field.bits
            && u64::from(bits.shift) + u64::from(bits.width) > 8 * types.size_of(bits.unit)
        {
            return Err(format!("the bits of `{}` go beyond its type", field.name));
        }
    }
    Ok(())
}
