//! What loops may trust in: that a pointer which is not null before a loop is not null in any turn of it.
//!
//! That depends on the end of the body, which comes after its uses. So the checker takes it for true, and compares where
//! control goes back to the loop's head. If something was not true, the body of the function is checked once more without it;
//! in the last of these runs all that was taken for true has been found to be.

use crate::sema::tree::LocalId;
use crate::source::Span;
use std::collections::BTreeSet;

/// Longer chains of pointers that are handed on from turn to turn are not followed: the time stays linear.
const MAX_RUNS: u32 = 8;

#[derive(Default)]
pub(super) struct Doubts {
    /// A loop, by its body, and a pointer that may be null where a turn of it begins.
    found: BTreeSet<(Span, LocalId)>,
    runs: u32,
    grown: bool,
}

/// The pointers that a loop takes for not null where a turn begins.
#[derive(Default)]
pub(super) struct Trusted {
    body: Option<Span>,
    pointers: BTreeSet<LocalId>,
}

impl Doubts {
    /// Takes out what is doubted of this loop; the rest is trusted.
    pub fn trust(&self, body: Span, not_null: &mut BTreeSet<LocalId>) -> Trusted {
        not_null.retain(|&local| self.runs < MAX_RUNS && !self.found.contains(&(body, local)));
        Trusted { body: Some(body), pointers: not_null.clone() }
    }

    /// What is known where control goes back to the loop's head.
    pub fn compare(&mut self, trusted: &Trusted, not_null: &BTreeSet<LocalId>) {
        let Some(body) = trusted.body else { return };
        for &local in trusted.pointers.difference(not_null) {
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
