//! Actions that module code must not take: to sleep where nothing may, to take a lock twice, to use structs of the kernel whose header
//! nobody names.

use crate::diag::codes::contexts::SleepsInKfunc;
use crate::diag::codes::shared::{LockTwice, SleepUnderLock};
use crate::diag::codes::support::{KernelBits, UnknownHeader};
use crate::ir::callgraph::{CallGraph, Reached};
use crate::ir::ops::{BpfKfunc, HostNew, KmodCall, KmodLocked, KsCall, KsField};
use crate::ir::{Function, Module, OpData, OpId, Opcode, Role, Symbol};
use crate::passes::reach::called_from;
use crate::session::Session;
use crate::tables::{self, ModuleLock, SLEEPABLE, header_of_function, header_of_type};
use crate::types::{TyKind, Types};
use std::collections::BTreeSet;
use std::rc::Rc;

/// Reports such mistakes in the functions of `reached`.
pub fn check(module: &Module, cx: &mut Session, graph: &CallGraph, reached: &Reached) {
    let mut said = BTreeSet::new();
    for (at, func) in module.funcs.iter().enumerate().filter(|&(at, _)| reached.contains(at)) {
        check_structs(module, cx, func, &mut said);
        if let Role::Kfunc { flags, .. } = &func.role
            && !flags.iter().any(|flag| flag.name == SLEEPABLE)
        {
            check_sleeping(module, cx, graph, at);
        }
        for op in func.walk() {
            if func.ops[op].opcode == Opcode::KmodLocked {
                check_locked(module, cx, graph, func, op);
            }
        }
    }
}

/// The C includes the headers of the structs whose fields it names, and assigns to no bit-field in the place of its unit.
fn check_structs(module: &Module, cx: &mut Session, func: &Function, said: &mut BTreeSet<String>) {
    for (op, data) in func.each() {
        // A struct inside another one is defined by the header of the outer one.
        let base = data.operands.first().and_then(|&base| func.def(base));
        if let Some((name, _)) = kernel_field(&cx.types, func, op)
            && base.is_none_or(|base| kernel_field(&cx.types, func, base).is_none())
            && header_of_type(&name).is_none()
            && module.headers.is_empty()
            && !name.contains('.')
            && said.insert(name.clone())
        {
            let what = format!("`struct {name}`");
            cx.error(data.loc.span, UnknownHeader { what })
                .help("name it before a `@kfunc`: `@header(\"linux/….h\") @kfunc fn …`");
        }
        let written = (data.opcode == Opcode::KsStore).then(|| func.def(data.operands[0])).flatten();
        if let Some((_, Some(field))) = written.and_then(|place| kernel_field(&cx.types, func, place)) {
            cx.error(data.loc.span, KernelBits { field });
        }
    }
}

/// The struct of the kernel that an op names a field of, and the field if it is a bit-field.
fn kernel_field(types: &Types, func: &Function, op: OpId) -> Option<(String, Option<String>)> {
    let data = &func.ops[op];
    if data.opcode != Opcode::KsField {
        return None;
    }
    let TyKind::Place { of, .. } = types.kind(func.ty(data.operands[0])) else { return None };
    let TyKind::Struct(id) = types.kind(of) else { return None };
    let def = types.struct_def(id);
    let field = def.fields.get(KsField::of(data).field() as usize)?;
    def.origin.is_relocated().then(|| (def.name.clone(), field.bits.is_some().then(|| field.name.clone())))
}

/// The words for an op that may sleep; none for others.
fn sleeps(module: &Module, cx: &Session, op: &OpData) -> Option<String> {
    if op.opcode == Opcode::KmodCall {
        let name = String::from_utf8_lossy(KmodCall::of(op).function()).into_owned();
        let is_known = header_of_function(&name).is_some_and(|header| header.sleeps.contains(&name.as_str()));
        return is_known.then(|| format!("`{name}`"));
    }
    if op.opcode == Opcode::HostNew {
        let flags = String::from_utf8_lossy(HostNew::of(op).gfp()).into_owned();
        let waits = !flags.is_empty() && !flags.contains("ATOMIC") && !flags.contains("NOWAIT");
        return waits.then(|| format!("`new` with `{flags}`"));
    }
    let (name, lock) = lock_of(module, cx, op)?;
    lock.sleeps.then(|| format!("taking `{}`, a `{}`,", cx.source_name(name), lock.name))
}

