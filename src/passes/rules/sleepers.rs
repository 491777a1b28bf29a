//! Programs that may sleep: those that ask for it, and those that reach an op which sleeps.

use super::module_code::calls_sleeper;
use super::programs::used;
use super::programs::{helpers, kfunc};
use crate::diag::codes::contexts::{HelperNotInProgram, SleepInTimer};
use crate::diag::codes::maps::NotInProgram;
use crate::diag::codes::refused::NoTailCall;
use crate::ir::callgraph::{CallGraph, called_later};
use crate::ir::ops::BpfKfunc;
use crate::ir::{Module, OpData, Opcode, Role, Symbol};
use crate::passes::reach::called_from;
use crate::session::Session;
use crate::tables::{HelperSpec, ProgramForm, ProgramSpec, SLEEPABLE, sleepers, struct_ops};
use std::collections::BTreeSet;
use std::rc::Rc;

/// Finds them, and reports what the kernel does not let them do.
pub fn find(module: &mut Module, cx: &mut Session, graph: &CallGraph, programs: &[usize]) {
    let meanwhile = CallGraph::meanwhile(module);
    check_timers(module, cx, &meanwhile);
    for &program in programs {
        if reaches(module, &meanwhile, program, |op| may_sleep(module, op)).is_some() {
            let_sleep(&mut module.funcs[program].role);
        }
        let Role::Program { spec, mode, loading, .. } = &module.funcs[program].role else { continue };
        let may = spec.form(mode).is_some_and(|form| form.sleepable.is_some());
        let always = spec.form(mode).is_some_and(ProgramForm::always_sleeps);
        let (spec, asked, may_fail) = (*spec, loading.sleepable || always, loading.may_fail());
        let sleeps = reaches(module, &meanwhile, program, |op| may_sleep(module, op));
        if let Some((at, op)) = sleeps.filter(|_| !may) {
            report_helper(module, cx, &meanwhile, (program, spec), (at, &op));
        }
        if !(asked || sleeps_here(module, &meanwhile, program) && may) {
            continue;
        }
        if let Role::Program { loading, .. } = &mut module.funcs[program].role {
            loading.sleepable = true;
        }
        let tail = reaches(module, graph, program, |op| op.opcode == Opcode::KsTailReturn);
        if let Some((_, op)) = tail {
            let why = "the kernel refuses arrays of programs in it".to_owned();
            cx.error(op.loc.span, NoTailCall { what: "by a program that may sleep".into(), why })
                .help("call a `@helper` function instead");
        }
        check_maps(module, cx, graph, (program, spec, may_fail));
    }
}

/// A member of an `impl` in which the kernel may sleep has another section if it does.
fn let_sleep(role: &mut Role) {
    let Role::Program { spec, mode, target: Some(target), .. } = role else { return };
    let Some((of, member)) = target.split_once('/').filter(|_| spec.is_member()) else { return };
    let listed = struct_ops(of).is_some_and(|of| of.sleepable.contains(&member));
    if let Some(form) = spec.form(SLEEPABLE).filter(|_| listed) {
        *mode = form.mode;
    }
}

/// Reports ops that sleep in callbacks of timers, which run in an interrupt whatever type the program that starts them has.
fn check_timers(module: &Module, cx: &mut Session, graph: &CallGraph) {
    let ops = module.funcs.iter().flat_map(|func| func.all());
    let handlers: BTreeSet<&Symbol> = ops.filter_map(called_later).collect();
    for handler in handlers {
        let Some(at) = module.funcs.iter().position(|func| func.name == *handler) else { continue };
        let Some((in_func, op)) = reaches(module, graph, at, |op| may_sleep(module, op)) else { continue };
        let (names, timer) = (Rc::clone(&cx.names), cx.source_name(handler));
        let helper = name_of(module, &op);
        let error = cx.error(op.loc.span, SleepInTimer { helper, timer });
        called_from(module, &names, error, &graph.reach([at]).chain(in_func));
    }
}

fn sleeps_here(module: &Module, graph: &CallGraph, program: usize) -> bool {
    reaches(module, graph, program, |op| may_sleep(module, op)).is_some()
}

fn may_sleep(module: &Module, op: &OpData) -> bool {
    sleeper(module, op).is_some() || calls_sleeper(module, op) || is_of_kernel(op)
}

