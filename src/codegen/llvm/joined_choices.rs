//! Makes a branch of the choices that one condition decides, after LLVM's optimisation.
//!
//! BPF has no instruction that chooses: code generation makes a branch of each `select`, and computes both values before it. Where a
//! condition decides several, they become one branch; what only one outcome needs is computed on its path.

use super::module::ModuleGen;
use super::verifier::operands::{number, operands};
use crate::session::Mcpu;
use inkwell::IntPredicate;
use inkwell::basic_block::BasicBlock;
use inkwell::values::{BasicValue, BasicValueEnum, InstructionOpcode, InstructionValue, IntValue};
use std::collections::HashSet;

/// In all functions.
pub fn join(g: &ModuleGen) {
    // At v1 a constant that a number must be below is in a register. Verifiers before 6.8 then walk on with limits that contradict each
    // other, which the order of code generation avoids in most cases.
    if g.cx.options.mcpu < Mcpu::V2 {
        return;
    }
    for function in g.module.get_functions() {
        for block in function.get_basic_blocks() {
            let groups = groups(block);
            for group in &groups {
                gather(g, group);
            }
            // The first group first: so each instruction moves once.
            for group in &groups {
                split(g, block, group);
            }
        }
    }
}

/// Choices with one condition, one behind the other.
struct Group<'c> {
    condition: IntValue<'c>,
    choices: Vec<InstructionValue<'c>>,
    /// The instructions that only the values for one outcome need, in order; `on_true`: that outcome is true.
    moved: Vec<InstructionValue<'c>>,
    on_true: bool,
}

impl<'c> Group<'c> {
    /// None if a branch would not be shorter.
    fn of(choices: Vec<InstructionValue<'c>>) -> Option<Group<'c>> {
        let condition = number(choices.first()?.get_operand(0))?;
        let [moved, otherwise] = [1, 2].map(|arm| needed_only(&choices, arm));
        let on_true = moved.len() >= otherwise.len();
        let moved = if on_true { moved } else { otherwise };
        (choices.len() > 1 || !moved.is_empty()).then_some(Group { condition, choices, moved, on_true })
    }
}

/// The groups of a block, in order.
fn groups<'c>(block: BasicBlock<'c>) -> Vec<Group<'c>> {
    let mut open: Vec<InstructionValue> = Vec::new();
    let mut groups = Vec::new();
    for instruction in block.get_instructions() {
        let joins = open.first().is_none_or(|first| number(first.get_operand(0)) == number(instruction.get_operand(0)));
        if is_choice(instruction) && joins && !open.iter().any(|&choice| uses(instruction, choice)) {
            open.push(instruction);
            continue;
        }
        groups.push(std::mem::take(&mut open));
        if is_choice(instruction) {
            open.push(instruction);
        }
    }
    groups.into_iter().filter_map(Group::of).collect()
}

/// Puts what only one outcome needs before the choices.
fn gather(g: &ModuleGen, group: &Group) {
    let Some(first) = group.choices.first() else { return };
    g.build.raw().unset_current_debug_location();
    for instruction in &group.moved {
        instruction.remove_from_basic_block();
        g.build.raw().position_before(first);
        g.build.raw().insert_instruction(instruction, None);
    }
}

/// Whether it chooses between numbers by a comparison of numbers.
fn is_choice(instruction: InstructionValue) -> bool {
    let is_number =
        |value: BasicValueEnum| value.is_int_value() && value.get_type().into_int_type().get_bit_width() > 1;
    instruction.get_opcode() == InstructionOpcode::Select
        && operands(instruction).skip(1).all(is_number)
        && number(instruction.get_operand(0)).and_then(|condition| condition.as_instruction()).is_some_and(
            |condition| {
                condition.get_opcode() == InstructionOpcode::ICmp
                    && operands(condition).all(|operand| operand.is_int_value())
                    && condition.get_icmp_predicate().is_some_and(|predicate| !is_null_test(condition, predicate))
            },
        )
}

/// Whether a test may be one of a pointer that LLVM has as a number.
fn is_null_test(condition: InstructionValue, predicate: IntPredicate) -> bool {
    let of_pointer = number(condition.get_operand(0)).and_then(|number| number.as_instruction());
    let of_pointer = of_pointer.is_some_and(|made_by| made_by.get_opcode() == InstructionOpcode::PtrToInt);
    matches!(predicate, IntPredicate::EQ | IntPredicate::NE) && of_pointer
}

fn uses(instruction: InstructionValue, value: InstructionValue) -> bool {
    operands(instruction).any(|operand| operand.as_instruction_value() == Some(value))
}

