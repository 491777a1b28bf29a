//! Resolves choices between pointers where a branch has decided.
//!
//! At `-O1` LLVM keeps a `select` of a pointer or null beside a branch on the same condition. The verifier walks the two
//! tests of it one after the other, and forgets that a number differs from a constant: it then follows a path on which
//! the first test chose null and the second one took the branch of the pointer. What the pointer refers to was acquired, and
//! nobody releases it there.
//!
//! So what flows from such a branch into a join is what was chosen on that branch.

use super::super::module::ModuleGen;
use super::Rewrite;
use crate::kernels::Kernels;
use inkwell::basic_block::BasicBlock;
use inkwell::values::{BasicValue, BasicValueEnum, InstructionOpcode, InstructionValue, Operand, PhiValue};

pub static REWRITE: Rewrite = Rewrite {
    name: "guarded-choices",
    after: &[],
    kernels: Kernels::ALL,
    why: "the verifier forgets the outcome of a test, and follows null on the branch on which a pointer was chosen",
    run: resolve,
};

fn resolve(g: &ModuleGen) {
    for block in g.module.get_functions().flat_map(|function| function.get_basic_blocks()) {
        let Some(branch) = block.get_terminator() else { continue };
        let value = |at: u32| branch.get_operand(at).and_then(Operand::value);
        let target = |at: u32| branch.get_operand(at).and_then(Operand::block);
        // A branch has its condition first, then where it goes if that is false.
        let (Some(condition), Some(otherwise), Some(then)) = (value(0), target(1), target(2)) else { continue };
        if branch.get_opcode() != InstructionOpcode::Br || then == otherwise {
            continue;
        }
        for choice in block.get_instructions().filter(|&choice| chooses(choice, condition)) {
            for (chosen, join) in [(1, then), (2, otherwise)] {
                let chosen = choice.get_operand(chosen).and_then(Operand::value);
                chosen.into_iter().for_each(|chosen| replace(choice, chosen, block, join));
            }
        }
    }
}

/// Whether an instruction chooses a pointer by a condition.
fn chooses(choice: InstructionValue, condition: BasicValueEnum) -> bool {
    choice.get_opcode() == InstructionOpcode::Select
        && choice.get_type().is_pointer_type()
        && choice.get_operand(0).and_then(Operand::value) == Some(condition)
}

/// In a join, what comes from a block is the chosen value.
fn replace<'c>(choice: InstructionValue<'c>, chosen: BasicValueEnum<'c>, from: BasicBlock<'c>, join: BasicBlock<'c>) {
    let phis = join.get_instructions().filter_map(|instruction| PhiValue::try_from(instruction).ok());
    for phi in phis {
        for at in 0..phi.count_incoming() {
            let is_choice = |(value, block): (BasicValueEnum, BasicBlock)| {
                block == from && value.as_instruction_value() == Some(choice)
            };
            if phi.get_incoming(at).is_some_and(is_choice) {
                phi.as_instruction().set_operand(at, chosen);
            }
        }
    }
}
