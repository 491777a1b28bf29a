//! Part of `scratch`: where the large variables of each function may be.

use crate::ir::callgraph::{CallGraph, Reached, called_later, named};
use crate::ir::ops::BpfHelper;
use crate::ir::{Function, Module, OpData, Opcode, Role};
use crate::session::{Mcpu, Options};
use crate::tables::{Alone, ProgramSpec};
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
    let graph = CallGraph::of(module);
    let ops = || module.funcs.iter().flat_map(|func| func.all());
    let at = |name: &_| module.funcs.iter().position(|func| func.name == *name);
    let later = graph.reach(ops().filter_map(called_later).filter_map(at).collect::<HashSet<_>>());
    let pointed: HashSet<usize> =
        ops().filter(|op| op.opcode != Opcode::KsCall).filter_map(named).filter_map(at).collect();
    let programs: Vec<Program> = module
        .funcs
        .iter()
        .enumerate()
        .filter_map(|(at, func)| match &func.role {
            Role::Program { spec, .. } => Some(Program::of(module, options, at, (spec, graph.reach([at])))),
            Role::Helper | Role::Kfunc { .. } | Role::Private | Role::Plain | Role::Main | Role::Checked => None,
        })
        .collect();
    let of = |(at, func): (usize, &Function)| {
        if let Some(program) = programs.iter().find(|program| program.at == at) {
            return program.memory(func, types, options);
        }
        let of: Vec<&Program> = programs.iter().filter(|program| program.reaches.contains(at)).collect();
        let all = |alone| of.iter().all(|program| program.alone == alone);
        let one = of.len() == 1 && !all(Alone::Never);
        if all(Alone::Softirq) || !later.contains(at) && (all(Alone::Probes) || one) {
            Memory::Entry
        } else if pointed.contains(&at) || func.global {
            Memory::Stack
        } else {
            Memory::Callers
        }
    };
    module.funcs.iter().enumerate().map(of).collect()
}

struct Program {
    at: usize,
    reaches: Reached,
    alone: Alone,
    /// It may end by handing over to another one.
    hands_over: bool,
}

impl Program {
    fn of(module: &Module, options: &Options, at: usize, (spec, reaches): (&ProgramSpec, Reached)) -> Program {
        let funcs = module.funcs.iter().enumerate().filter(|&(at, _)| reaches.contains(at));
        let (mut again, mut hands_over) = (false, false);
        for op in funcs.flat_map(|(_, func)| func.all()) {
            again |= helper(op).is_some_and(|name| spec.again_by.contains(&name));
            hands_over |= op.opcode == Opcode::BpfTailCall;
        }
        let alone = if again || options.lacks(spec.alone_since).is_some() { Alone::Never } else { spec.alone };
        Program { at, reaches, alone, hands_over }
    }

    /// A place is given back where the program returns, by an atomic operation.
    fn memory(&self, func: &Function, types: &Types, options: &Options) -> Memory {
        let is_number = func.result != crate::types::Ty::VOID
            && !matches!(types.kind(func.result), TyKind::Ptr { .. } | TyKind::Fn(_));
        if self.alone != Alone::Never {
            Memory::Entry
        } else if !self.hands_over && is_number && options.mcpu >= Mcpu::V3 {
            Memory::Slot
        } else {
            Memory::Stack
        }
    }
}

fn helper(op: &OpData) -> Option<&str> {
    (op.opcode == Opcode::BpfHelper).then(|| &**BpfHelper::of(op).helper())
}
