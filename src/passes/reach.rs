//! `reach`: which sides each function runs on.
//!
//! Takes the whole program as lowering leaves it. Sets `Function::targets`: programs and the functions that they call are
//! BPF; `main`, the functions that it calls, and functions without attribute that no program calls are the host's; a function may be both.
//! Reports operations that a side does not have (`passes/rules`), with the calls that lead to them, and recursion in BPF.

use super::{Because, Changed, Pass, Run, rules};
use crate::diag::Diagnostic;
use crate::diag::codes::contexts::RecursionInBpf;
use crate::ir::callgraph::{CallGraph, CallSite, Reached};
use crate::ir::ops::BpfKfunc;
use crate::ir::{Module, Opcode, Role, Symbol};
use crate::session::{Session, SourceNames};
use crate::source::Span;
use crate::target::Target;
use enum_map::EnumMap;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

pub static PASS: Pass = Pass {
    name: "reach",
    summary: "Find the sides that functions run on",
    after: &[],
    before: &[
        ("records", "works for a side, which this pass finds for each function"),
        ("events", "works for a side, which this pass finds for each function"),
        ("shared-data", "works for a side, which this pass finds for each function"),
        ("split", "works for a side, which this pass finds for each function"),
    ],
    because: Because::Language,
    run: Run::Module(run),
};

fn run(module: &mut Module, cx: &mut Session) -> Changed {
    let graph = CallGraph::of(module);
    let with_role = |wanted: fn(&Role) -> bool| {
        let funcs = module.funcs.iter().enumerate();
        funcs.filter(move |(_, f)| wanted(&f.role)).map(|(at, _)| at).collect::<Vec<usize>>()
    };
    let programs = with_role(|role| matches!(role, Role::Program { .. }));
    let called = graph.reach(programs.iter().copied());
    let uncalled = with_role(|role| matches!(role, Role::Helper)).into_iter().filter(|&f| !called.contains(f));
    let bpf = graph.reach(programs.iter().copied().chain(uncalled));
    let kmod = graph.reach(with_role(|role| matches!(role, Role::Kfunc { .. } | Role::Private)));
    // A function that nothing reaches is user space: checked and compiled, though the linker may drop it.
    let main = with_role(|role| matches!(role, Role::Main));
    let called = graph.reach(main.iter().copied());
    let rest = with_role(|role| matches!(role, Role::Plain)).into_iter();
    let rest = rest.filter(|&f| !bpf.contains(f) && !called.contains(f) && !kmod.contains(f));
    let host = graph.reach(main.iter().copied().chain(rest));
    let reached = EnumMap::from_array([bpf, host, kmod]);
    for (target, reached) in &reached {
        rules::of_target(module, cx, reached, target);
    }
    rules::of_programs(module, cx, &graph, &programs, &reached[Target::Kmod]);
    check_recursion(module, cx, &CallGraph::direct(module), &reached[Target::Bpf]);
    for (at, func) in module.funcs.iter_mut().enumerate() {
        func.targets = Target::ALL.into_iter().filter(|&target| reached[target].contains(at)).collect();
    }
    kfunc_callers(module, &graph, &programs);
    rules::of_sides(module, cx);
    Changed::Yes
}

/// Finds the program types that call each function of the module.
fn kfunc_callers(module: &mut Module, graph: &CallGraph, programs: &[usize]) {
    let mut callers: BTreeMap<Symbol, BTreeSet<&'static str>> = BTreeMap::new();
    for &program in programs {
        let Role::Program { spec, .. } = &module.funcs[program].role else { continue };
        let reached = graph.reach([program]);
        for (_, func) in module.funcs.iter().enumerate().filter(|&(at, _)| reached.contains(at)) {
            let called = func.ids_of(Opcode::BpfKfunc);
            for name in called.map(|op| BpfKfunc::of(&func.ops[op]).function().clone()) {
                callers.entry(name).or_default().insert(spec.prog_type);
            }
        }
    }
    let mut is_called = false;
    for func in &mut module.funcs {
        if let (Role::Kfunc { callers: types, .. }, Some(found)) = (&mut func.role, callers.get(&func.name)) {
            *types = found.iter().copied().collect();
            is_called = true;
        }
    }
    module.kernel_module = is_called.then(|| module.module_name());
}

pub(super) fn span(module: &Module, site: CallSite) -> Span {
    module.funcs[site.caller].ops[site.op].loc.span
}

/// Notes the calls that lead to the place of an error, the nearest first.
pub(super) fn called_from(module: &Module, names: &SourceNames, error: &mut Diagnostic, chain: &[CallSite]) {
    for site in chain {
        let caller = &module.funcs[site.caller];
        let how = if caller.ops[site.op].opcode == Opcode::KsFunc { "its address is taken" } else { "called from" };
        let name = names.of(&caller.name);
        let what = match &caller.role {
            Role::Program { spec, .. } => format!("{how} here, in the `@{}` program `{name}`", spec.name),
            Role::Kfunc { .. } => format!("{how} here, in the `@kfunc` function `{name}`"),
            Role::Helper | Role::Private | Role::Plain | Role::Main | Role::Checked => {
                format!("{how} here, in `{name}`")
            }
        };
        error.note(span(module, *site), what);
    }
}

/// Also for calls that only a later pass makes direct.
pub(super) fn check_recursion(module: &Module, cx: &mut Session, graph: &CallGraph, bpf: &Reached) {
    let source_names = Rc::clone(&cx.names);
    for cycle in graph.cycles() {
        if !bpf.contains(cycle[0].caller) {
            continue;
        }
        let name = |site: &CallSite| format!("`{}`", source_names.of(&module.funcs[site.caller].name));
        let mut names: Vec<String> = cycle.iter().map(name).collect();
        names.push(name(&cycle[0]));
        let error = cx.error(span(module, cycle[0]), RecursionInBpf { cycle: names.join(" calls ") });
        for site in &cycle[1..] {
            error.note(span(module, *site), format!("called from here, in {}", name(site)));
        }
        let mut chain = bpf.chain(cycle[0].caller);
        chain.retain(|site| !cycle.contains(site));
        called_from(module, &source_names, error, &chain);
    }
}
