//! Resolves choices between pointers where a branch has decided.
//!
//! At `-O1` LLVM keeps a `select` of a pointer or null beside a branch on the same condition. The verifier walks the two tests of it one
//! after the other, and forgets that a number differs from a constant: it then follows a path on which the first test chose null and the
//! second one took the branch of the pointer. The object of the pointer was acquired, and nobody releases it there.
//!
//! So the operands of joins that come from such a branch, and the uses in blocks that it alone leads to, become the value that is chosen on
//! that branch.

use super::super::module::ModuleGen;
use super::{Rewrite, Run};
use crate::tables::workarounds;
use indexmap::IndexMap;
use inkwell::basic_block::BasicBlock;
use inkwell::values::{BasicValue, BasicValueEnum, InstructionOpcode, InstructionValue, Operand, PhiValue};

pub(super) static REWRITE: Rewrite =
    Rewrite { workaround: workarounds::GUARDED_CHOICES, after: &[], run: Run::Always(resolve) };

fn resolve(g: &ModuleGen) {
    for function in g.module.get_functions() {
        let mut entries: IndexMap<BasicBlock, usize> = IndexMap::new();
        for target in function.get_basic_blocks().into_iter().flat_map(successors) {
            *entries.entry(target).or_default() += 1;
        }
        for block in function.get_basic_blocks() {
            resolve_branch(block, &entries);
        }
    }
}

/// `entries`: how many branches lead to each block.
fn resolve_branch(block: BasicBlock, entries: &IndexMap<BasicBlock, usize>) {
    let Some(branch) = block.get_terminator() else { return };
    let value = |at: u32| branch.get_operand(at).and_then(Operand::value);
    let target = |at: u32| branch.get_operand(at).and_then(Operand::block);
    // A branch has its condition first, then where it goes if that is false.
    let (Some(condition), Some(otherwise), Some(then)) = (value(0), target(1), target(2)) else { return };
    if branch.get_opcode() != InstructionOpcode::Br || then == otherwise {
        return;
    }
    for choice in block.get_instructions().filter(|&choice| chooses(choice, condition)) {
        for (chosen, target) in [(1, then), (2, otherwise)] {
            let chosen = choice.get_operand(chosen).and_then(Operand::value);
            chosen.into_iter().for_each(|chosen| replace((choice, chosen), block, target, entries));
        }
    }
}

fn successors(block: BasicBlock) -> Vec<BasicBlock> {
    block
        .get_terminator()
        .into_iter()
        .flat_map(|branch| branch.get_operands().filter_map(|of| of?.block()).collect::<Vec<_>>())
        .collect()
}

/// Whether an instruction chooses a pointer by a condition.
fn chooses(choice: InstructionValue, condition: BasicValueEnum) -> bool {
    choice.get_opcode() == InstructionOpcode::Select
        && choice.get_type().is_pointer_type()
        && choice.get_operand(0).and_then(Operand::value) == Some(condition)
}

/// Replaces the choice by the chosen value in the phis of a block for the edge from another one, and in the whole block if nothing else
/// leads to it.
fn replace<'c>(
    (choice, chosen): (InstructionValue<'c>, BasicValueEnum<'c>),
    from: BasicBlock<'c>,
    to: BasicBlock<'c>,
    entries: &IndexMap<BasicBlock<'c>, usize>,
) {
    let is_choice = |value: BasicValueEnum<'c>| value.as_instruction_value() == Some(choice);
    for instruction in to.get_instructions() {
        if let Ok(phi) = PhiValue::try_from(instruction) {
            for at in 0..phi.count_incoming() {
                if phi.get_incoming(at).is_some_and(|(value, block)| block == from && is_choice(value)) {
                    instruction.set_operand(at, chosen);
                }
            }
        } else if entries.get(&to) == Some(&1) {
            for at in 0..instruction.get_num_operands() {
                if instruction.get_operand(at).and_then(Operand::value).is_some_and(is_choice) {
                    instruction.set_operand(at, chosen);
                }
            }
        }
    }
    if entries.get(&to) == Some(&1) {
        successors(to).into_iter().for_each(|next| replace((choice, chosen), to, next, entries));
    }
}
