//! Programs that nothing runs: one that is loaded and attached to nothing while `main` waits, and one that nothing names.
//!
//! Silent where a handle goes anywhere but into a variable and to what only looks at it: a call, a map or a pin may attach it.

use crate::diag::codes::lifecycle::{LoadedIdle, NeverLoaded};
use crate::ir::callgraph::{CallGraph, tail_called};
use crate::ir::ops::{HostCall, HostFill, HostLoad};
use crate::ir::{Attr, Function, Module, OpData, Opcode, OpsValue, Role, Symbol, Value};
use crate::session::Session;
use crate::source::{FileId, Span};
use crate::tables::{BUILTINS, BuiltinSpec, Order};
use std::collections::{BTreeMap, BTreeSet};

/// Builtins that look at a handle without any effect on its program.
const LOOKS: [&str; 3] = ["available", "attached", "why"];

/// Warns of programs that nothing runs, if the program has a `main` of its own.
pub fn check(module: &Module, cx: &mut Session) {
    let Some(main) = module.funcs.iter().position(|func| matches!(func.role, Role::Main)) else { return };
    let file = module.funcs[main].name_span.file;
    // The main that the compiler writes comes with a warning of its own.
    if cx.written_main == Some(file) {
        return;
    }
    let (waits, loads) = (waits(module, main), idle_loads(module));
    // If another loader takes the object, the file may have a `main` for other purposes, which neither waits nor loads.
    if waits || ops(module).any(|op| op.opcode == Opcode::HostLoad) {
        warn_unnamed(module, file, cx);
    }
    if !waits {
        return;
    }
    let handed: BTreeSet<&Symbol> = ops(module).filter_map(tail_called).collect();
    for (program, load) in loads {
        let attachable = programs(module).any(|func| func.name == program);
        if attachable && !handed.contains(&program) {
            let name = cx.names.of(&program).to_owned();
            cx.warn(load, LoadedIdle { name })
                .help("`attach` takes the handle; what is loaded and not attached never runs");
        }
    }
}

/// Warns of programs that nothing names, in the file of `main`: those of a module may be for other programs.
fn warn_unnamed(module: &Module, file: FileId, cx: &mut Session) {
    let named = named(module);
    let named = |func: &Function| named.contains(&func.name);
    // A session has a program at the function's entry and another at its return, both at the name of the session; `main` loads the first.
    let is_session =
        |func: &Function| module.funcs.iter().any(|other| named(other) && other.name_span == func.name_span);
    let mut warned = Vec::new();
    for func in programs(module).filter(|func| func.name_span.file == file && !is_session(func)) {
        if warned.contains(&func.name_span) {
            continue;
        }
        warned.push(func.name_span);
        let name = cx.names.of(&func.name).to_owned();
        let has_target = matches!(&func.role, Role::Program { target: Some(_), .. });
        let target = if has_target { "" } else { ", target" };
        cx.warn(func.name_span, NeverLoaded { name: name.clone() })
            .help(format!("`attach(load({name}){target})` in `main` loads and attaches it"));
    }
}

/// The programs that user space attaches.
fn programs(module: &Module) -> impl Iterator<Item = &Function> {
    let is_attached = |func: &&Function| matches!(&func.role, Role::Program { spec, .. } if spec.named().is_some());
    module.funcs.iter().filter(is_attached)
}

fn ops(module: &Module) -> impl Iterator<Item = &OpData> {
    module.funcs.iter().flat_map(|func| func.all())
}

/// What any op, any program's attribute or any implementation names.
fn named(module: &Module) -> BTreeSet<Symbol> {
    let mut named: BTreeSet<Symbol> = BTreeSet::new();
    let of_attr = |attr: &Attr| if let Attr::Symbol(symbol) = attr { Some(symbol.clone()) } else { None };
    named.extend(ops(module).flat_map(|op| op.attrs.iter().filter_map(of_attr)));
    for func in &module.funcs {
        if let Role::Program { placement, loading, .. } = &func.role {
            named.extend(loading.fallback.as_deref().map(Symbol::from));
            if let Some(Order::Before(other) | Order::After(other)) = &placement.order {
                named.insert(Symbol::from(other.as_str()));
            }
        }
    }
    let members = module.struct_ops.iter().flat_map(|ops| &ops.members);
    named.extend(members.filter_map(|member| match &member.value {
        OpsValue::Program(name) => Some(name.clone()),
        OpsValue::Data { .. } => None,
    }));
    named
}

/// Whether `main`, or what it calls, waits for something.
fn waits(module: &Module, main: usize) -> bool {
    let reached = CallGraph::of(module).reach([main]);
    let waits = |op: &OpData| builtin(op).is_some_and(|builtin| builtin.interruptible);
    let reached = module.funcs.iter().enumerate().filter(|(at, _)| reached.contains(*at));
    reached.into_iter().any(|(_, func)| func.walk().into_iter().any(|op| waits(&func.ops[op])))
}

fn builtin(op: &OpData) -> Option<&'static BuiltinSpec> {
    let symbol = if op.opcode == Opcode::HostCall {
        HostCall::of(op).symbol()
    } else if op.opcode == Opcode::HostFill {
        HostFill::of(op).symbol()
    } else {
        return None;
    };
    BUILTINS.iter().find(|builtin| builtin.host == Some(symbol))
}

/// The programs that are loaded without a handle that goes where it may be attached, each with the place of one load.
fn idle_loads(module: &Module) -> BTreeMap<Symbol, Span> {
    let (mut loads, mut used) = (BTreeMap::new(), BTreeSet::new());
    for func in &module.funcs {
        let handles = func.all_of(Opcode::HostLoad);
        for op in handles {
            let program = HostLoad::of(op).program();
            loads.entry(program.clone()).or_insert(op.loc.span);
            if goes_on(func, op.results[0]) {
                used.insert(program.clone());
            }
        }
    }
    loads.into_iter().filter(|(program, _)| !used.contains(program)).collect()
}

/// Whether a handle may be attached: it is used otherwise than in variables of the function, and by what looks at it.
fn goes_on(func: &Function, handle: Value) -> bool {
    let uses = func.uses();
    let (mut seen, mut left) = (BTreeSet::from([handle]), vec![handle]);
    while let Some(value) = left.pop() {
        for &user in uses.users(value) {
            let op = &func.ops[user];
            let is_variable = |place: &Value| func.def(*place).is_some_and(|op| func.ops[op].opcode == Opcode::KsVar);
            let looks = matches!(op.opcode, Opcode::KsZero | Opcode::HostDetach)
                || builtin(op).is_some_and(|builtin| LOOKS.contains(&builtin.name));
            let is_written = op.opcode == Opcode::KsStore && op.operands[0] == value;
            let next = if op.opcode == Opcode::KsStore && is_variable(&op.operands[0]) {
                op.operands[0]
            } else if op.opcode == Opcode::KsLoad {
                op.results[0]
            } else if looks || is_written {
                continue;
            } else {
                return true;
            };
            if seen.insert(next) {
                left.push(next);
            }
        }
    }
    false
}
