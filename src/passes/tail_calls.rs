//! `tail-calls`: tail calls become calls of the helper, with the index that the program has in its array.
//!
//! Takes `ks.tail_return`. Leaves `bpf.tail_call` and, for where the kernel does not make it, a return of the result that
//! refuses. The kernel makes no tail call in a callback, and none while an iterator is open, so one in a loop leaves the loop
//! first: the body of the function is a block, which is left with the number of the call in a variable.

use super::{Changed, Pass, Run};
use crate::ir::ops::KsTailReturn;
use crate::ir::{Builder, Function, Loc, MapDecl, Module, OpId, Opcode, Role, Symbol};
use crate::session::Session;
use crate::tables::OpTrait;
use crate::types::{Space, Ty, Types};

const NAME: &str = "tail-calls";
pub static PASS: Pass = Pass {
    name: NAME,
    summary: "Make tail calls through program arrays",
    after: &[("tail-tables", "allots the arrays"), ("exits", "puts what is deferred before the tail call")],
    before: &[
        ("loop-form", "counts the exits of loops"),
        ("outline", "makes callbacks, in which the kernel allows no tail call"),
        ("to-cf", "knows blocks and returns alone"),
    ],
    verifier: None,
    run: Run::Module(run),
};

fn run(module: &mut Module, cx: &mut Session) -> Changed {
    let mut changed = Changed::No;
    for func in &mut module.funcs {
        let calls: Vec<OpId> =
            func.walk().into_iter().filter(|&op| func.ops[op].opcode == Opcode::KsTailReturn).collect();
        if calls.is_empty() {
            continue;
        }
        changed = Changed::Yes;
        let (inside, outside): (Vec<OpId>, Vec<OpId>) = calls.into_iter().partition(|&op| is_in_loop(func, op));
        for op in outside {
            let callee = KsTailReturn::of(&func.ops[op]).callee().clone();
            call(&mut Builder::before(func, op, NAME), &module.maps, &callee);
            func.erase(op);
        }
        if !inside.is_empty() {
            leave_loops(func, &mut cx.types, &module.maps, &inside);
        }
    }
    changed
}

/// Whether an op is in a loop, or in what has to be cleaned up.
fn is_in_loop(func: &Function, op: OpId) -> bool {
    func.around(op).is_some_and(|around| {
        let opcode = func.ops[around].opcode;
        opcode.has(OpTrait::Loop) || opcode == Opcode::KsScope || is_in_loop(func, around)
    })
}

/// The tail call, and what the program returns where it fails.
fn call(b: &mut Builder<'_>, maps: &[MapDecl], callee: &Symbol) {
    let Role::Program { spec, .. } = &b.func.role else { crate::bug!("@{} is no program", b.func.name) };
    let refusal = i128::from(spec.refusal);
    let slot = |map: &MapDecl| Some((map.name.clone(), map.programs.iter().position(|program| program == callee)?));
    let Some((map, index)) = maps.iter().find_map(slot) else { crate::bug!("no array holds @{callee}") };
    let (context, result) = (b.func.param(0), b.func.result);
    let index = b.ks_const(index as i128, Ty::U32);
    b.bpf_tail_call(index, context, &map);
    let refusal = b.ks_const(refusal, result);
    b.ks_return(Some(refusal));
}

/// Puts the function's body into a block, which tail calls in loops leave with the number of the callee.
fn leave_loops(func: &mut Function, types: &mut Types, maps: &[MapDecl], calls: &[OpId]) {
    let mut callees: Vec<Symbol> = Vec::new();
    let entry = func.entry();
    let body = func.blocks[entry].ops.take();
    let loc = Loc { made_by: Some(NAME), ..func.ops[calls[0]].loc };
    let place = types.place(Ty::U32, Space::Stack);
    let mut b = Builder::at_end(func, entry, loc);
    let variable = b.ks_var(b"tail_call", place);
    b.ks_zero(variable);
    let (region, block) = b.region(&[]);
    Builder::at_end(b.func, block, loc).adopt(&body);
    b.ks_block(vec![region]);
    for &op in calls {
        let callee = KsTailReturn::of(&func.ops[op]).callee().clone();
        let number = callees.iter().position(|known| *known == callee).unwrap_or(callees.len());
        if number == callees.len() {
            callees.push(callee);
        }
        // The block of the body is around too, and is not counted.
        let depth = blocks_around(func, op) - 1;
        let mut b = Builder::before(func, op, NAME);
        let number = b.ks_const(number as i128, Ty::U32);
        b.ks_store(variable, number);
        b.ks_leave(depth as i128);
        func.erase(op);
    }
    let Some(last) = callees.pop() else { return };
    let mut b = Builder::at_end(func, entry, loc);
    for (number, callee) in callees.iter().enumerate() {
        let (wanted, number) = (b.ks_load(variable, Ty::U32), b.ks_const(number as i128, Ty::U32));
        let is_meant = b.arith_cmp(wanted, number, "eq", Ty::BOOL);
        b.either(is_meant, &[], |b| call(b, maps, callee), |b| b.done());
    }
    call(&mut b, maps, &last);
}

fn blocks_around(func: &Function, op: OpId) -> usize {
    let around = std::iter::successors(func.around(op), |&op| func.around(op));
    around.filter(|&op| func.ops[op].opcode == Opcode::KsBlock).count()
}
