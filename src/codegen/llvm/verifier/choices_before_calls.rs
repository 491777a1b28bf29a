//! Moves a `select` before a call that the verifier cannot backtrack through.
//!
//! Instruction selection puts `select` right before its use, even behind calls, and spills its condition: often whether
//! a pointer is null, which the verifier knows on each path. The verifier then backtracks to the definition of the
//! condition. Before Linux 6.5 it cannot backtrack through calls of BPF functions, callbacks of loops among them: it
//! marks all numbers of the program as precise, and prunes no path any more (`backtrack_insn` in
//! `kernel/bpf/verifier.c`).
//!
//! So a value that is selected before such a call goes through a register right before it.

use super::super::builder::{Build, Extend};
use super::super::module::ModuleGen;
use super::operands::{calls_body, number, operands};
use super::{Rewrite, Run};
use crate::tables::workarounds;
use inkwell::values::{FunctionValue, InstructionOpcode, InstructionValue, IntValue};
use std::collections::HashMap;

pub(super) static REWRITE: Rewrite = Rewrite {
    workaround: workarounds::CHOICES_BEFORE_CALLS,
    after: &[("stored-bools", "looks for choices, which this rewrite hides")],
    run: Run::ForSome(settle_choices),
};

/// After the optimisation.
fn settle_choices(g: &ModuleGen) -> bool {
    let mut changed = false;
    for function in g.module.get_functions() {
        changed |= settle(g, function);
    }
    changed
}

/// The position of an instruction: number of the block, and of the instruction in it.
type Place = (usize, usize);

/// A number that is selected before a call: the position of the call, and the number that replaces it from there on.
struct Choice<'c> {
    at: Place,
    call: InstructionValue<'c>,
    settled: Option<IntValue<'c>>,
}

fn settle<'c>(g: &ModuleGen<'_, 'c>, function: FunctionValue<'c>) -> bool {
    let blocks: Vec<Vec<InstructionValue>> =
        function.get_basic_blocks().into_iter().map(|block| block.get_instructions().collect()).collect();
    let mut choices: HashMap<IntValue, Choice> = HashMap::new();
    for (number, block) in blocks.iter().enumerate() {
        // The selects since the last call.
        let mut open = Vec::new();
        for (at, &instruction) in block.iter().enumerate() {
            if calls_body(g, instruction) {
                let choice = || Choice { at: (number, at), call: instruction, settled: None };
                choices.extend(open.drain(..).map(|value| (value, choice())));
            } else if let Some(value) = chosen(instruction, &open) {
                open.push(value);
            }
        }
    }
    if choices.is_empty() {
        return false;
    }
    for (number, block) in blocks.iter().enumerate() {
        for (at, &user) in block.iter().enumerate() {
            replace(&g.build, user, (number, at), &mut choices);
        }
    }
    choices.values().any(|choice| choice.settled.is_some())
}

/// The number that an instruction makes, if a choice is in it.
fn chosen<'c>(instruction: InstructionValue<'c>, open: &[IntValue<'c>]) -> Option<IntValue<'c>> {
    let value = IntValue::try_from(instruction).ok()?;
    let of_number = |bits: u32| matches!(bits, 8 | 16 | 32 | 64);
    if !of_number(value.get_type().get_bit_width()) {
        return None;
    }
    let opcode = instruction.get_opcode();
    let from_condition = matches!(opcode, InstructionOpcode::ZExt | InstructionOpcode::SExt)
        && number(instruction.get_operand(0)).is_some_and(|from| from.get_type().get_bit_width() == 1);
    let combined = [InstructionOpcode::Or, InstructionOpcode::And, InstructionOpcode::Xor, InstructionOpcode::Add];
    let of_choice = || operands(instruction).any(|of| of.is_int_value() && open.contains(&of.into_int_value()));
    let is_choice = opcode == InstructionOpcode::Select || from_condition || combined.contains(&opcode) && of_choice();
    is_choice.then_some(value)
}

/// Behind the call of a choice what uses it gets the settled one.
fn replace<'c>(
    build: &Build<'c>,
    user: InstructionValue<'c>,
    at: Place,
    choices: &mut HashMap<IntValue<'c>, Choice<'c>>,
) {
    for index in 0..user.get_num_operands() {
        let Some(value) = number(user.get_operand(index)) else { continue };
        let Some(choice) = choices.get_mut(&value) else { continue };
        if at.0 == choice.at.0 && at.1 < choice.at.1 {
            continue;
        }
        let settled = *choice.settled.get_or_insert_with(|| {
            build.before(&choice.call);
            let bits = value.get_type().get_bit_width();
            let wide = build.asm_settled(build.resize(value, 64, Extend::Zero));
            build.resize(wide, bits, Extend::Zero)
        });
        user.set_operand(index, settled);
    }
}
