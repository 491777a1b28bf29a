//! One function for each op that a target emits, in the file of its dialect. `ir-specs/ops/` defines which ops those
//! are; the dispatch is generated from there.

mod arith;
mod bpf;
mod calls;
mod cf;
mod core;
mod csum;
mod dispatch;
mod float;
pub mod helper_effects;
mod host;
mod kfuncs;
mod ks;
mod map;
mod mem;
mod objects;
mod packet;
mod print;
mod python;

use super::function::FnGen;
use crate::ir::{OpData, Opcode};
use crate::target::Target;

pub fn op(g: &mut FnGen, op: &OpData) {
    match g.g.target {
        Target::Bpf => dispatch::bpf(g, op),
        Target::Host => dispatch::host(g, op),
        Target::Kmod => not_by_llvm(g.g.target),
    }
}

fn not_by_llvm(target: Target) {
    crate::bug!("LLVM compiles nothing for target {}", target.name())
}

pub use host::{BINDINGS, declared as runtime_function};

fn not_legal(opcode: Opcode) {
    crate::bug!("a {} reached code generation: a pass did not lower it", opcode.name())
}
