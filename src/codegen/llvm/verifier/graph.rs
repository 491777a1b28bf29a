//! The blocks of a function as a graph: which dominate others, and where loops begin.

use super::joined_outcomes::successors;
use inkwell::basic_block::BasicBlock;
use inkwell::values::FunctionValue;
use std::collections::{HashMap, HashSet};

/// The blocks that control reaches, by numbers. Each is after those that dominate it; the entry is 0.
pub struct Graph<'c> {
    pub blocks: Vec<BasicBlock<'c>>,
    numbers: HashMap<BasicBlock<'c>, usize>,
    pub after: Vec<Vec<usize>>,
    pub before: Vec<Vec<usize>>,
    /// The last block through which each path to a block goes; of the entry itself.
    pub dominator: Vec<usize>,
}

impl<'c> Graph<'c> {
    /// The graph of a function; none if it has no body.
    pub fn of(function: FunctionValue<'c>) -> Option<Graph<'c>> {
        let blocks = ordered(function.get_first_basic_block()?);
        let numbers: HashMap<_, _> = blocks.iter().enumerate().map(|(at, &block)| (block, at)).collect();
        let after: Vec<Vec<usize>> =
            blocks.iter().map(|&block| successors(block).map(|to| numbers[&to]).collect()).collect();
        let mut before = vec![Vec::new(); blocks.len()];
        for (from, targets) in after.iter().enumerate() {
            targets.iter().for_each(|&to| before[to].push(from));
        }
        let dominator = dominators(&before);
        Some(Graph { blocks, numbers, after, before, dominator })
    }

    /// The index of a block; none if control does not reach it.
    pub fn number(&self, block: BasicBlock<'c>) -> Option<usize> {
        self.numbers.get(&block).copied()
    }

    /// The blocks to which control comes back from blocks behind them.
    pub fn loop_heads(&self) -> Vec<usize> {
        (0..self.blocks.len()).filter(|&head| self.before[head].iter().any(|&from| from >= head)).collect()
    }

    /// Which blocks control reaches from the ends of some, without the block `without`.
    pub fn behind(&self, from: impl IntoIterator<Item = usize>, without: usize) -> Vec<bool> {
        let mut reached = vec![false; self.blocks.len()];
        let mut left: Vec<usize> = from.into_iter().collect();
        while let Some(block) = left.pop() {
            for &to in &self.after[block] {
                if to != without && !std::mem::replace(&mut reached[to], true) {
                    left.push(to);
                }
            }
        }
        reached
    }
}

/// In reverse postorder.
fn ordered(entry: BasicBlock) -> Vec<BasicBlock> {
    let mut seen = HashSet::from([entry]);
    let mut open = vec![(entry, successors(entry).collect::<Vec<_>>())];
    let mut done = Vec::new();
    while let Some((block, targets)) = open.last_mut() {
        let Some(next) = targets.pop() else {
            done.push(*block);
            open.pop();
            continue;
        };
        if seen.insert(next) {
            open.push((next, successors(next).collect()));
        }
    }
    done.reverse();
    done
}

/// Cooper, Harvey, Kennedy: A Simple, Fast Dominance Algorithm.
fn dominators(before: &[Vec<usize>]) -> Vec<usize> {
    const UNKNOWN: usize = usize::MAX;
    let mut dominator = vec![UNKNOWN; before.len()];
    dominator[0] = 0;
    let mut changed = true;
    while changed {
        changed = false;
        for block in 1..before.len() {
            let known = before[block].iter().copied().filter(|&from| dominator[from] != UNKNOWN);
            let common = known.reduce(|mut left, mut right| {
                while left != right {
                    let higher = if left > right { &mut left } else { &mut right };
                    *higher = dominator[*higher];
                }
                left
            });
            let common = common.unwrap_or_else(|| crate::bug!("control reaches the block from one before it"));
            changed |= std::mem::replace(&mut dominator[block], common) != common;
        }
    }
    dominator
}
