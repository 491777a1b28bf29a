//! Order of the blocks of a control-flow graph.

use super::{BlockId, Function};
use std::collections::HashSet;

impl Function {
    /// The reachable blocks, each before its successors (but for back edges), the first successor of a branch first.
    pub fn reverse_postorder(&self) -> Vec<BlockId> {
        let mut seen = HashSet::from([self.entry()]);
        let mut order = Vec::new();
        // The blocks on the path from the entry, each with the successors that are left to visit.
        let mut stack = vec![(self.entry(), self.successors(self.entry()))];
        while let Some((block, left)) = stack.last_mut() {
            let block = *block;
            // From the last: what is visited last comes first in the reversed order.
            match left.pop() {
                Some(next) => {
                    if seen.insert(next) {
                        stack.push((next, self.successors(next)));
                    }
                }
                None => {
                    order.push(block);
                    stack.pop();
                }
            }
        }
        order.reverse();
        order
    }

    /// The successors of a block.
    pub fn successors(&self, block: BlockId) -> Vec<BlockId> {
        self.blocks[block].ops.last().map_or(Vec::new(), |&last| self.ops[last].successors.clone())
    }
}
