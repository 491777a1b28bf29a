//! `split`: removes the functions and data that the module's target does not need.
//!
//! Takes a copy of the whole program with `Module::target` set, after `reach` and `shared-data`. Leaves the target's
//! functions; in a BPF module all maps and the shared globals, in a host module the maps and globals that its functions
//! name, and as declarations the programs that they load, with those that these hand over to. First of each target's passes, since the others look at one side only.

use super::analysis::global_uses::global_of;
use super::analysis::tail_calls::{loaded, wanted};
use super::analysis::{maps_of, test_needs};
use super::{Because, Changed, EVERY, Pass, Run};
use crate::ir::callgraph::CallGraph;
use crate::ir::ops::BpfKfunc;
use crate::ir::printed_types::types as mentioned;
use crate::ir::{Attr, Function, Global, GlobalKind, MapDecl, Module, OpData, Opcode, ProgramDecl, Role, Symbol};
use crate::session::Session;
use crate::tables::{self, OpTrait};
use crate::target::{Maps, Target};
use std::collections::BTreeSet;

pub static PASS: Pass = Pass {
    name: "split",
    summary: "Drop the functions and data of other targets",
    after: &[],
    before: &[(EVERY, "sees only what is left for its target")],
    because: Because::Target,
    run: Run::Module(run),
};

/// The program as a module for `target`, before its passes.
pub fn part(module: &Module, target: Target) -> Module {
    Module { target: Some(target), ..module.clone() }
}

fn run(module: &mut Module, cx: &mut Session) -> Changed {
    match module.target {
        Some(target @ Target::Bpf) => {
            module.funcs.retain(|f| f.targets.contains(target));
            module.funcs.iter_mut().for_each(uncancelled);
            module.globals.retain(|g| g.section.is_some() || g.kind == GlobalKind::Percpu);
            module.options = None;
            module.metrics.clear();
            module.tests.clear();
        }
        Some(target @ Target::Host) => {
            let programs = programs(module);
            let has_bpf = module.funcs.iter().any(|func| func.targets.any(|on| on.maps == Maps::InPlace));
            let leaves_out = !module.tests.is_empty() || programs.iter().any(|program| program.loading.may_fail());
            let needs: Vec<Vec<Symbol>> = module.tests.iter().map(|test| test_needs::needs(module, test)).collect();
            std::iter::zip(&mut module.tests, needs).for_each(|(test, needs)| test.needs = needs);
            module.programs.extend(programs);
            module.funcs.retain(|f| f.targets.contains(target));
            let (mut maps, mut globals, mut ops) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
            for func in &module.funcs {
                maps.extend(maps_of(module, func));
                globals.extend(func.walk().into_iter().filter_map(|op| global_of(&func.ops[op]).cloned()));
                ops.extend(func.walk().into_iter().filter_map(|op| func.ops[op].struct_ops().cloned()));
            }
            // What it prints may have numbers of stacks.
            if module.funcs.iter().any(|func| func.has(OpTrait::PrintsWhole)) {
                let types = mentioned(module, &cx.types);
                maps.extend(types.into_iter().filter_map(|ty| cx.types.stacks_of(ty)).map(Symbol::from));
            }
            // It serves metrics of either side.
            let served = module.metrics.iter().map(|metric| metric.of.clone());
            maps.extend(served.clone());
            let of_bpf = |name: &Symbol| module.global(name).is_some_and(|global| global.section.is_some());
            globals.extend(served.filter(of_bpf));
            // The runtime pins maps and fills them in, whichever side uses them. It leaves out maps of refused programs and of other tests.
            let programs = std::mem::take(&mut module.programs);
            let of_runtime = |m: &MapDecl| m.pinned || leaves_out || m.sized_by.is_some() || m.is_idle(&programs);
            module.maps.retain(|m| of_runtime(m) || maps.contains(&m.name));
            module.programs = programs;
            module.struct_ops.retain(|table| ops.contains(&table.name));
            // The pass `map-places` writes the counter of a map.
            globals.extend(module.maps.iter().filter_map(|map| map.refusals.clone()));
            globals.extend(module.maps.iter().filter_map(|map| Some(map.sized_by.as_ref()?.global.clone())));
            // The runtime fills in, or reads, variables that no function of this side names.
            let is_read = |g: &Global| match g.kind {
                GlobalKind::Pinned => true,
                GlobalKind::WeakKconfig => g.section.is_some(),
                GlobalKind::Counters => has_bpf || g.section.is_none(),
                GlobalKind::Var
                | GlobalKind::Local
                | GlobalKind::Percpu
                | GlobalKind::Private
                | GlobalKind::Config
                | GlobalKind::Kconfig => false,
            };
            module.globals.retain(|g| is_read(g) || globals.contains(&g.name));
            let Module { metrics, maps, globals, .. } = module;
            let is_there =
                |name: &Symbol| maps.iter().any(|m| m.name == *name) || globals.iter().any(|g| g.name == *name);
            metrics.retain(|metric| is_there(&metric.of));
        }
        Some(target @ Target::Kmod) => {
            module.funcs.retain(|f| f.targets.contains(target));
            module.funcs.iter_mut().for_each(uncancelled);
            module.funcs.iter_mut().for_each(uncounted);
            let named: BTreeSet<_> = module.funcs.iter().flat_map(named_globals).collect();
            module.globals.retain(|g| g.kind == GlobalKind::Private && named.contains(&g.name));
            module.maps.clear();
            module.struct_ops.clear();
            module.metrics.clear();
            module.options = None;
            module.tests.clear();
        }
        None => crate::bug!("the module to split has no target"),
    }
    Changed::Yes
}

