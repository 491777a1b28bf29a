//! Writes of user space to parts of entries whose timers BPF code starts: user space writes the entry back as a whole, and the
//! kernel ends the timer of an entry that is replaced.

use super::map_rules::changes_in_place;
use crate::diag::codes::maps::TimerEnds;
use crate::ir::ops::MapTimerStart;
use crate::ir::{Module, OpId, Opcode, Symbol};
use crate::session::Session;
use crate::source::Span;
use crate::target::{Maps, Target};
use indexmap::IndexMap;
use std::collections::BTreeSet;

/// Warns of each such write, with the place that starts the timer.
pub fn check(module: &Module, cx: &mut Session) {
    for (map, start) in starts(module) {
        let by_runtime = |target: &Target| target.facts().maps == Maps::ByRuntime;
        let mut reported = BTreeSet::new();
        for func in module.funcs.iter().filter(|func| func.targets.iter().any(|target| by_runtime(&target))) {
            // The uses of timers are reported.
            let of_timer = |op: &OpId| matches!(func.ops[*op].opcode, Opcode::MapTimerStart | Opcode::MapTimerCancel);
            for op in changes_in_place(func, &cx.types, &map).into_iter().filter(|op| !of_timer(op)) {
                let span = func.ops[op].loc.span;
                if reported.insert((span.file, span.lo, span.hi)) {
                    let warning = cx.warn(span, TimerEnds { map: cx.source_name(&map) });
                    warning
                        .note(start, "BPF code starts the timer here")
                        .help("let BPF code write the field, or keep what user space writes in a map of its own");
                }
            }
        }
    }
}

/// The maps whose entries have timers that are started, each with where one is first.
fn starts(module: &Module) -> IndexMap<Symbol, Span> {
    let mut starts = IndexMap::new();
    for op in module.funcs.iter().flat_map(|func| func.all_of(Opcode::MapTimerStart)) {
        starts.entry(MapTimerStart::of(op).map().clone()).or_insert(op.loc.span);
    }
    starts
}
