//! What loops assume: that a pointer which is not null before a loop is not null in any of its iterations, and that a
//! bool which keeps the outcome of a null test before the loop does so in every iteration.
//!
//! That depends on the end of the body, which the checker sees after its uses. So the checker makes the assumption, and
//! compares it with what is known at the back edges. If an assumption fails, it checks the body of the function again
//! without it. In the last of these runs every assumption holds.

use super::flow::Flow;
use crate::sema::tree::LocalId;
use crate::source::Span;
use std::collections::{BTreeMap, BTreeSet};

/// Longer chains of pointers that iterations pass on are not followed: the time stays linear.
const MAX_RUNS: u32 = 8;

#[derive(Default)]
pub(super) struct LoopAssumptions {
    /// A loop, by its body, and a pointer that may be null at the start of one of its iterations, or a bool that is the
    /// outcome of no test there.
    failed: BTreeSet<(Span, LocalId)>,
    runs: u32,
    failed_in_run: bool,
}

/// What a loop assumes at the start of an iteration: which pointers are not null, and which bools are outcomes of
/// tests.
#[derive(Default)]
pub(super) struct Assumed {
    body: Option<Span>,
    pointers: BTreeSet<LocalId>,
    tests: BTreeMap<LocalId, Vec<(LocalId, bool)>>,
}

impl LoopAssumptions {
    /// Removes from the state what failed for this loop before; assumes the rest.
    pub fn assume(&self, body: Span, flow: &mut Flow) -> Assumed {
        let may_hold = |local: LocalId| self.runs < MAX_RUNS && !self.failed.contains(&(body, local));
        flow.not_null.retain(|&pointer| may_hold(pointer));
        flow.null_tests.retain(|&bool, _| may_hold(bool));
        Assumed { body: Some(body), pointers: flow.not_null.clone(), tests: flow.null_tests.clone() }
    }

    /// Compares the state at a back edge with the assumptions.
    pub fn check(&mut self, assumed: &Assumed, flow: &Flow) {
        let Some(body) = assumed.body else { return };
        let pointers = assumed.pointers.difference(&flow.not_null);
        let tests = assumed.tests.iter().filter(|(bool, outcomes)| flow.null_tests.get(bool) != Some(outcomes));
        for &local in pointers.chain(tests.map(|(bool, _)| bool)) {
            self.failed_in_run |= self.failed.insert((body, local));
        }
    }

    pub fn any_failed(&self) -> bool {
        self.failed_in_run
    }

    pub fn begin_again(&mut self) {
        self.failed_in_run = false;
        self.runs += 1;
    }
}
