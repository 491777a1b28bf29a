//! Dominance in a function whose region is a control-flow graph.

use crate::ir::{BlockId, Function, OpId, Value, ValueDef};
use petgraph::algo::dominators::{self, Dominators};
use petgraph::graphmap::DiGraphMap;
use std::collections::HashMap;

/// Every use in a reachable block is dominated by its definition.
pub fn dominance(func: &Function) -> Result<(), String> {
    let order = Order::of(func);
    for &block in order.spans.keys().collect::<std::collections::BTreeSet<_>>() {
        for &op in &func.blocks[block].ops {
            for &operand in &func.ops[op].operands {
                if !order.defined_before(func, operand, op) {
                    return Err(format!(
                        "{}: an operand's definition does not dominate it",
                        func.ops[op].opcode.name()
                    ));
                }
            }
        }
    }
    Ok(())
}

/// The dominator tree in a form that answers in constant time.
struct Order {
    /// For each reachable block, when a walk over the tree enters and leaves it.
    spans: HashMap<BlockId, (u32, u32)>,
    /// The index of each op in its block.
    positions: HashMap<OpId, usize>,
}

impl Order {
    fn of(func: &Function) -> Order {
        let mut graph: DiGraphMap<BlockId, ()> = DiGraphMap::new();
        graph.add_node(func.entry());
        let mut positions = HashMap::new();
        for &block in &func.regions[func.body].blocks {
            for (index, &op) in func.blocks[block].ops.iter().enumerate() {
                positions.insert(op, index);
                for &successor in &func.ops[op].successors {
                    graph.add_edge(block, successor, ());
                }
            }
        }
        let tree = dominators::simple_fast(&graph, func.entry());
        Order { spans: number(func, &tree), positions }
    }

    fn dominates(&self, upper: BlockId, lower: BlockId) -> bool {
        match (self.spans.get(&upper), self.spans.get(&lower)) {
            (Some(upper), Some(lower)) => upper.0 <= lower.0 && lower.1 <= upper.1,
            _ => false,
        }
    }

    fn defined_before(&self, func: &Function, value: Value, user: OpId) -> bool {
        let block = func.ops[user].block;
        match func.values[value].def {
            ValueDef::Arg(home, _) => self.dominates(home, block),
            ValueDef::Result(op, _) => {
                let home = func.ops[op].block;
                if home == block {
                    self.positions.get(&op) < self.positions.get(&user) && self.positions.contains_key(&op)
                } else {
                    self.dominates(home, block)
                }
            }
        }
    }
}

/// Numbers the dominator tree: a block's span holds those of all that it dominates.
fn number(func: &Function, tree: &Dominators<BlockId>) -> HashMap<BlockId, (u32, u32)> {
    let mut children: HashMap<BlockId, Vec<BlockId>> = HashMap::new();
    for &block in &func.regions[func.body].blocks {
        if let Some(above) = tree.immediate_dominator(block) {
            children.entry(above).or_default().push(block);
        }
    }
    let mut spans = HashMap::new();
    let mut clock = 0;
    // Each entry: a block, and whether its children are done.
    let mut stack = vec![(func.entry(), false)];
    while let Some((block, done)) = stack.pop() {
        clock += 1;
        if done {
            if let Some((_, leave)) = spans.get_mut(&block) {
                *leave = clock;
            }
            continue;
        }
        spans.insert(block, (clock, clock));
        stack.push((block, true));
        for &child in children.get(&block).into_iter().flatten() {
            stack.push((child, false));
        }
    }
    spans
}
