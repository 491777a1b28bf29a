//! Part of `scratch`: where the large variables of each function may be.

use crate::ir::callgraph::named;
use crate::ir::{Function, Module, Opcode};
use crate::passes::analysis::runs::{Program, Runs};
use crate::session::{Mcpu, Options};
use crate::tables::Alone;
use crate::types::{TyKind, Types};
use std::collections::HashSet;

/// The memory for large variables of a function.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Memory {
    /// One entry for each CPU: the function runs once at a time there.
    Entry,
    /// One of several places of each CPU, which no other run of the program has.
    Slot,
    /// A variable of each function that calls it.
    Callers,
    Stack,
}

/// The memory for the variables of each function, in order of the module.
pub(super) fn memory(module: &Module, types: &Types, options: &Options) -> Vec<Memory> {
    let ops = || module.funcs.iter().flat_map(|func| func.all());
    let at = |name: &_| module.funcs.iter().position(|func| func.name == *name);
    let pointed: HashSet<usize> =
        ops().filter(|op| op.opcode != Opcode::KsCall).filter_map(named).filter_map(at).collect();
    let runs = Runs::of(module, options);
    let of = |(at, func): (usize, &Function)| {
        if let Some(program) = runs.programs.iter().find(|program| program.at == at) {
            return of_program(program, func, types, options);
        }
        if runs.exclude_each_other(&[at]) {
            Memory::Entry
        } else if pointed.contains(&at) || func.global {
            Memory::Stack
        } else {
            Memory::Callers
        }
    };
    module.funcs.iter().enumerate().map(of).collect()
}

/// A place is given back where the program returns, by an atomic operation.
fn of_program(program: &Program, func: &Function, types: &Types, options: &Options) -> Memory {
    let refuses = !matches!(types.kind(func.result), TyKind::Ptr { .. } | TyKind::Fn(_));
    if program.alone != Alone::Never {
        Memory::Entry
    } else if !program.hands_over && refuses && options.mcpu >= Mcpu::V3 {
        Memory::Slot
    } else {
        Memory::Stack
    }
}
