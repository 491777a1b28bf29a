//! Rewrites of LLVM IR for the kernel's verifier, after the optimisation. They change correct code that the verifier,
//! or BPF's instruction set, does not accept.
//!
//! Each has a row in `ir-specs/workarounds.toml`, which says what kernels need it.

mod address_sums;
mod aligned_slots;
mod callback_results;
mod choices_before_calls;
mod computed_bools;
mod context_choices;
mod extended_bounds;
pub mod graph;
mod guarded_choices;
mod joined_outcomes;
mod joined_packets;
mod known_bits;
pub mod known_limits;
mod linked_limits;
mod loop_heads;
mod null_tests;
pub mod operands;
mod packet_bounds;
pub mod record_loads;
mod saturated_differences;
mod shown;
mod shown_limits;
pub mod stored_bools;
pub mod tested_records;
mod tested_sums;
mod void_results;
mod wide_products;
mod wrapped_limits;
mod zeros_behind_calls;

use super::module::ModuleGen;
use crate::diag::escape;
use crate::tables::Workaround;
use std::time::Instant;

/// A rewrite: its reason, its place in the order, and its function.
pub struct Rewrite {
    /// Why there is the rewrite; its name in `--print-ir-after`, `--time-passes` and `--without`.
    pub workaround: &'static Workaround,
    /// Rewrites that run before this one, and what they do that makes it so.
    pub after: &'static [(&'static str, &'static str)],
    run: Run,
}

enum Run {
    /// For all kernels that objects may meet.
    Always(fn(&ModuleGen)),
    /// Not for the latest kernels. Returns whether it changed something.
    ForSome(fn(&ModuleGen) -> bool),
}

/// In the order in which they run.
pub static REWRITES: &[&Rewrite] = &[
    &loop_heads::REWRITE,
    &guarded_choices::REWRITE,
    &tested_records::REWRITE,
    &joined_outcomes::REWRITE,
    &void_results::REWRITE,
    &saturated_differences::REWRITE,
    &packet_bounds::REWRITE,
    &extended_bounds::REWRITE,
    &null_tests::REWRITE,
    &known_limits::REWRITE,
    &shown_limits::REWRITE,
    &tested_sums::REWRITE,
    &linked_limits::REWRITE,
    &wrapped_limits::REWRITE,
    &known_bits::REWRITE,
    &address_sums::REWRITE,
    &computed_bools::REWRITE,
    &stored_bools::REWRITE,
    &context_choices::REWRITE,
    &joined_packets::REWRITE,
    &record_loads::REWRITE,
    &choices_before_calls::REWRITE,
    &zeros_behind_calls::REWRITE,
    &wide_products::REWRITE,
    &aligned_slots::REWRITE,
    &callback_results::REWRITE,
];

/// Runs those that the kernels need which the object may meet.
pub fn run(g: &mut ModuleGen) {
    for rewrite in REWRITES {
        let workaround = rewrite.workaround;
        if !g.cx.options.works_around(workaround) {
            continue;
        }
        let since = Instant::now();
        match rewrite.run {
            Run::Always(run) => run(g),
            Run::ForSome(run) if run(g) => g.cx.worked_around(workaround),
            Run::ForSome(_) => {}
        }
        g.cx.timed(workaround.name, since);
        if g.cx.options.print_ir_after.wants(workaround.name) {
            eprint!("; after {}\n{}", workaround.name, escape::lines(&g.module.to_string()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_later_kernels_do_not_need_returns_whether_it_changed_something() {
        for rewrite in REWRITES {
            let ends = rewrite.workaround.ends();
            assert_eq!(ends, matches!(rewrite.run, Run::ForSome(_)), "`{}`", rewrite.workaround.name);
        }
    }

    #[test]
    fn the_list_keeps_the_order_that_rewrites_ask_for() {
        for (at, rewrite) in REWRITES.iter().enumerate() {
            for (name, why) in rewrite.after {
                let earlier = REWRITES.iter().position(|other| other.workaround.name == *name);
                let earlier = earlier.is_some_and(|place| place < at);
                assert!(earlier, "`{}` after `{name}`, which {why}", rewrite.workaround.name);
            }
        }
    }
}
