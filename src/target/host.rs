//! User space: from the module of `split` to what the LLVM emitter takes.

use crate::passes::{self, Pass};

/// Each pass with the reason for its place.
pub static PASSES: &[&Pass] = &[
    // First: the others see only what is left.
    &passes::split::PASS,
    // Anywhere: nothing else looks at builtins.
    &passes::builtins::PASS,
    // Makes optionals, assignments with an operator, and loops.
    &passes::map_places::PASS,
    // After all that makes optionals.
    &passes::optionals::PASS,
    // After `map-places`; makes divisions and shifts.
    &passes::assign_ops::PASS,
    // After `map-places`, which makes loops of walks.
    &passes::cancel_points::PASS,
    // After `cancel-points`: its loops are short.
    &passes::strings::PASS,
    // After all that makes or looks at structured control flow.
    &passes::to_cf::PASS,
    // Near the end: takes the divisions and shifts of all others.
    &passes::numeric::PASS,
    // Last: no variable is made after it.
    &passes::frames::PASS,
];
