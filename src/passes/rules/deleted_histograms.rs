//! Histograms of keys that BPF code deletes and in which user space counts: what user space counted is in the process, where BPF code
//! cannot delete it.

use crate::diag::codes::maps::DeletedHistogram;
use crate::ir::{Module, Opcode};
use crate::session::Session;
use crate::source::Span;
use crate::target::{Facts, Maps};

/// Reports each such map, where BPF code deletes from it.
pub fn check(module: &Module, cx: &mut Session) {
    for map in module.maps.iter().filter(|map| map.kind.buckets.is_some()) {
        let does = |opcode, side: fn(&Facts) -> bool| first(module, &map.name, opcode, side);
        let deleted = does(Opcode::MapDelete, |on| on.maps == Maps::InPlace);
        let counted = does(Opcode::MapAdd, |on| on.maps == Maps::ByRuntime);
        if let (Some(deleted), Some(counted)) = (deleted, counted) {
            cx.error(deleted, DeletedHistogram { name: cx.source_name(&map.name) })
                .note(counted, "user space counts here")
                .help("delete it in user space, which deletes both, or count in BPF code alone");
        }
    }
}

/// Where a side does something to a map.
fn first(module: &Module, map: &str, opcode: Opcode, side: fn(&Facts) -> bool) -> Option<Span> {
    let funcs = module.funcs.iter().filter(|func| func.targets.any(side));
    let mut ops = funcs.flat_map(|func| func.all());
    ops.find(|op| op.opcode == opcode && op.map().is_some_and(|name| &**name == map)).map(|op| op.loc.span)
}
