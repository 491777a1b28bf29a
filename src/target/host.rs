//! User space: the passes from `split` to the LLVM emitter.

use super::facts::{DebugForm, Division, Executor, Facts, Maps};
use crate::passes::{self, Pass};

pub static FACTS: Facts = Facts {
    name: "host",
    code: "user space",
    within: "in user space",
    artifact: "`main`",
    artifact_help: "an executable starts at `fn main() -> i32`",
    object_suffix: "o",
    executor: Executor::Native,
    debug: DebugForm::Dwarf,
    verified: false,
    has_libc: true,
    // The limit for a stack of 8 MiB.
    max_frame: Some(1 << 20),
    has_floats: true,
    functions_have_addresses: true,
    division: Division::Guarded,
    maps: Maps::ByRuntime,
    has_private_globals: false,
    writes_configs: true,
    bounds_loops: false,
    prints_by_helper: false,
    is_module: false,
    in_kernel: false,
};

/// In order; the record of each pass says what it must follow and precede, and why.
pub static PASSES: &[&Pass] = &[
    &passes::split::PASS,
    &passes::exits::PASS,
    &passes::builtins::PASS,
    &passes::map_places::PASS,
    &passes::optionals::PASS,
    &passes::assign_ops::PASS,
    &passes::cancel_points::PASS,
    &passes::strings::PASS,
    &passes::to_cf::PASS,
    &passes::numeric::PASS,
    &passes::frames::PASS,
];