/// The lock that an op takes.
fn lock_of<'o>(module: &Module, cx: &Session, op: &'o OpData) -> Option<(&'o Symbol, &'static ModuleLock)> {
    if op.opcode != Opcode::KmodLocked {
        return None;
    }
    let name = KmodLocked::of(op).lock();
    Some((name, tables::lock_of(&cx.types, module.global(name)?.ty)?))
}

fn check_sleeping(module: &Module, cx: &mut Session, graph: &CallGraph, kfunc: usize) {
    let reached = graph.reach([kfunc]);
    for (at, func) in module.funcs.iter().enumerate().filter(|&(at, _)| reached.contains(at)) {
        for op in func.walk() {
            let Some(what) = sleeps(module, cx, &func.ops[op]) else { continue };
            let (names, name) = (Rc::clone(&cx.names), cx.source_name(&module.funcs[kfunc].name));
            let error = cx.error(func.ops[op].loc.span, SleepsInKfunc { what, func: name.clone() });
            called_from(module, &names, error, &reached.chain(at));
            error.help(format!("`@kfunc(\"sleepable\") fn {name}` is for programs that may sleep alone"));
            return;
        }
    }
}

/// What runs under a lock: no second time the same lock, and under a spin lock nothing that sleeps.
fn check_locked(module: &Module, cx: &mut Session, graph: &CallGraph, func: &Function, locked: OpId) {
    let Some((name, lock)) = lock_of(module, cx, &func.ops[locked]) else { return };
    let (name, taken) = (name.clone(), func.ops[locked].loc.span.start());
    let mut inside = Vec::new();
    func.walk_region(func.ops[locked].regions[0], &mut inside);
    for op in inside {
        let data = &func.ops[op];
        let span = data.loc.span;
        if found(module, cx, graph, data, |cx, op| lock_of(module, cx, op).is_some_and(|(other, _)| *other == name))
            .is_some()
        {
            let error = cx.error(span, LockTwice { lock: cx.source_name(&name) });
            error.note(taken, "taken here");
        } else if !lock.sleeps
            && let Some(what) = found(module, cx, graph, data, |cx, op| sleeps(module, cx, op).is_some())
        {
            let error = cx.error(span, SleepUnderLock { what, lock: cx.source_name(&name) });
            error.note(taken, "taken here");
            error.help("do it before, or take a `mutex`, which only a `@kfunc(\"sleepable\")` may");
        }
    }
}

/// Whether an op, or what it calls, is wanted: in words.
fn found(
    module: &Module,
    cx: &Session,
    graph: &CallGraph,
    op: &OpData,
    wanted: impl Fn(&Session, &OpData) -> bool,
) -> Option<String> {
    if wanted(cx, op) {
        return Some(sleeps(module, cx, op).unwrap_or_default());
    }
    if op.opcode != Opcode::KsCall {
        return None;
    }
    let callee = KsCall::of(op).callee();
    let at = module.funcs.iter().position(|func| func.name == *callee)?;
    let reached = graph.reach([at]);
    let funcs = module.funcs.iter().enumerate().filter(|&(at, _)| reached.contains(at)).map(|(_, func)| func);
    let any = funcs.flat_map(|func| func.all()).any(|op| wanted(cx, op));
    any.then(|| format!("`{}`", cx.source_name(callee)))
}

/// Whether an op of BPF code calls a function of the module that may sleep.
pub fn calls_sleeper(module: &Module, op: &OpData) -> bool {
    if op.opcode != Opcode::BpfKfunc {
        return false;
    }
    let name = BpfKfunc::of(op).function();
    let callee = module.funcs.iter().find(|func| func.name == *name);
    callee.is_some_and(|func| match &func.role {
        Role::Kfunc { flags, .. } => flags.iter().any(|flag| flag.name == SLEEPABLE),
        Role::Program { .. } | Role::Helper | Role::Private | Role::Plain | Role::Main | Role::Checked => false,
    })
}
