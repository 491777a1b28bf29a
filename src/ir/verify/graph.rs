//! Dominance in a function whose region is a control-flow graph.

use crate::ir::{BlockId, Function, Value, ValueDef};
use petgraph::algo::dominators::{self, Dominators};
use petgraph::graphmap::DiGraphMap;

/// Every use in a reachable block is dominated by its definition.
pub fn dominance(func: &Function) -> Result<(), String> {
    let mut graph: DiGraphMap<BlockId, ()> = DiGraphMap::new();
    graph.add_node(func.entry());
    for &block in &func.regions[func.body].blocks {
        for &op in &func.blocks[block].ops {
            for &successor in &func.ops[op].successors {
                graph.add_edge(block, successor, ());
            }
        }
    }
    let tree = dominators::simple_fast(&graph, func.entry());
    for &block in &func.regions[func.body].blocks {
        if !dominates(&tree, func.entry(), block) {
            continue; // not reachable
        }
        for (index, &op) in func.blocks[block].ops.iter().enumerate() {
            for &operand in &func.ops[op].operands {
                if !defined_before(func, &tree, operand, block, index) {
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

fn dominates(tree: &Dominators<BlockId>, upper: BlockId, lower: BlockId) -> bool {
    tree.dominators(lower).is_some_and(|mut all| all.any(|block| block == upper))
}

fn defined_before(func: &Function, tree: &Dominators<BlockId>, value: Value, block: BlockId, index: usize) -> bool {
    match func.values[value].def {
        ValueDef::Arg(home, _) => dominates(tree, home, block),
        ValueDef::Result(op, _) => {
            let home = func.ops[op].block;
            if home == block { func.blocks[block].ops[..index].contains(&op) } else { dominates(tree, home, block) }
        }
    }
}