/// Whether an op calls a function of the kernel that sleeps.
fn is_of_kernel(op: &OpData) -> bool {
    kfunc(op).is_some_and(|kfunc| kfunc.may_sleep)
}

/// How messages name what sleeps.
fn name_of(module: &Module, op: &OpData) -> String {
    match sleeper(module, op) {
        Some(helper) => helper.name.to_owned(),
        None if op.opcode == Opcode::BpfKfunc => BpfKfunc::of(op).function().to_string(),
        None => String::new(),
    }
}

/// The helper of an op that sleeps.
fn sleeper(module: &Module, op: &OpData) -> Option<&'static HelperSpec> {
    let map = op.map().and_then(|name| module.map(name));
    helpers(map, op).into_iter().find(|helper| helper.may_sleep)
}

/// The first op of this kind in a program and what it calls, and the function that has it.
fn reaches(
    module: &Module,
    graph: &CallGraph,
    program: usize,
    wanted: impl Fn(&OpData) -> bool,
) -> Option<(usize, OpData)> {
    let reached = graph.reach([program]);
    let funcs = module.funcs.iter().enumerate().filter(|(at, _)| reached.contains(*at));
    let mut ops = funcs.flat_map(|(at, func)| func.walk().into_iter().map(move |op| (at, &func.ops[op])));
    ops.find(|(_, op)| wanted(op)).map(|(at, op)| (at, op.clone()))
}

fn report_helper(
    module: &Module,
    cx: &mut Session,
    graph: &CallGraph,
    (program, spec): (usize, &ProgramSpec),
    (at, op): (usize, &OpData),
) {
    let Some(helper) = sleeper(module, op) else {
        let (names, name) = (Rc::clone(&cx.names), cx.source_name(&module.funcs[program].name));
        let helper = name_of(module, op);
        let error = cx.error(op.loc.span, HelperNotInProgram { helper, program: spec.name.to_owned(), name });
        called_from(module, &names, error, &graph.reach([program]).chain(at));
        let why = if is_of_kernel(op) { "it sleeps" } else { "it is `@kfunc(\"sleepable\")`" };
        error.help(format!("{why}; {}", sleepers()));
        return;
    };
    // A type that may not call the helper at all was reported.
    if spec.may_call(helper).is_none() {
        return;
    }
    let (names, name) = (Rc::clone(&cx.names), cx.source_name(&module.funcs[program].name));
    let (helper, program_type) = (helper.name.to_owned(), spec.name.to_owned());
    let error = cx.error(op.loc.span, HelperNotInProgram { helper, program: program_type, name });
    called_from(module, &names, error, &graph.reach([program]).chain(at));
    error.help(format!("it sleeps; {}", sleepers()));
}

/// The maps that a program that may sleep uses.
fn check_maps(
    module: &Module,
    cx: &mut Session,
    graph: &CallGraph,
    (program, spec, may_fail): (usize, &ProgramSpec, bool),
) {
    let reached = graph.reach([program]);
    let mut reported = Vec::new();
    for (at, func) in module.funcs.iter().enumerate().filter(|(at, _)| reached.contains(*at)) {
        for op in func.walk() {
            let Some(map) = func.ops[op].map().and_then(|name| module.map(name)) else { continue };
            let fields = cx.types.specials(map.value).into_iter().map(|spec| spec.sleepable);
            let since = crate::kernels::latest([map.kind.sleepable].into_iter().chain(fields));
            if reported.contains(&&map.name)
                || map.kind.sleepable.is_some() && (may_fail || cx.options.lacks(since).is_none())
            {
                continue;
            }
            reported.push(&map.name);
            let (names, span) = (Rc::clone(&cx.names), func.ops[op].loc.span);
            let name = cx.source_name(&module.funcs[program].name);
            let error = match cx.options.lacks(since).filter(|_| map.kind.sleepable.is_some()) {
                Some(version) => {
                    let what = format!("{} in `{name}`, which may sleep,", used(cx, module, &func.ops[op]));
                    match cx.needs_kernel(span, what, version) {
                        Some(error) => error,
                        None => continue,
                    }
                }
                None => {
                    let what = format!("`{}`, a `{}`,", cx.source_name(&map.name), map.kind.word());
                    let program = spec.name.to_owned();
                    let error = cx.error(span, NotInProgram { what, program, name });
                    error.help("the kernel lets programs that may sleep use no map of this kind")
                }
            };
            called_from(module, &names, error, &reached.chain(at));
        }
    }
}
