//! Which runs of programs on one CPU may overlap: one interrupts another, or is in another task.
//!
//! `alone` of `programs.toml` has the programs that the kernel does not start on a CPU where one of them runs.

use crate::ir::callgraph::{CallGraph, Reached, called_later};
use crate::ir::ops::BpfHelper;
use crate::ir::{Module, OpData, Opcode, Role};
use crate::session::Options;
use crate::tables::{Alone, ProgramSpec};
use std::collections::HashSet;

/// The programs of a module, and what they reach.
pub struct Runs {
    pub programs: Vec<Program>,
    /// What the kernel calls after the program that asked for it, in a softirq: functions of timers (kernel/bpf/helpers.c has them in
    /// `HRTIMER_MODE_*_SOFT`).
    later: Reached,
}

/// A program, by its index into `Module::funcs`.
pub struct Program {
    pub at: usize,
    /// Without what only the kernel calls, later.
    pub reaches: Reached,
    pub alone: Alone,
    /// It may end by handing over to another one.
    pub hands_over: bool,
}

impl Runs {
    /// All programs, also those that no other function calls.
    pub fn of(module: &Module, options: &Options) -> Runs {
        let graph = CallGraph::meanwhile(module);
        let ops = || module.funcs.iter().flat_map(|func| func.all());
        let at = |name: &_| module.funcs.iter().position(|func| func.name == *name);
        let later = graph.reach(ops().filter_map(called_later).filter_map(at).collect::<HashSet<_>>());
        let program = |(at, role): (usize, &Role)| match role {
            Role::Program { spec, .. } => Some(Program::of(module, options, at, (spec, graph.reach([at])))),
            Role::Helper | Role::Kfunc { .. } | Role::Private | Role::Plain | Role::Main | Role::Checked => None,
        };
        let roles = module.funcs.iter().map(|func| &func.role).enumerate();
        Runs { programs: roles.filter_map(program).collect(), later }
    }

    /// Whether a CPU runs at most one of these functions at a time, and once.
    pub fn exclude_each_other(&self, functions: &[usize]) -> bool {
        let reaches = |program: &&Program| functions.iter().any(|&at| program.reaches.contains(at));
        let of: Vec<&Program> = self.programs.iter().filter(reaches).collect();
        let all = |alone| of.iter().all(|program| program.alone == alone);
        let one = of.len() == 1 && !all(Alone::Never);
        let later = functions.iter().any(|&at| self.later.contains(at));
        all(Alone::Softirq) || !later && (all(Alone::Probes) || one)
    }
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
}

fn helper(op: &OpData) -> Option<&str> {
    (op.opcode == Opcode::BpfHelper).then(|| &**BpfHelper::of(op).helper())
}
