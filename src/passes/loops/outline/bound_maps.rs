//! Bound maps in bodies: a callback repeats the `map.bind` of each, since a shared variable holds the map's pointer.

use super::NAME;
use crate::ir::ops::MapBind;
use crate::ir::{Builder, Function, Opcode, Symbol, Value};

/// Binds, at the start of each body, the maps that it uses.
pub fn bind_again(func: &mut Function) {
    let ops = func.walk();
    let binds: Vec<(Symbol, Value)> = ops
        .iter()
        .filter(|&&op| func.ops[op].opcode == Opcode::MapBind)
        .map(|&op| (MapBind::of(&func.ops[op]).map().clone(), MapBind::of(&func.ops[op]).place()))
        .collect();
    if binds.is_empty() {
        return;
    }
    for op in ops {
        if !matches!(func.ops[op].opcode, Opcode::BpfRepeat | Opcode::BpfWalk) {
            continue;
        }
        let body = func.ops[op].regions[0];
        let mut inside = Vec::new();
        func.walk_region(body, &mut inside);
        let block = func.only_block(body);
        let Some(&first) = func.blocks[block].ops.first() else { crate::bug!("a region without an end") };
        for (map, place) in &binds {
            let uses =
                |&op: &crate::ir::OpId| func.ops[op].map() == Some(map) && func.ops[op].opcode != Opcode::MapBind;
            if inside.iter().any(uses) {
                Builder::before(func, first, NAME).map_bind(*place, map);
            }
        }
    }
}
