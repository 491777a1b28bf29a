//! User space: from the module of `split` to what the LLVM emitter takes.

use super::facts::{DebugForm, Division, Facts, Machine, Maps};
use crate::passes::{self, Pass};

pub static FACTS: Facts = Facts {
    name: "host",
    code: "user space",
    within: "in user space",
    artifact: "`main`",
    artifact_help: "an executable starts at `fn main() -> i32`",
    object_suffix: "o",
    machine: Machine::Native,
    debug: DebugForm::Dwarf,
    verified: false,
    has_libc: true,
    // Of a stack of 8 MiB.
    max_frame: Some(1 << 20),
    has_heap: true,
    has_floats: true,
    functions_have_addresses: true,
    division: Division::Guarded,
    maps: Maps::ByRuntime,
    has_private_globals: false,
    writes_configs: true,
    bounds_loops: false,
    prints_by_helper: false,
    in_kernel: false,
};

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
