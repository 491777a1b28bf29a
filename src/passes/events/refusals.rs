//! Part of `events`: the counters of `refused(m)`.
//!
//! If the program asks for the number of insertions that found no room in a map, a variable of both sides is made and noted at
//! the map. The passes `maps` and `map-places`, which see the outcome of each insertion, count. Leaves reads of the
//! variables for `map.refused`.

use super::{check_bound, counter, named, read};
use crate::ir::ops::MapRefused;
use crate::ir::{Module, OpData, Opcode};
use crate::passes::Changed;
use crate::session::Session;
use std::collections::BTreeMap;

/// Makes a counter for each map that the program asks about, and replaces `map.refused` by reads of it.
pub fn run(module: &mut Module, cx: &mut Session) -> Changed {
    check_bound(module, cx, (Opcode::MapRefused, "refused"), (&inserts, "into which is inserted"));
    let asked = named(module, |op| (op.opcode == Opcode::MapRefused).then(|| MapRefused::of(op).map().clone()));
    if asked.is_empty() {
        return Changed::No;
    }
    let mut counters = BTreeMap::new();
    for map in asked {
        let counter = counter(module, &cx.names, &map, "refused");
        if let Some(map) = module.maps.iter_mut().find(|decl| decl.name == map) {
            map.refusals = Some(counter.clone());
        }
        counters.insert(map, counter);
    }
    for func in &mut module.funcs {
        for op in func.walk() {
            if func.ops[op].opcode == Opcode::MapRefused {
                let counter = &counters[MapRefused::of(&func.ops[op]).map()];
                read(func, &mut cx.types, op, counter);
            }
        }
    }
    Changed::Yes
}

/// Whether an op may make an entry.
fn inserts(op: &OpData) -> bool {
    matches!(
        op.opcode,
        Opcode::MapEntryOr
            | Opcode::MapUpdate
            | Opcode::MapUpdateWith
            | Opcode::MapUpdateCpu
            | Opcode::MapInsert
            | Opcode::MapAssignOp
            | Opcode::MapPush
    )
}
