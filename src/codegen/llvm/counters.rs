//! Counters of loops, once the optimisation is over: as wide as a register.
//!
//! The verifier follows a plain loop as long as it knows the counter in each turn. It remembers what is spilled to the stack
//! for whole slots of eight bytes; LLVM spills a narrow counter to four and puts something else into the rest, whose write
//! makes the verifier forget the counter: "infinite loop detected".

use super::module::ModuleGen;
use crate::session::Mcpu;
use inkwell::basic_block::BasicBlock;
use inkwell::values::{BasicValueEnum, InstructionOpcode, InstructionValue, PhiValue};

pub fn widen(g: &ModuleGen) {
    // Before, all registers are whole.
    if matches!(g.cx.options.mcpu, Mcpu::V1 | Mcpu::V2) {
        return;
    }
    for function in g.module.get_functions() {
        let blocks = function.get_basic_blocks();
        let mut counters = Vec::new();
        for (at, block) in blocks.iter().enumerate() {
            let phis = block.get_instructions().filter_map(|instruction| PhiValue::try_from(instruction).ok());
            counters.extend(phis.filter(|&phi| is_counter(phi, &blocks, at)));
        }
        for counter in counters {
            g.build.widen_phi(counter);
        }
    }
}

/// Whether it starts as a constant, comes around from a later block, and decides where that goes.
fn is_counter<'c>(phi: PhiValue<'c>, blocks: &[BasicBlock<'c>], at: usize) -> bool {
    let BasicValueEnum::IntValue(value) = phi.as_basic_value() else { return false };
    if value.get_type().get_bit_width() >= 64 {
        return false;
    }
    let is_later = |block: &BasicBlock| blocks[at..].contains(block);
    let incoming: Vec<(BasicValueEnum, BasicBlock)> = phi.get_incomings().collect();
    let starts = incoming.iter().any(|(value, block)| !is_later(block) && value.into_int_value().is_const());
    let mut values = vec![BasicValueEnum::IntValue(value)];
    values.extend(incoming.iter().filter(|(_, block)| is_later(block)).map(|(value, _)| *value));
    starts && values.len() > 1 && blocks.iter().any(|block| block.get_instructions().any(|user| decides(user, &values)))
}

/// Whether an instruction tests one of the values.
fn decides(user: InstructionValue, values: &[BasicValueEnum]) -> bool {
    let tests = [InstructionOpcode::ICmp, InstructionOpcode::Br, InstructionOpcode::Select];
    tests.contains(&user.get_opcode())
        && user.get_operand(0).and_then(|operand| operand.value()).is_some_and(|value| values.contains(&value))
}
