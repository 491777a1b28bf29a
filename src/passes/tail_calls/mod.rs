//! `tail-calls`: tail calls become calls of the helper, with the index that the program has in its array.
//!
//! Takes `ks.tail_return`. A small program that one tail call alone names is inlined (`inlined`). Else leaves `bpf.tail_call` and, for where the kernel does not make it, a return of the result that
//! refuses. The kernel makes no tail call in a callback, and none while an iterator is open, so one in a loop leaves the loop
//! first: the body of the function is a block, which is left with the number of the call in a variable.

mod inlined;

use super::{Because, Changed, Pass, Run};
use crate::diag::lowered::{Lowered, StageInlined, TailCall};
use crate::ir::ops::KsTailReturn;
use crate::ir::{Builder, Function, Loc, MapDecl, Module, OpId, Opcode, Role, Symbol};
use crate::session::{Session, SourceNames};
use crate::source::Span;
use crate::tuning::Tuning;
use crate::types::{Space, Ty, Types};
use inlined::Stages;

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
    because: Because::Target,
    run: Run::Tuned(run),
};

fn run(module: &mut Module, cx: &mut Session, tuning: &Tuning) -> Changed {
    let never = if cx.options.opt_level == 1 {
        Some("`-O1` inlines no programs")
    } else {
        tuning.scarce.then_some("the stack is scarce, and it has one of its own")
    };
    let stages = Stages::of(module, never);
    let mut calls =
        Calls { maps: &module.maps, stages: &stages, names: &cx.names, types: &mut cx.types, lowered: Vec::new() };
    let mut changed = Changed::No;
    for func in &mut module.funcs {
        let ends: Vec<OpId> = func.ids_of(Opcode::KsTailReturn).collect();
        if ends.is_empty() {
            continue;
        }
        changed = Changed::Yes;
        let (inside, outside): (Vec<OpId>, Vec<OpId>) = ends.into_iter().partition(|&op| is_in_loop(func, op));
        for op in outside {
            let callee = KsTailReturn::of(&func.ops[op]).callee().clone();
            let (block, loc) = (func.ops[op].block, Loc { made_by: Some(NAME), ..func.ops[op].loc });
            func.erase(op);
            calls.call(&mut Builder::at_end(func, block, loc), &callee);
        }
        if !inside.is_empty() {
            calls.leave_loops(func, &inside);
        }
    }
    let lowered = calls.lowered;
    cx.explain_all(lowered);
    changed
}

/// Whether an op is in a loop, or in what has to be cleaned up.
fn is_in_loop(func: &Function, op: OpId) -> bool {
    func.around(op).is_some_and(|around| {
        let opcode = func.ops[around].opcode;
        opcode.is_loop() || opcode == Opcode::KsScope || is_in_loop(func, around)
    })
}

/// What tail calls become.
struct Calls<'m> {
    maps: &'m [MapDecl],
    stages: &'m Stages,
    names: &'m SourceNames,
    types: &'m mut Types,
    lowered: Vec<Lowered>,
}

impl Calls<'_> {
    /// At the end of a block: the tail call, and what the program returns where it fails; or the body of the callee.
    fn call(&mut self, b: &mut Builder<'_>, callee: &Symbol) {
        let slot = |map: &MapDecl| Some((map.name.clone(), map.programs.iter().position(|program| program == callee)?));
        let Some((map, index)) = self.maps.iter().find_map(slot) else { crate::bug!("no array holds @{callee}") };
        let (span, name) = (b.loc.span, self.names.of(callee).to_owned());
        match self.stages.inlined(b.func, callee) {
            Ok(stage) => {
                inlined::put(b, stage);
                let ops = inlined::size(stage).to_string();
                self.lowered.push(Lowered::at(span, &StageInlined { callee: name, ops }));
                return;
            }
            Err(why) => {
                let map = self.names.of(&map).to_owned();
                self.lowered.push(Lowered::at(span, &TailCall { callee: name, map, index: index.to_string(), why }));
            }
        }
        let Role::Program { spec, target, .. } = &b.func.role else { crate::bug!("@{} is no program", b.func.name) };
        let refusal = spec.refusal_at(target.as_deref());
        let (context, result) = (b.func.param(0), b.func.result);
        let index = b.ks_const(index as i128, Ty::U32);
        b.bpf_tail_call(index, context, &map);
        let refusal = b.ks_const(refusal, result);
        b.ks_return(Some(refusal));
    }

    /// Puts the function's body into a block, which tail calls in loops leave with the number of the callee.
    fn leave_loops(&mut self, func: &mut Function, calls: &[OpId]) {
        let mut callees: Vec<(Symbol, Span)> = Vec::new();
        let entry = func.entry();
        let body = func.blocks[entry].ops.take();
        let loc = Loc { made_by: Some(NAME), ..func.ops[calls[0]].loc };
        let place = self.types.place(Ty::U32, Space::Stack);
        let mut b = Builder::at_end(func, entry, loc);
        let variable = b.ks_var(b"tail_call", place);
        b.ks_zero(variable);
        let (region, block) = b.region(&[]);
        Builder::at_end(b.func, block, loc).adopt(&body);
        b.ks_block(vec![region]);
        for &op in calls {
            let callee = KsTailReturn::of(&func.ops[op]).callee().clone();
            let number = callees.iter().position(|(known, _)| *known == callee).unwrap_or(callees.len());
            if number == callees.len() {
                callees.push((callee, func.ops[op].loc.span));
            }
            // The block of the body is around too, and is not counted.
            let depth = blocks_around(func, op) - 1;
            let mut b = Builder::before(func, op, NAME);
            let number = b.ks_const(number as i128, Ty::U32);
            b.ks_store(variable, number);
            b.ks_leave(depth as i128);
            func.erase(op);
        }
        let Some((last, at)) = callees.pop() else { return };
        let mut b = Builder::at_end(func, entry, loc);
        for (number, (callee, at)) in callees.iter().enumerate() {
            let (wanted, number) = (b.ks_load(variable, Ty::U32), b.ks_const(number as i128, Ty::U32));
            let is_meant = b.arith_cmp(wanted, number, "eq", Ty::BOOL);
            b.loc.span = *at;
            b.either(is_meant, &[], |b| self.call(b, callee), |b| b.done());
        }
        b.loc.span = at;
        self.call(&mut b, &last);
    }
}

fn blocks_around(func: &Function, op: OpId) -> usize {
    let around = std::iter::successors(func.around(op), |&op| func.around(op));
    around.filter(|&op| func.ops[op].opcode == Opcode::KsBlock).count()
}
