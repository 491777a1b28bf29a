//! BPF: from the module of `split` to what the LLVM emitter takes.

use crate::passes::{self, Pass};

/// Each pass with the reason for its place.
pub static PASSES: &[&Pass] = &[
    // First: the others see only what is left.
    &passes::split::PASS,
    // Anywhere: nothing else looks at builtins.
    &passes::builtins::PASS,
];
