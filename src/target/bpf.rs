//! BPF: the passes from `split` to the LLVM emitter.

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

/// In order; the record of each pass says what it must follow and precede, and why.
pub static PASSES: &[&Pass] = &[
    &passes::split::PASS,
    &passes::exits::PASS,
    &passes::drains::PASS,
    &passes::function_pointers::PASS,
    &passes::verifier::specialise::PASS,
    &passes::builtins::PASS,
    &passes::packet::PASS,
    &passes::maps::PASS,
    &passes::map_reuse::PASS,
    &passes::optionals::PASS,
    &passes::lock_places::PASS,
    &passes::assign_ops::PASS,
    &passes::verifier::elements::PASS,
    &passes::loops::loop_form::PASS,
    &passes::loops::iterators::PASS,
    &passes::scratch::PASS,
    &passes::verifier::callback_writes::PASS,
    &passes::loops::outline::PASS,
    &passes::percpu_vars::PASS,
    &passes::locks::PASS,
    &passes::strings::PASS,
    &passes::verifier::merged_pointers::PASS,
    &passes::to_cf::PASS,
    &passes::results::PASS,
    &passes::numeric::PASS,
    &passes::verifier::stack_writes::PASS,
    &passes::frames::PASS,
];
