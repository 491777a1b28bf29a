//! Writes of user space to parts of entries whose timers BPF code starts: user space writes the entry back as a whole, and the
//! kernel ends the timer of an entry that is replaced.

use super::map_rules::changes_in_place;
use crate::diag::codes::maps::TimerEnds;
use crate::ir::ops::MapTimerStart;
use crate::ir::{Module, OpId, Opcode};
use crate::session::Session;
use crate::source::Span;
use crate::target::{Maps, Target};
use std::collections::BTreeSet;

/// Warns of each such write, with the place that starts the timer.
pub fn check(module: &Module, cx: &mut Session) {
    for map in &module.maps {
        let Some(start) = started(module, &map.name) else { continue };
        let by_runtime = |target: &Target| target.facts().maps == Maps::ByRuntime;
        let mut reported = BTreeSet::new();
        for func in module.funcs.iter().filter(|func| func.targets.iter().any(|target| by_runtime(&target))) {
            // The uses of timers are reported.
            let of_timer = |op: &OpId| matches!(func.ops[*op].opcode, Opcode::MapTimerStart | Opcode::MapTimerCancel);
            for op in changes_in_place(func, &cx.types, &map.name).into_iter().filter(|op| !of_timer(op)) {
                let span = func.ops[op].loc.span;
                if reported.insert((span.file, span.lo, span.hi)) {
                    let warning = cx.warn(span, TimerEnds { map: cx.source_name(&map.name) });
                    warning
                        .note(start, "BPF code starts the timer here")
                        .help("let BPF code write the field, or keep what user space writes in a map of its own");
                }
            }
        }
    }
}

/// Where a timer of the map's entries is started.
fn started(module: &Module, map: &str) -> Option<Span> {
    let ops = module.funcs.iter().flat_map(|func| func.all());
    let mut starts = ops.filter(|op| op.opcode == Opcode::MapTimerStart);
    starts.find(|op| &**MapTimerStart::of(op).map() == map).map(|op| op.loc.span)
}
