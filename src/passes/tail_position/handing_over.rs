//! `@helper` functions that make tail calls: where a program returns what one returns, its body takes the place of the call.
//!
//! Then the tail call is in the program, which any kernel and machine allows. Anywhere else a call of such a function is an
//! error: what comes after it would not run.

use super::kept_results::forward;
use super::returned_call;
use super::returns::{casts_of, return_instead, sink, types_of};
use crate::diag::codes::contexts::{HandsOverElsewhere, TailCallType};
use crate::ir::callgraph::named;
use crate::ir::ops::{KsCall, KsTailReturn};
use crate::ir::{Function, Module, OpId, Opcode, Role, Symbol, Value, clone};
use crate::passes::Changed;
use crate::session::Session;
use crate::source::Span;
use std::collections::{BTreeSet, HashMap};

/// The functions that make tail calls and are no programs.
type Handing = BTreeSet<Symbol>;

/// Inlines such functions at the calls whose results are returned.
pub fn inline(module: &mut Module, cx: &mut Session) -> Changed {
    let mut handing = Handing::new();
    // Each is inlined once in all others, also in what was copied before; so recursion ends, and is left to report.
    while let Some(next) = next(module, &handing) {
        handing.insert(module.funcs[next].name.clone());
        for at in (0..module.funcs.len()).filter(|&at| at != next) {
            inline_one(module, next, at);
        }
    }
    if handing.is_empty() {
        return Changed::No;
    }
    report(module, &handing, cx);
    module.funcs.retain(|func| !handing.contains(&func.name));
    Changed::Yes
}

/// A function that makes a tail call and was not inlined yet. One that calls it makes a tail call only then.
fn next(module: &Module, done: &Handing) -> Option<usize> {
    let hands_over = |func: &Function| {
        let ends = |op: OpId| matches!(func.ops[op].opcode, Opcode::KsTailReturn | Opcode::BpfTailCall);
        func.walk().into_iter().any(ends)
    };
    let is_program = |func: &Function| matches!(func.role, Role::Program { .. });
    let is_next = |func: &Function| !is_program(func) && !done.contains(&func.name) && hands_over(func);
    module.funcs.iter().position(is_next)
}

/// Puts the body of a function in place of its returned calls in another one.
fn inline_one(module: &mut Module, callee: usize, caller: usize) {
    let body = module.funcs[callee].clone();
    let callees = BTreeSet::from([body.name.clone()]);
    let func = &mut module.funcs[caller];
    let calls = |op: OpId| func.ops[op].opcode == Opcode::KsCall && KsCall::of(&func.ops[op]).callee() == &body.name;
    if !func.walk().into_iter().any(calls) {
        return;
    }
    forward(func, &callees);
    while sink(func, &callees) {}
    for end in func.walk() {
        let Some(call) = returned_call(func, &callees, end) else { continue };
        if may_replace(func, end, &body) {
            put(func, &body, end, call);
        }
    }
}

/// Whether the body of such a function may replace the return. Deferred code runs once, so it is not put into loops. A tail call by an
/// array skips pending deferred code, and is in no loop.
fn may_replace(func: &Function, end: OpId, body: &Function) -> bool {
    let has = |func: &Function, opcode: Opcode| func.walk().into_iter().any(|op| func.ops[op].opcode == opcode);
    let by_array = has(body, Opcode::BpfTailCall);
    if (by_array || has(body, Opcode::KsDefer)) && is_in_loop(func, end) {
        return false;
    }
    !by_array || !has(func, Opcode::KsDefer)
}

fn is_in_loop(func: &Function, op: OpId) -> bool {
    func.around(op).is_some_and(|around| func.ops[around].opcode.is_loop() || is_in_loop(func, around))
}

/// Puts the body in place of a call and the return of its result.
fn put(func: &mut Function, body: &Function, end: OpId, call: OpId) {
    let casts: Vec<OpId> = casts_of(func, end);
    let types = types_of(func, &casts);
    let args = func.ops[call].operands.clone();
    let block = func.ops[end].block;
    for op in [end].into_iter().chain(casts).chain([call]) {
        func.erase(op);
    }
    let params = body.blocks[body.entry()].args.iter().copied();
    let mut values: HashMap<Value, Value> = std::iter::zip(params, args).collect();
    let known: BTreeSet<OpId> = func.walk().into_iter().collect();
    clone::ops(body, body.entry(), func, block, &mut values);
    let made: Vec<OpId> = func.walk().into_iter().filter(|op| !known.contains(op)).collect();
    for op in made.into_iter().filter(|_| !types.is_empty()) {
        if func.ops[op].opcode == Opcode::KsReturn {
            return_instead(func, op, &types);
        }
    }
}

/// Reports calls that are left, and tail calls of programs that no array can hold together with the caller.
fn report(module: &Module, handing: &Handing, cx: &mut Session) {
    for func in &module.funcs {
        for data in func.all() {
            if let Some(name) = named(data).filter(|name| handing.contains(*name)) {
                let is_own = *name == func.name;
                let name = cx.source_name(name);
                let error = cx.error(data.loc.span, HandsOverElsewhere { name: name.clone() });
                error.help(if is_own {
                    format!("`{name}` calls itself, and BPF code has no recursion: a loop does the same")
                } else {
                    format!("`return {name}(…)` is such a call, but not in a loop where `{name}` has a `defer`, and not in a loop or after a `defer` where it has a `tail_call`")
                });
            }
            if data.opcode == Opcode::KsTailReturn {
                check_type(module, func, data.loc.span, KsTailReturn::of(data).callee(), cx);
            }
        }
    }
}

fn check_type(module: &Module, caller: &Function, span: Span, callee: &Symbol, cx: &mut Session) {
    let Some(callee) = module.func(callee) else { return };
    let words = |func: &Function| {
        let Role::Program { spec, mode, target, loading, .. } = &func.role else { return None };
        let section = spec.form(mode).map(|form| form.section(target.as_deref(), loading, cx.options.tcx));
        let text = if mode.is_empty() { format!("`@{}`", spec.name) } else { format!("`@{}(\"{mode}\")`", spec.name) };
        Some((spec.name, section, text))
    };
    let (Some(own), Some(other)) = (words(caller), words(callee)) else { return };
    if (own.0, &own.1) != (other.0, &other.1) {
        let name = cx.source_name(&callee.name);
        cx.error(span, TailCallType { name, own: own.2, other: other.2 })
            .note(caller.name_span, "this program comes here");
    }
}
