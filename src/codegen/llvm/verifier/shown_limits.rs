//! Shows the verifier that what is added to a pointer into a packet is small.
//!
//! The limit of an offset may be in no instruction. LLVM removes a mask where the number has no more bits anyway: `(b % 7) & 7` is `b % 7`,
//! whose range the verifier does not know. So where the instructions that compute an offset show neither its limit nor one that is small, a
//! mask that LLVM does not see does. It keeps all bits that the offset can have.

use super::super::module::ModuleGen;
use super::operands::number;
use super::shown::Shown;
use super::{Rewrite, Run, known_limits};
use crate::ir::numbers::SMALL_OFFSET;
use crate::tables::workarounds;
use inkwell::values::InstructionValue;

pub(super) static REWRITE: Rewrite = Rewrite {
    workaround: workarounds::SHOWN_LIMITS,
    after: &[("known-limits", "makes constants of offsets, which need no mask")],
    run: Run::Always(show),
};

/// After the optimisation.
fn show(g: &ModuleGen) {
    let blocks = g.module.get_functions().flat_map(|function| function.get_basic_blocks());
    let instructions = blocks.flat_map(|block| block.get_instructions().collect::<Vec<_>>());
    let sums: Vec<(InstructionValue, u64)> =
        instructions.filter_map(|made_by| Some((made_by, known_limits::largest_added(made_by)?))).collect();
    for (sum, largest) in sums {
        let mask = (largest + 1).next_power_of_two() - 1;
        let Some(offset) = number(sum.get_operand(1)).filter(|offset| !offset.is_const()) else { continue };
        if Shown::of(g).largest(offset).is_none_or(|shown| shown > mask.max(SMALL_OFFSET)) {
            g.build.before(&sum);
            sum.set_operand(1, g.build.asm_unary(&format!("$0 &= {mask}"), "=r,0", offset));
        }
    }
}
