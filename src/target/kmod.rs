//! A kernel module: C for the kernel's own build. Statements stay structured.

use super::facts::{DebugForm, Division, Executor, Facts, Maps};
use crate::passes::{self, Pass};

pub static FACTS: Facts = Facts {
    name: "kmod",
    code: "module code",
    within: "in a kernel module",
    artifact: "kernel function",
    artifact_help: "a kernel function is declared `@kfunc fn`",
    object_suffix: "mod.c",
    executor: Executor::C,
    debug: DebugForm::Dwarf,
    verified: false,
    has_libc: true,
    // CONFIG_FRAME_WARN, above which the kernel's build warns.
    max_frame: Some(2048),
    has_floats: false,
    functions_have_addresses: true,
    division: Division::Guarded,
    maps: Maps::None,
    has_private_globals: false,
    writes_configs: false,
    bounds_loops: false,
    prints_by_helper: false,
    is_module: true,
    in_kernel: true,
};

/// In order; the record of each pass says what it must follow and precede, and why.
pub static PASSES: &[&Pass] = &[
    &passes::split::PASS,
    &passes::exits::PASS,
    &passes::optionals::PASS,
    &passes::assign_ops::PASS,
    &passes::frames::PASS,
];
