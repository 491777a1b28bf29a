//! Makes the outcome of a test a constant on each path behind it.
//!
//! A bool that is true on the path on which a test came out true is the test's outcome to LLVM, in one register beside the branch. BPF does
//! not compare into a register: instruction selection tests twice, and the verifier walks both tests. If a number is tested, it has
//! forgotten the first outcome at the second test. So a phi where the paths of a branch join replaces the uses of the outcome behind the
//! join.

use super::super::module::ModuleGen;
use super::operands::number;
use super::{Rewrite, Run};
use crate::tables::workarounds;
use inkwell::basic_block::BasicBlock;
use inkwell::values::{BasicValue, BasicValueEnum, InstructionOpcode, InstructionValue, IntValue, Operand, PhiValue};
use std::collections::{HashMap, HashSet};

pub(super) static REWRITE: Rewrite =
    Rewrite { workaround: workarounds::JOINED_OUTCOMES, after: &[], run: Run::Always(choose) };

/// A branch around one block.
struct Branch<'c> {
    condition: IntValue<'c>,
    /// Where the branch is, and what it may leave out.
    from: BasicBlock<'c>,
    inner: BasicBlock<'c>,
    join: BasicBlock<'c>,
    /// Whether the block is left out if the condition is false.
    on_true: bool,
}

/// After the optimisation.
fn choose(g: &ModuleGen) {
    for function in g.module.get_functions() {
        let blocks = function.get_basic_blocks();
        let before = predecessors(&blocks);
        for branch in blocks.iter().filter_map(|&block| around_block(&before, block)) {
            let uses = phis_behind(&branch);
            if uses.is_empty() {
                continue;
            }
            let choice = chosen(g, &branch);
            uses.into_iter().for_each(|(phi, at)| {
                phi.set_operand(at, choice);
            });
        }
    }
}

/// The condition, as a constant on each path to the join.
fn chosen<'c>(g: &ModuleGen<'_, 'c>, branch: &Branch<'c>) -> BasicValueEnum<'c> {
    if let Some(first) = branch.join.get_first_instruction() {
        g.build.before(&first);
    }
    let ty = g.context.bool_type();
    let choice = g.build.phi(ty.into());
    for (from, outcome) in [(branch.from, !branch.on_true), (branch.inner, branch.on_true)] {
        choice.add_incoming(&[(&ty.const_int(outcome.into(), false), from)]);
    }
    choice.as_basic_value()
}

/// How many blocks lead to each block.
fn predecessors<'c>(blocks: &[BasicBlock<'c>]) -> HashMap<BasicBlock<'c>, usize> {
    let mut counts = HashMap::new();
    for &block in blocks {
        let mut seen = HashSet::new();
        for target in successors(block).filter(|&target| seen.insert(target)) {
            *counts.entry(target).or_insert(0) += 1;
        }
    }
    counts
}

/// Where the end of a block leads to.
pub(super) fn successors<'c>(block: BasicBlock<'c>) -> impl Iterator<Item = BasicBlock<'c>> {
    let end = block.get_terminator();
    let operands = end.map_or(0, |end| end.get_num_operands());
    (0..operands).filter_map(move |at| end?.get_operand(at)?.block())
}

fn around_block<'c>(before: &HashMap<BasicBlock<'c>, usize>, from: BasicBlock<'c>) -> Option<Branch<'c>> {
    let branch = from.get_terminator().filter(|branch| branch.get_opcode() == InstructionOpcode::Br)?;
    let target = |at: u32| branch.get_operand(at).and_then(Operand::block);
    // A branch has its condition first, then where it goes if that is false.
    let (condition, otherwise, then) = (number(branch.get_operand(0))?, target(1)?, target(2)?);
    let is_around = |inner: BasicBlock<'c>, join: BasicBlock<'c>| {
        let leads_there = successors(inner).collect::<Vec<_>>() == [join];
        inner != join && leads_there && before.get(&inner) == Some(&1) && before.get(&join) == Some(&2)
    };
    condition.as_instruction()?;
    if is_around(then, otherwise) {
        return Some(Branch { condition, from, inner: then, join: otherwise, on_true: true });
    }
    is_around(otherwise, then).then_some(Branch { condition, from, inner: otherwise, join: then, on_true: false })
}

/// The operands of later joins that are the condition, where control comes from the join of the branch.
fn phis_behind<'c>(branch: &Branch<'c>) -> Vec<(InstructionValue<'c>, u32)> {
    let uses = std::iter::successors(branch.condition.get_first_use(), |found| found.get_next_use());
    let users = uses.filter_map(|found| BasicValueEnum::try_from(found.get_user()).ok()?.as_instruction_value());
    let phis = users.filter_map(|user| PhiValue::try_from(user).ok());
    let mut found: Vec<(InstructionValue, u32)> = Vec::new();
    for phi in phis {
        for at in 0..phi.count_incoming() {
            let is_use = |(value, block): (BasicValueEnum<'c>, BasicBlock<'c>)| {
                block == branch.join && value == BasicValueEnum::IntValue(branch.condition)
            };
            if phi.get_incoming(at).is_some_and(is_use) && !found.contains(&(phi.as_instruction(), at)) {
                found.push((phi.as_instruction(), at));
            }
        }
    }
    found
}
