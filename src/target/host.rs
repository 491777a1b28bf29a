//! User space: from the module of `split` to what the LLVM emitter takes.

use crate::passes::Pass;

/// Each pass with the reason for its place.
pub static PASSES: &[&Pass] = &[];
