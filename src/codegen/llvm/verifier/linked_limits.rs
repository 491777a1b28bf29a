//! Separates indexes that differ by constants before they are bounded one by one.
//!
//! Between two sums `x + 1` and `x + 2` the verifier keeps a link: a bound that a comparison shows for one also holds for the other, less
//! the difference. Where the bound of `x + 2` is a second comparison, its conclusion for `x + 1`, which has its own bound, can have a
//! constant as its bits and a range as its limits. Such a number is no offset of a pointer. A mask ends the link.

use super::super::module::ModuleGen;
use super::known_limits;
use super::operands::number;
use super::{Rewrite, Run};
use crate::tables::workarounds;
use indexmap::IndexMap;
use inkwell::values::{InstructionOpcode, InstructionValue, IntValue};

pub(super) static REWRITE: Rewrite = Rewrite {
    workaround: workarounds::LINKED_LIMITS,
    after: &[("known-limits", "leaves constants, which need no bound")],
    run: Run::Always(separate),
};

struct Bounded<'c> {
    call: InstructionValue<'c>,
    index: IntValue<'c>,
    limit: u64,
    /// The index minus the number that it is computed from.
    distance: i64,
}

/// After the optimisation.
fn separate(g: &ModuleGen) {
    for function in g.module.get_functions() {
        // By the number that the indexes are computed from.
        let mut families: IndexMap<IntValue, Vec<Bounded>> = IndexMap::new();
        for instruction in function.get_basic_blocks().into_iter().flat_map(|block| block.get_instructions()) {
            if let Some((base, bounded)) = bounded(instruction) {
                families.entry(base).or_default().push(bounded);
            }
        }
        for family in families.into_values() {
            if family.iter().any(|one| one.distance != family[0].distance) {
                family.iter().for_each(|one| mask(g, one.call, one.index, one.limit));
            }
        }
    }
}

/// A bound that is a comparison, of a sum of 64 bits. Sums of 32 bits are not linked.
fn bounded<'c>(call: InstructionValue<'c>) -> Option<(IntValue<'c>, Bounded<'c>)> {
    let limit = known_limits::limit(call)?;
    let index = number(call.get_operand(0))?;
    if limit & (limit + 1) == 0 || index.get_type().get_bit_width() != 64 {
        return None;
    }
    let (mut base, mut distance) = (index, 0i64);
    while let Some(sum) = base.as_instruction().filter(|sum| sum.get_opcode() == InstructionOpcode::Add)
        && let (Some(left), Some(right)) = (number(sum.get_operand(0)), number(sum.get_operand(1)))
        && let Some(constant) = right.get_sign_extended_constant()
    {
        (base, distance) = (left, distance.wrapping_add(constant));
    }
    Some((base, Bounded { call, index, limit, distance }))
}

/// The index is at most its limit, which the mask keeps.
pub(super) fn mask<'c>(g: &ModuleGen<'_, 'c>, call: InstructionValue<'c>, index: IntValue<'c>, limit: u64) {
    g.build.before(&call);
    let mask = (limit + 1).next_power_of_two() - 1;
    let masked = g.build.asm_unary(&format!("$0 &= {mask}"), "=r,0", index);
    call.set_operand(0, masked);
}
