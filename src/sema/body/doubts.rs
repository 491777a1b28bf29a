//! What loops may trust in: that a pointer which is not null before a loop is not null in any turn of it, and
//! that a bool which keeps the outcome of a null test before it does so in every turn.
//!
//! That depends on the end of the body, which comes after its uses. So the checker takes it for true, and compares where
//! control goes back to the loop's head. If something was not true, the body of the function is checked once more without it;
//! in the last of these runs all that was taken for true has been found to be.

use super::flow::Flow;
use crate::sema::tree::LocalId;
use crate::source::Span;
use std::collections::{BTreeMap, BTreeSet};

/// Longer chains of pointers that are handed on from turn to turn are not followed: the time stays linear.
const MAX_RUNS: u32 = 8;

#[derive(Default)]
pub(super) struct Doubts {
    /// A loop, by its body, and a pointer that may be null where a turn of it begins, or a bool that is the outcome of no test
    /// there.
    found: BTreeSet<(Span, LocalId)>,
    runs: u32,
    grown: bool,
}

/// What a loop takes for true where a turn begins: which pointers are not null, and which bools are outcomes of tests.
#[derive(Default)]
pub(super) struct Trusted {
    body: Option<Span>,
    pointers: BTreeSet<LocalId>,
    tests: BTreeMap<LocalId, Vec<(LocalId, bool)>>,
}

impl Doubts {
    /// Takes out what is doubted of this loop; the rest is trusted.
    pub fn trust(&self, body: Span, flow: &mut Flow) -> Trusted {
        let believed = |local: LocalId| self.runs < MAX_RUNS && !self.found.contains(&(body, local));
        flow.not_null.retain(|&pointer| believed(pointer));
        flow.kept_tests.retain(|&bool, _| believed(bool));
        Trusted { body: Some(body), pointers: flow.not_null.clone(), tests: flow.kept_tests.clone() }
    }

    /// What is known where control goes back to the loop's head.
    pub fn compare(&mut self, trusted: &Trusted, flow: &Flow) {
        let Some(body) = trusted.body else { return };
        let pointers = trusted.pointers.difference(&flow.not_null);
        let tests = trusted.tests.iter().filter(|(bool, told)| flow.kept_tests.get(bool) != Some(told));
        for &local in pointers.chain(tests.map(|(bool, _)| bool)) {
            self.grown |= self.found.insert((body, local));
        }
    }

    pub fn have_grown(&self) -> bool {
        self.grown
    }

    pub fn begin_again(&mut self) {
        self.grown = false;
        self.runs += 1;
    }
}
