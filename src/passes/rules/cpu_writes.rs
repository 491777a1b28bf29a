//! Writes of one CPU's value in user space, which also write back old values of the other CPUs, while BPF code may
//! change the map: after the first `attach` on some path. Before that nothing is lost.

use super::map_rules::changes;
use crate::diag::codes::maps::CpuWrite;
use crate::ir::ops::MapUpdateCpu;
use crate::ir::{Module, OpData, OpId, Opcode};
use crate::passes::analysis::after_event::{self, Cause, Watch};
use crate::passes::exits;
use crate::passes::lifecycle::is_attach;
use crate::session::Session;
use std::collections::BTreeMap;

/// Warns of each such write, with the `attach` before it.
pub fn check(module: &Module, cx: &mut Session) {
    let lowered = exits::lowered(module, &mut cx.types);
    let module = lowered.as_ref();
    let mut attached = Attached { module, writes: BTreeMap::new() };
    after_event::follow(module, &mut attached);
    let bpf = || module.funcs.iter().filter(|func| func.targets.any(|on| on.verified));
    for ((func, op), cause) in attached.writes {
        let write = &module.funcs[func].ops[op];
        let map = MapUpdateCpu::of(write).map();
        let Some(changed) =
            bpf().find_map(|func| changes(func, &cx.types, map).first().map(|&op| func.ops[op].loc.span))
        else {
            continue;
        };
        let warning = cx.warn(write.loc.span, CpuWrite { name: cx.source_name(map) });
        warning.note(changed, "BPF code changes entries here");
        match cause {
            Cause::Event(attach) => warning.note(attach, "a program may be attached here, before"),
            Cause::Callable(taken) => warning.note(taken, "what this names may be called at any time"),
        }
        .help("do it before the first `attach`, or keep what was there and subtract it when reading");
    }
}

struct Attached<'m> {
    module: &'m Module,
    /// The writes after an attach.
    writes: BTreeMap<(usize, OpId), Cause>,
}

impl Watch for Attached<'_> {
    fn begins(&self, op: &OpData) -> bool {
        is_attach(op.opcode)
    }

    fn after(&mut self, func: usize, op: OpId, cause: Cause) {
        if self.module.funcs[func].ops[op].opcode == Opcode::MapUpdateCpu {
            self.writes.entry((func, op)).or_insert(cause);
        }
    }
}
