//! `long-loops`: warns of loops that may run very often for one packet.
//!
//! Takes structured loops of BPF code whose ranges `counted-loops` has found. Changes nothing. The kernel bounds a loop that does not end
//! by itself, so the program loads, and then takes a processor's time for each packet. A loop without a known number of iterations is not
//! reported, except one without a condition that no `break` or `return` ends.

use super::loop_form::MAX_ITERATIONS;
use super::{Because, Changed, Pass, Run};
use crate::diag::codes::limits::LongOnPackets;
use crate::ir::callgraph::CallGraph;
use crate::ir::ops::{KsFor, KsWhile};
use crate::ir::{Function, Module, OpId, Opcode, RegionId, Role};
use crate::session::Session;
use crate::source::Span;
use crate::tables::{CONTEXTS, ProgramSpec};
use crate::types::Types;
use std::collections::BTreeMap;

pub static PASS: Pass = Pass {
    name: "long-loops",
    summary: "Warn of loops that take long for one packet",
    after: &[("counted-loops", "finds how often loops run")],
    before: &[("loop-form", "replaces loops")],
    because: Because::Language,
    run: Run::Module(run),
};

const MANY: i128 = 100_000;
/// The time of an iteration that does next to nothing, in nanoseconds: measured for `bpf_loop` and for the kernel's iterator.
const ITERATION: i128 = 8;

fn run(module: &mut Module, cx: &mut Session) -> Changed {
    let takes_packets = |func: &Function| matches!(&func.role, Role::Program { spec, .. } if is_on_packets(spec));
    let programs = (0..module.funcs.len()).filter(|&at| takes_packets(&module.funcs[at]));
    let reached = CallGraph::direct(module).reach(programs);
    let mut found = BTreeMap::new();
    for func in module.funcs.iter().enumerate().filter(|(at, _)| reached.contains(*at)).map(|(_, func)| func) {
        Loops { func, types: &cx.types, found: &mut found }.visit(func.body, 1);
    }
    for (span, count) in found {
        let time = match count * ITERATION / 1_000 {
            micros @ 0..1_000 => format!("{micros} µs"),
            micros => format!("{} ms", (micros + 500) / 1_000),
        };
        cx.warn(span, LongOnPackets { count: count.to_string(), time }).help(
            "end the loop by `break`, or give it a smaller bound; work that takes long belongs into a timer, a workqueue or user space",
        );
    }
    Changed::No
}

/// Contexts of packets have a helper that copies a part of the packet.
fn is_on_packets(spec: &ProgramSpec) -> bool {
    CONTEXTS.iter().any(|context| Some(context.name) == spec.context() && context.load.is_some())
}

struct Loops<'a> {
    func: &'a Function,
    types: &'a Types,
    /// How often, at each loop.
    found: &'a mut BTreeMap<Span, i128>,
}

impl Loops<'_> {
    /// `outer`: how often the region runs.
    fn visit(&mut self, region: RegionId, outer: i128) {
        let func = self.func;
        for &block in &func.regions[region].blocks {
            for &op in &func.blocks[block].ops {
                let own = self.iterations(op);
                let count = outer.saturating_mul(own.unwrap_or(1));
                // Such as the search for a free place in an arena, which hardly ever takes a second iteration.
                let by_source = func.ops[op].loc.made_by.is_none();
                if own.is_some() && by_source && outer <= MANY && count > MANY {
                    self.found.insert(func.ops[op].loc.span, count);
                }
                func.ops[op].regions.iter().for_each(|&inner| self.visit(inner, count));
            }
        }
    }

    /// How often a loop may run, if that is known.
    fn iterations(&self, op: OpId) -> Option<i128> {
        let (func, data) = (self.func, &self.func.ops[op]);
        if data.opcode == Opcode::KsFor {
            let view = KsFor::of(data);
            let [low, high] = [view.low(), view.high()].map(|bound| func.known(self.types, bound));
            return Some((high? - low? + i128::from(view.inclusive())).clamp(0, MAX_ITERATIONS));
        }
        if data.opcode != Opcode::KsWhile {
            return None;
        }
        let view = KsWhile::of(data);
        let &end = func.blocks[func.only_block(view.condition_region())].ops.last()?;
        let &condition = func.ops[end].operands.first()?;
        let mut inner = Vec::new();
        func.walk_region(view.body_region(), &mut inner);
        let leaves = |op: &OpId| {
            matches!(func.ops[*op].opcode, Opcode::KsBreak | Opcode::KsReturn | Opcode::KsThrow | Opcode::KsLeave)
        };
        (func.known(self.types, condition)? != 0 && !inner.iter().any(leaves)).then_some(MAX_ITERATIONS)
    }
}
