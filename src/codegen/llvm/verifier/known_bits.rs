//! Masks numbers before they are bounded, if the verifier knows single bits of them.
//!
//! The verifier knows a number by its limits and by its bits. If `x | 1` is at least 40, it does not see that it is at least 41; so behind
//! a test for at most 40, which such a number never passes, limits and bits contradict each other. From 6.8 on the verifier then forgets
//! the limits and walks on. A comparison that bounds the number once more leads to the same contradiction, so the verifier refuses the
//! number as an offset of a pointer. A mask gives the number limits that follow from its bits.

use super::super::module::ModuleGen;
use super::known_limits;
use super::linked_limits::mask;
use super::operands::number;
use super::{Rewrite, Run};
use crate::tables::workarounds;
use inkwell::values::{InstructionOpcode, IntValue, PhiValue};

pub(super) static REWRITE: Rewrite = Rewrite {
    workaround: workarounds::KNOWN_BITS,
    after: &[
        ("linked-limits", "masks some of the same numbers, which then need no other mask"),
        ("wrapped-limits", "masks some of the same numbers, which then need no other mask"),
    ],
    run: Run::Always(mask_numbers),
};

/// A number may be computed of others in so many steps; of one that is further away no bits are known.
const STEPS: usize = 4;

/// After the optimisation.
fn mask_numbers(g: &ModuleGen) {
    for block in g.module.get_functions().flat_map(|function| function.get_basic_blocks()) {
        for call in block.get_instructions() {
            if let Some(limit) = known_limits::limit(call)
                && let Some(index) = number(call.get_operand(0))
                && limit & (limit + 1) != 0
                && has_known_bits(index, STEPS)
            {
                mask(g, call, index, limit);
            }
        }
    }
}

/// Whether the verifier may know bits of a number that do not follow from its limits.
fn has_known_bits(index: IntValue, steps: usize) -> bool {
    let Some(made_by) = index.as_instruction().filter(|_| steps > 0) else { return false };
    let operand = |at: u32| number(made_by.get_operand(at));
    let of_operand = |at: u32| operand(at).is_some_and(|value| has_known_bits(value, steps - 1));
    let opcode = made_by.get_opcode();
    let is = |of: InstructionOpcode| opcode == of;
    if is(InstructionOpcode::Or)
        || is(InstructionOpcode::Xor)
        || is(InstructionOpcode::Shl)
        || is(InstructionOpcode::Mul)
    {
        return true;
    }
    if is(InstructionOpcode::And) {
        // A mask of the lowest bits is a limit.
        let mask = operand(1).and_then(IntValue::get_zero_extended_constant);
        return mask.is_none_or(|mask| mask & mask.wrapping_add(1) != 0) || of_operand(0);
    }
    if let Ok(phi) = PhiValue::try_from(made_by) {
        let mut values = phi.get_incomings().filter(|(value, _)| value.is_int_value());
        return values.any(|(value, _)| has_known_bits(value.into_int_value(), steps - 1));
    }
    if is(InstructionOpcode::Select) {
        return of_operand(1) || of_operand(2);
    }
    if is(InstructionOpcode::Add) || is(InstructionOpcode::Sub) {
        return of_operand(0) || of_operand(1);
    }
    (is(InstructionOpcode::ZExt) || is(InstructionOpcode::Trunc) || is(InstructionOpcode::Freeze)) && of_operand(0)
}
