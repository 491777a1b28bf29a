//! Keeps comparisons of BPF pointers with null apart.
//!
//! Instruction selection makes `(a | b) != 0` of `a != 0 || b != 0`, also for pointers, and the verifier allows no
//! arithmetic on a pointer that may be null. So the outcome of a test without a branch goes through a register that is
//! opaque to LLVM.

use super::super::module::ModuleGen;
use super::{Rewrite, Run};
use crate::tables::workarounds;
use inkwell::IntPredicate;
use inkwell::types::AnyTypeEnum;
use inkwell::values::{BasicValueEnum, FunctionValue, InstructionOpcode, InstructionValue, IntValue, Operand};

pub(super) static REWRITE: Rewrite =
    Rewrite { workaround: workarounds::NULL_TESTS, after: &[], run: Run::Always(keep_apart) };

/// A use of a value: the user, the index of the operand, and the instruction that defines the value.
type Use<'c> = (InstructionValue<'c>, u32, InstructionValue<'c>);

fn keep_apart(g: &ModuleGen) {
    for function in g.module.get_functions() {
        let tests: Vec<InstructionValue> = instructions(function).filter(is_null_test).collect();
        let (extended, direct): (Vec<Use>, Vec<Use>) =
            uses(function, &tests).partition(|(user, ..)| user.get_opcode() == InstructionOpcode::ZExt);
        // If a number depends on the outcome, its arithmetic counts.
        let numbers: Vec<InstructionValue> = extended.iter().map(|(user, ..)| *user).collect();
        let computed: Vec<InstructionValue> =
            uses(function, &numbers).filter(combines).map(|(_, _, number)| number).collect();
        let wanted = direct.into_iter().filter(combines);
        let wanted: Vec<Use> =
            wanted.chain(extended.into_iter().filter(|(number, ..)| computed.contains(number))).collect();
        for test in tests {
            let of_test: Vec<&Use> = wanted.iter().filter(|(_, _, of)| *of == test).collect();
            if !of_test.is_empty() {
                let outcome = g.build.asm_outcome(test);
                for (user, operand, _) in of_test {
                    user.set_operand(*operand, outcome);
                }
            }
        }
    }
}

fn instructions<'c>(function: FunctionValue<'c>) -> impl Iterator<Item = InstructionValue<'c>> {
    function.get_basic_blocks().into_iter().flat_map(|block| block.get_instructions().collect::<Vec<_>>())
}

fn is_null_test(instruction: &InstructionValue) -> bool {
    let is_null = |operand: Option<Operand>| {
        let value = operand.and_then(Operand::value);
        value.is_some_and(|value| matches!(value, BasicValueEnum::PointerValue(pointer) if pointer.is_null()))
    };
    let equality = matches!(instruction.get_icmp_predicate(), Some(IntPredicate::EQ | IntPredicate::NE));
    equality && (is_null(instruction.get_operand(0)) || is_null(instruction.get_operand(1)))
}

fn uses<'c>(function: FunctionValue<'c>, of: &[InstructionValue<'c>]) -> impl Iterator<Item = Use<'c>> {
    let values: Vec<(IntValue, InstructionValue)> =
        of.iter().filter_map(|&made| Some((IntValue::try_from(made).ok()?, made))).collect();
    instructions(function).flat_map(move |user| {
        let found = |(index, operand): (usize, Option<Operand<'c>>)| {
            let value = operand.and_then(Operand::value)?;
            let (_, made) = values.iter().find(|(known, _)| BasicValueEnum::IntValue(*known) == value)?;
            Some((user, index as u32, *made))
        };
        user.get_operands().enumerate().filter_map(found).collect::<Vec<_>>()
    })
}

/// Whether the user may make one value of this and others.
fn combines(one: &Use) -> bool {
    let (user, operand, _) = one;
    let opcode = user.get_opcode();
    // A choice between other values becomes a branch; between conditions it is a condition.
    if opcode == InstructionOpcode::Select && *operand == 0 {
        return matches!(user.get_type(), AnyTypeEnum::IntType(ty) if ty.get_bit_width() == 1);
    }
    let apart = [
        InstructionOpcode::Br,
        InstructionOpcode::Phi,
        InstructionOpcode::Store,
        InstructionOpcode::Return,
        InstructionOpcode::Call,
    ];
    !apart.contains(&opcode)
}