fn named_globals(func: &Function) -> Vec<Symbol> {
    func.walk().into_iter().filter_map(|op| global_of(&func.ops[op]).cloned()).collect()
}

/// No signal ends a loop in the kernel.
fn uncancelled(func: &mut Function) {
    for op in func.walk() {
        if func.ops[op].opcode == Opcode::KsCancelled {
            func.become_op(op, Opcode::KsConst, Vec::new(), vec![Attr::Int(0)]);
        }
    }
}

/// A kernel module has no counters.
fn uncounted(func: &mut Function) {
    for op in func.walk() {
        if func.ops[op].opcode == Opcode::KsCounted {
            func.erase(op);
        }
    }
}

/// The programs that user space may load.
pub fn programs(module: &Module) -> Vec<ProgramDecl> {
    let (loaded, wanted) = (loaded(module), wanted(module));
    let declared = loaded.iter().filter_map(|&at| Some((at, declaration(&module.funcs[at])?)));
    let mut programs: Vec<(usize, ProgramDecl)> = declared.collect();
    let may_fail = programs.iter().any(|(_, program)| program.loading.may_fail());
    let graph = CallGraph::of(module);
    for (at, program) in &mut programs {
        let reached = graph.reach([*at]);
        let funcs = module.funcs.iter().enumerate().filter(|(at, _)| reached.contains(*at)).map(|(_, func)| func);
        program.spare = !wanted.contains(at);
        program.device = funcs.clone().any(|func| func.walk().into_iter().any(|op| asks_device(&func.ops[op])));
        if may_fail {
            let maps: BTreeSet<Symbol> = funcs.flat_map(|func| maps_of(module, func)).collect();
            program.maps = maps.into_iter().collect();
        }
    }
    programs.into_iter().map(|(_, program)| program).collect()
}

/// Whether an op calls a function of the kernel that the driver of an interface answers.
fn asks_device(op: &OpData) -> bool {
    op.opcode == Opcode::BpfKfunc && tables::kfunc(BpfKfunc::of(op).function()).is_some_and(|known| known.device)
}

fn declaration(func: &Function) -> Option<ProgramDecl> {
    match &func.role {
        Role::Program { spec, mode, target, placement, loading } => {
            let (name, target) = (func.name.clone(), target.clone());
            let (placement, loading) = (placement.clone(), loading.clone());
            let (device, spare, maps) = (false, false, Vec::new());
            Some(ProgramDecl { name, spec, mode, target, placement, device, loading, spare, maps })
        }
        Role::Helper | Role::Kfunc { .. } | Role::Private | Role::Plain | Role::Main | Role::Checked => None,
    }
}
