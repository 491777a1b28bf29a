//! BPF: from the module of `split` to what the LLVM emitter takes.

use super::facts::{DebugForm, Division, Facts, Machine, Maps};
use crate::passes::{self, Pass};

pub static FACTS: Facts = Facts {
    name: "bpf",
    code: "BPF code",
    within: "in BPF code",
    artifact: "BPF program",
    artifact_help: "a BPF program is a function with an attribute such as `@xdp`",
    object_suffix: "bpf.o",
    machine: Machine::Bpf,
    debug: DebugForm::Btf,
    verified: true,
    has_libc: false,
    max_frame: None,
    has_heap: false,
    has_floats: false,
    functions_have_addresses: false,
    division: Division::UnsignedOnly,
    maps: Maps::InPlace,
    has_private_globals: true,
    writes_configs: false,
    bounds_loops: true,
    prints_by_helper: true,
    in_kernel: true,
};

/// Each pass with the reason for its place.
pub static PASSES: &[&Pass] = &[
    // First: the others see only what is left.
    &passes::split::PASS,
    // Makes functions and direct calls of them.
    &passes::drains::PASS,
    // Before all that look at calls, or make numbers of what they move.
    &passes::function_pointers::PASS,
    // After `function-pointers`: all callees are known; before all that look at the memory of a pointer.
    &passes::origins::PASS,
    // Anywhere: nothing else looks at builtins.
    &passes::builtins::PASS,
    // While loops are still structured, so that pointers can be loaded once outside of them; makes optionals.
    &passes::packet::PASS,
    // Makes optionals and assignments with an operator.
    &passes::maps::PASS,
    // Looks at lookups, while branches and loops are structured.
    &passes::map_reuse::PASS,
    // After all that makes optionals.
    &passes::optionals::PASS,
    // After `optionals`, which makes plain branches and casts of pointers; before all that moves code.
    &passes::lock_places::PASS,
    // After `maps`; makes divisions and shifts.
    &passes::assign_ops::PASS,
    // Only before the next one, so that bodies have the size that they keep.
    &passes::elements::PASS,
    // Bodies have the size that they keep; still structured, since the next one moves them.
    &passes::loop_form::PASS,
    // Takes what `loop-form` chose, where kernels have iterators.
    &passes::iterators::PASS,
    // Before the next one, which puts what callbacks use into a frame; after all that asks what is on the stack.
    &passes::scratch::PASS,
    // Where kernels have no iterators; loops are still structured, and what is left on the stack stays there.
    &passes::first_turns::PASS,
    // Takes the loops that `iterators` left.
    &passes::outline::PASS,
    // After `outline`: a callback looks up for itself.
    &passes::percpu_vars::PASS,
    // After all that makes calls.
    &passes::locks::PASS,
    // After `outline`: its loops are bounded and stay plain.
    &passes::strings::PASS,
    // After all that makes branches and calls; looks at what branches yield.
    &passes::merged_pointers::PASS,
    // After all that makes or looks at structured control flow.
    &passes::to_cf::PASS,
    // After `to-cf`: sees each return.
    &passes::results::PASS,
    // Near the end: takes the divisions and shifts of all others.
    &passes::numeric::PASS,
    // No store is made or moved after it.
    &passes::stack_writes::PASS,
    // Last: no variable is made after it.
    &passes::frames::PASS,
];
