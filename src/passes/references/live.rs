//! The values and variables that control may still read.

use crate::dataflow::{self, Analysis};
use crate::ir::flow::Graph;
use crate::ir::ops::{KsStore, KsZero};
use crate::ir::{Function, OpId, Opcode, Value};
use std::collections::BTreeSet;

struct Live<'f> {
    func: &'f Function,
}

impl Analysis for Live<'_> {
    type State = BTreeSet<Value>;

    fn step(&mut self, op: OpId, live: &mut BTreeSet<Value>) {
        let data = &self.func.ops[op];
        for result in &data.results {
            live.remove(result);
        }
        if data.opcode == Opcode::KsStore {
            let view = KsStore::of(data);
            live.remove(&view.place());
            live.insert(view.value());
        } else if data.opcode == Opcode::KsZero {
            live.remove(&KsZero::of(data).place());
        } else {
            live.extend(&data.operands);
        }
    }
}

/// The live values at the start of each node.
pub fn at_starts(func: &Function, graph: &Graph) -> Vec<BTreeSet<Value>> {
    let mut live = Live { func };
    let facts = dataflow::backward(graph, &mut live, &BTreeSet::new());
    let at_start = |node: usize| {
        let arrival = graph.nodes[node].from.first()?;
        facts.on_edge(&mut live, arrival)
    };
    (0..graph.nodes.len()).map(at_start).map(Option::unwrap_or_default).collect()
}
