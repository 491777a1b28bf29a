//! Keeps the head of a loop before its body.
//!
//! Code generation may put the end of a loop's body before its head, so that control falls into the head from above.
//! Older verifiers (6.1) take that for an infinite loop. LLVM does not do it if it optimises for size; this sets that
//! attribute after the optimisation proper.

use super::super::builder::enum_attribute;
use super::super::module::ModuleGen;
use super::{Rewrite, Run};
use crate::tables::workarounds;
use inkwell::attributes::AttributeLoc;

pub(super) static REWRITE: Rewrite =
    Rewrite { workaround: workarounds::LOOP_HEADS, after: &[], run: Run::Always(keep_first) };

fn keep_first(g: &ModuleGen) {
    for function in g.module.get_functions() {
        if function.count_basic_blocks() > 0 {
            function.add_attribute(AttributeLoc::Function, enum_attribute(g.context, "optsize"));
        }
    }
}