/// The instructions that only the values of one arm of the choices need, in the order of the block.
fn needed_only<'c>(choices: &[InstructionValue<'c>], arm: u32) -> Vec<InstructionValue<'c>> {
    let block = choices.first().and_then(|choice| choice.get_parent());
    let mut found: HashSet<InstructionValue> = HashSet::new();
    let mut open: Vec<InstructionValue> = Vec::new();
    let value = |choice: &InstructionValue<'c>| choice.get_operand(arm)?.value()?.as_instruction_value();
    open.extend(choices.iter().filter_map(value));
    while let Some(candidate) = open.pop() {
        let is_user = |user: InstructionValue<'c>| {
            found.contains(&user) || choices.contains(&user) && chosen_as(user, candidate) == [arm]
        };
        if is_cheap(candidate)
            && candidate.get_parent() == block
            && users(candidate).all(|user| user.is_some_and(is_user))
        {
            found.insert(candidate);
            open.extend(operands(candidate).filter_map(|operand| operand.as_instruction_value()));
        }
    }
    let before = |instruction: &InstructionValue<'c>| instruction.get_previous_instruction();
    let mut at = choices.first().and_then(before);
    let mut moved = Vec::new();
    while let Some(instruction) = at.filter(|_| !found.is_empty()) {
        moved.extend(Some(instruction).filter(|instruction| found.remove(instruction)));
        at = before(&instruction);
    }
    moved.reverse();
    moved
}

/// The operands of a choice that are a value.
fn chosen_as(choice: InstructionValue, value: InstructionValue) -> Vec<u32> {
    let is =
        |at: &u32| choice.get_operand(*at).and_then(|operand| operand.value()?.as_instruction_value()) == Some(value);
    (0..choice.get_num_operands()).filter(is).collect()
}

/// None for a user that yields no value, as a store.
fn users<'c>(value: InstructionValue<'c>) -> impl Iterator<Item = Option<InstructionValue<'c>>> {
    let uses = std::iter::successors(value.get_first_use(), |found| found.get_next_use());
    uses.map(|found| BasicValueEnum::try_from(found.get_user()).ok()?.as_instruction_value())
}

/// Arithmetic that may run on one path only.
fn is_cheap(instruction: InstructionValue) -> bool {
    matches!(
        instruction.get_opcode(),
        InstructionOpcode::Add
            | InstructionOpcode::Sub
            | InstructionOpcode::Mul
            | InstructionOpcode::And
            | InstructionOpcode::Or
            | InstructionOpcode::Xor
            | InstructionOpcode::Shl
            | InstructionOpcode::LShr
            | InstructionOpcode::AShr
            | InstructionOpcode::ZExt
            | InstructionOpcode::SExt
            | InstructionOpcode::Trunc
    )
}

/// Makes a branch of a group. The code before it in its block goes to a block of its own.
fn split<'c>(g: &ModuleGen<'_, 'c>, block: BasicBlock<'c>, group: &Group<'c>) {
    let (Some(end), Some(&first)) = (block.get_terminator(), group.choices.first()) else {
        crate::bug!("a block has an end and a group has choices");
    };
    let before = g.context.prepend_basic_block(block, "choices");
    let inner = g.context.prepend_basic_block(block, "choice");
    let raw = g.build.raw();
    raw.unset_current_debug_location();
    // Without its end the block has no successors, which stay behind this block.
    end.remove_from_basic_block();
    block.replace_all_uses_with(&before);
    raw.position_at_end(block);
    raw.insert_instruction(&end, None);
    let head: Vec<_> = block.get_instructions().take_while(|&instruction| instruction != first).collect();
    for instruction in head {
        let to = if group.moved.contains(&instruction) { inner } else { before };
        instruction.remove_from_basic_block();
        raw.position_at_end(to);
        raw.insert_instruction(&instruction, None);
    }
    g.build.go_to(before);
    let (then, otherwise) = if group.on_true { (inner, block) } else { (block, inner) };
    g.build.cond_br(group.condition, then, otherwise);
    g.build.go_to(inner);
    g.build.br(block);
    for &choice in &group.choices {
        let [_, yes, no] = operands(choice).collect::<Vec<_>>()[..] else { continue };
        let (of_inner, of_before) = if group.on_true { (yes, no) } else { (no, yes) };
        g.build.before(&choice);
        let joined = g.build.phi(yes.get_type());
        joined.add_incoming(&[(&of_inner, inner), (&of_before, before)]);
        if let (Some(number), BasicValueEnum::IntValue(joined)) =
            (IntValue::try_from(choice).ok(), joined.as_basic_value())
        {
            number.replace_all_uses_with(joined);
        }
        choice.erase_from_basic_block();
    }
}
