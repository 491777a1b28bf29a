//! Masks sums before they are bounded.
//!
//! A verifier before 6.8 can know that a sum of 64 bits that may wrap is from -127 to 0 as a signed number, and no limit of it as an
//! unsigned one. On a path that is never taken, where it is at least 2 and at most 6, that becomes a smallest value above the largest: no
//! comparison is predicted from it, and it is no offset of a pointer. A mask reconciles the two.

use super::super::module::ModuleGen;
use super::known_limits;
use super::linked_limits::mask;
use super::operands::number;
use super::{Rewrite, Run};
use crate::tables::workarounds;
use inkwell::values::{InstructionOpcode, InstructionValue, IntValue, PhiValue};

pub(super) static REWRITE: Rewrite = Rewrite {
    workaround: workarounds::WRAPPED_LIMITS,
    after: &[("linked-limits", "masks some of the same numbers, which then need no other mask")],
    run: Run::ForSome(mask_sums),
};

/// A number may be chosen among others that are chosen too; what is further away is taken for a sum.
const CHOICES: usize = 4;

/// After the optimisation.
fn mask_sums(g: &ModuleGen) -> bool {
    let mut changed = false;
    for block in g.module.get_functions().flat_map(|function| function.get_basic_blocks()) {
        for call in block.get_instructions() {
            if let Some(limit) = known_limits::limit(call)
                && let Some(index) = number(call.get_operand(0))
                && limit & (limit + 1) != 0
                && index.get_type().get_bit_width() == 64
                && may_wrap(index, CHOICES)
            {
                mask(g, call, index, limit);
                changed = true;
            }
        }
    }
    changed
}

/// Whether it is a sum, or one may be chosen for it.
fn may_wrap(index: IntValue, choices: usize) -> bool {
    let Some(made_by) = index.as_instruction() else { return false };
    let opcode = made_by.get_opcode();
    if opcode == InstructionOpcode::Add || opcode == InstructionOpcode::Sub {
        return !grows(made_by);
    }
    if opcode != InstructionOpcode::Phi && opcode != InstructionOpcode::Select {
        return false;
    }
    if choices == 0 {
        return true;
    }
    let Ok(phi) = PhiValue::try_from(made_by) else {
        return (1..3).filter_map(|at| number(made_by.get_operand(at))).any(|value| may_wrap(value, choices - 1));
    };
    phi.get_incomings().any(|(value, _)| value.is_int_value() && may_wrap(value.into_int_value(), choices - 1))
}

/// Whether a sum is one of a constant above zero and a number that has limits, as that of a counter. A number that is loaded has
/// none.
fn grows(sum: InstructionValue) -> bool {
    let is_sum = sum.get_opcode() == InstructionOpcode::Add;
    let is_loaded = number(sum.get_operand(0))
        .and_then(|value| value.as_instruction())
        .is_some_and(|made_by| made_by.get_opcode() == InstructionOpcode::Load);
    is_sum
        && !is_loaded
        && number(sum.get_operand(1))
            .and_then(IntValue::get_sign_extended_constant)
            .is_some_and(|constant| constant > 0)
}
