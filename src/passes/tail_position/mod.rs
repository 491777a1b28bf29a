//! `tail-position`: a returned call of a program becomes a tail call.
//!
//! Takes `ks.return` of a `ks.call` whose callee is a program, apart from conversions: the kernel gets what the callee returns
//! as it is. Lowering makes such calls in each branch of a returned value; where a variable keeps the result and is returned next,
//! `kept_results` returns the call. Leaves `ks.tail_return`, so that other passes see
//! neither a call that comes back nor recursion. A `@helper` that hands over is inlined where its result is returned
//! (`handing_over`), so that programs alone make tail calls.

mod handing_over;
mod kept_results;
mod returns;

use super::{Because, Changed, EVERY, Pass, Run};
use crate::diag::codes::contexts::ProgramCalled;
use crate::ir::ops::KsCall;
use crate::ir::{Attr, Function, Module, OpId, Opcode, Param, Role, Symbol, Value};
use crate::session::Session;
use crate::types::{Space, Ty, TyKind, Types};
use std::collections::BTreeSet;

const NAME: &str = "tail-position";
pub static PASS: Pass = Pass {
    name: NAME,
    summary: "Make tail calls of returned calls of programs",
    after: &[],
    before: &[(EVERY, "takes a call for one that comes back")],
    because: Because::Target,
    run: Run::Module(run),
};

fn run(module: &mut Module, cx: &mut Session) -> Changed {
    let is_program = |func: &&Function| matches!(func.role, Role::Program { .. });
    let programs: BTreeSet<Symbol> = module.funcs.iter().filter(is_program).map(|func| func.name.clone()).collect();
    let mut changed = Changed::No;
    for func in &mut module.funcs {
        if kept_results::forward(func, &programs) {
            while returns::sink(func, &programs) {}
            changed = Changed::Yes;
        }
        for end in func.walk() {
            if let Some(call) = returned_call(func, &programs, end) {
                hand_over(func, &mut cx.types, end, call);
                changed = Changed::Yes;
            }
        }
    }
    report(module, &programs, cx);
    changed.or(handing_over::inline(module, cx))
}

/// Reports calls of programs that are left: what is after them would not run.
fn report(module: &Module, programs: &BTreeSet<Symbol>, cx: &mut Session) {
    for func in &module.funcs {
        for data in func.all() {
            if data.opcode == Opcode::KsCall && programs.contains(KsCall::of(data).callee()) {
                let name = cx.source_name(KsCall::of(data).callee());
                cx.error(data.loc.span, ProgramCalled { name: name.clone() })
                    .help(format!("`return {name}(…)` hands over to it: a tail call, which does not come back"));
            }
        }
    }
}

/// The call of one of these functions whose result an op returns.
fn returned_call(func: &Function, callees: &BTreeSet<Symbol>, end: OpId) -> Option<OpId> {
    if func.ops[end].opcode != Opcode::KsReturn {
        return None;
    }
    let mut def = func.def(*func.ops[end].operands.first()?)?;
    while let Some(value) = returns::converted(func, def) {
        def = func.def(value)?;
    }
    let data = &func.ops[def];
    let is_wanted = data.opcode == Opcode::KsCall && callees.contains(KsCall::of(data).callee());
    is_wanted.then_some(def).filter(|_| only_returned(func, end, def))
}

/// Whether what is between a call and the return of its result has no other use.
fn only_returned(func: &Function, end: OpId, call: OpId) -> bool {
    let uses = func.uses();
    let mut op = end;
    while op != call {
        let value = returns::converted(func, op).unwrap_or(func.ops[op].operands[0]);
        let Some(def) = func.def(value) else { return false };
        if uses.users(value).len() != 1 {
            return false;
        }
        op = def;
    }
    true
}

fn hand_over(func: &mut Function, types: &mut Types, end: OpId, call: OpId) {
    let (callee, passed) = (KsCall::of(&func.ops[call]).callee().clone(), func.ops[call].operands.clone());
    let loc = func.ops[call].loc;
    for op in returns::casts_of(func, end).into_iter().chain([call]) {
        func.erase(op);
    }
    func.ops[end].loc = loc;
    let context = context(func, types, &passed);
    func.become_op(end, Opcode::KsTailReturn, vec![context], vec![Attr::Symbol(callee)]);
}

/// The context that a program gets, also where it declares none. A helper passes on what it is given.
fn context(func: &mut Function, types: &mut Types, passed: &[Value]) -> Value {
    if matches!(func.role, Role::Helper) {
        let is_context = |value: &Value| matches!(types.kind(func.ty(*value)), TyKind::Ptr { space: Space::Ctx, .. });
        let params = func.blocks[func.entry()].args.iter();
        let given = passed.iter().chain(params).copied().find(is_context);
        return given.unwrap_or_else(|| crate::bug!("@{} has no context", func.name));
    }
    if func.params.is_empty() {
        let (ty, span) = (types.ptr(Ty::U8, Space::Ctx, false), func.name_span);
        func.params.push(Param { name: "context".into(), ty, out: false, span });
        let entry = func.entry();
        func.add_block_arg(entry, ty);
    }
    func.param(0)
}
