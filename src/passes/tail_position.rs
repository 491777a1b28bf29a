//! `tail-position`: a returned call of a program becomes a tail call.
//!
//! Takes `ks.return` of a `ks.call` whose callee is a program, apart from conversions: the kernel gets what the callee returns
//! as it is. Lowering makes such calls in each branch of a returned value. Leaves `ks.tail_return`, so that other passes see
//! neither a call that comes back nor recursion.

use super::{Changed, EVERY, Pass, Run};
use crate::ir::ops::KsCall;
use crate::ir::{Attr, Function, Module, OpId, Opcode, Param, Role, Symbol};
use crate::session::Session;
use crate::types::{Space, Ty, Types};
use std::collections::BTreeSet;

pub static PASS: Pass = Pass {
    name: "tail-position",
    summary: "Make tail calls of returned calls of programs",
    after: &[],
    before: &[(EVERY, "takes a call for one that comes back")],
    verifier: None,
    run: Run::Module(run),
};

fn run(module: &mut Module, cx: &mut Session) -> Changed {
    let is_program = |func: &&Function| matches!(func.role, Role::Program { .. });
    let programs: BTreeSet<Symbol> = module.funcs.iter().filter(is_program).map(|func| func.name.clone()).collect();
    let mut changed = Changed::No;
    for func in &mut module.funcs {
        for end in func.walk() {
            if let Some(call) = returned_call(func, &programs, end) {
                hand_over(func, &mut cx.types, end, call);
                changed = Changed::Yes;
            }
        }
    }
    changed
}

/// The call of a program whose result an op returns.
fn returned_call(func: &Function, programs: &BTreeSet<Symbol>, end: OpId) -> Option<OpId> {
    if func.ops[end].opcode != Opcode::KsReturn {
        return None;
    }
    let mut def = func.def(*func.ops[end].operands.first()?)?;
    while func.ops[def].opcode == Opcode::ArithCast {
        def = func.def(func.ops[def].operands[0])?;
    }
    let data = &func.ops[def];
    let is_program = data.opcode == Opcode::KsCall && programs.contains(KsCall::of(data).callee());
    is_program.then_some(def).filter(|_| only_returned(func, end, def))
}

/// Whether what is between a call and the return of its result has no other use.
fn only_returned(func: &Function, end: OpId, call: OpId) -> bool {
    let uses = func.uses();
    let mut op = end;
    while op != call {
        let value = func.ops[op].operands[0];
        let (Some(def), Some(users)) = (func.def(value), uses.get(&value)) else { return false };
        if users.len() != 1 {
            return false;
        }
        op = def;
    }
    true
}

fn hand_over(func: &mut Function, types: &mut Types, end: OpId, call: OpId) {
    let callee = KsCall::of(&func.ops[call]).callee().clone();
    while let Some(value) = func.ops[end].operands.pop() {
        let Some(def) = func.def(value) else { break };
        func.ops[end].operands = func.ops[def].operands.clone();
        func.erase(def);
        if def == call {
            break;
        }
    }
    let context = context(func, types);
    func.become_op(end, Opcode::KsTailReturn, vec![context], vec![Attr::Symbol(callee)]);
}

/// The context that a program gets, also where it declares none.
fn context(func: &mut Function, types: &mut Types) -> crate::ir::Value {
    if func.params.is_empty() {
        let (ty, span) = (types.ptr(Ty::U8, Space::Ctx, false), func.name_span);
        func.params.push(Param { name: "context".into(), ty, out: false, span });
        let entry = func.entry();
        func.add_block_arg(entry, ty);
    }
    func.param(0)
}
