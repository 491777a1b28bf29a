//! `function-pointers`: replaces function pointers by numbers, and calls through them by direct calls, since BPF has no
//! indirect calls.
//!
//! Takes `ks.func` and `ks.call_pointer`. A function whose address is taken has a number from 1; null is 0. No map,
//! global or context holds function pointers, so nothing outside of the module makes such values, and the possible
//! callees of a call are known (`callee_sets`). A call with one callee becomes a direct call; with several, a
//! `ks.match` over their numbers. Refuses calls through pointers that may be null and were not tested, and recursion
//! through these calls. Right after `split`: later passes look at direct calls.

mod callee_sets;
mod cleared_places;

use super::{Because, Changed, Pass, Run, reach};
use crate::diag::codes::limits::NullCall;
use crate::ir::callgraph::CallGraph;
use crate::ir::ops::{KsCallPointer, KsFunc};
use crate::ir::{Attr, Builder, Function, Module, OpId, Opcode, Role, Symbol, Value};
use crate::session::Session;
use crate::types::{Ty, TyKind, Types};
use callee_sets::{Sets, Targets};
use std::collections::{BTreeMap, HashMap};

const NAME: &str = "function-pointers";
pub static PASS: Pass = Pass {
    name: NAME,
    summary: "Make calls through pointers direct, for BPF",
    after: &[],
    before: &[
        ("packet", "looks at direct calls"),
        ("maps", "moves values that this pass makes numbers of"),
        ("lock-places", "follows pointers into callees"),
    ],
    because: Because::Target,
    run: Run::Module(run),
};

fn run(module: &mut Module, cx: &mut Session) -> Changed {
    let uses =
        |f: &Function| f.walk().iter().any(|&op| matches!(f.ops[op].opcode, Opcode::KsFunc | Opcode::KsCallPointer));
    if !module.funcs.iter().any(uses) {
        return Changed::No;
    }
    let numbers = numbers(module);
    let sets = Sets::of(module, &cx.types);
    let mut changed = Changed::No;
    for at in 0..module.funcs.len() {
        // The results of calls are replaced at the end: the sets know the results of these calls.
        let mut values = HashMap::new();
        for op in module.funcs[at].walk() {
            let func = &mut module.funcs[at];
            if func.ops[op].opcode == Opcode::KsFunc {
                let number = numbers[KsFunc::of(&func.ops[op]).func()];
                func.become_op(op, Opcode::KsConst, Vec::new(), vec![Attr::Int(number)]);
                changed = Changed::Yes;
            } else if func.ops[op].opcode == Opcode::KsCallPointer {
                let targets = sets.targets(at, KsCallPointer::of(&func.ops[op]).callee());
                values.extend(call(func, cx, op, &targets, &numbers));
                changed = Changed::Yes;
            }
        }
        module.funcs[at].replace_values(&values);
    }
    if changed == Changed::Yes {
        let graph = CallGraph::direct(module);
        let programs = module.funcs.iter().enumerate().filter(|(_, f)| matches!(f.role, Role::Program { .. }));
        let reached = graph.reach(programs.map(|(at, _)| at));
        reach::check_recursion(module, cx, &graph, &reached);
    }
    changed
}

/// The number of each function whose address is taken.
fn numbers(module: &Module) -> BTreeMap<Symbol, i128> {
    let mut numbers = BTreeMap::new();
    for func in &module.funcs {
        for data in func.all() {
            if data.opcode == Opcode::KsFunc {
                let next = numbers.len() as i128 + 1;
                numbers.entry(KsFunc::of(data).func().clone()).or_insert(next);
            }
        }
    }
    numbers
}

/// Makes a call direct; the values that take the place of its results.
fn call(
    func: &mut Function,
    cx: &mut Session,
    op: OpId,
    targets: &Targets,
    numbers: &BTreeMap<Symbol, i128>,
) -> Vec<(Value, Value)> {
    let view = KsCallPointer::of(&func.ops[op]);
    let (callee, args) = (view.callee(), view.args().to_vec());
    if targets.null && !view.checked() {
        cx.error(func.ops[op].loc.span, NullCall {})
            .help("test it before: `if (f != null) f(…)`, or `if (var f = table[i]) { f(…) }`");
    }
    let results: Vec<Ty> = func.ops[op].results.iter().map(|&result| func.ty(result)).collect();
    match targets.funcs.as_slice() {
        [only] => {
            func.become_op(op, Opcode::KsCall, args, vec![Attr::Symbol(only.clone())]);
            Vec::new()
        }
        [] => no_call(func, &cx.types, op, &results),
        [others @ .., last] => {
            let mut b = Builder::before(func, op, NAME);
            let number = b.arith_cast(callee, Ty::U64);
            let mut cases = Vec::new();
            let mut regions = Vec::new();
            for (index, target) in others.iter().enumerate() {
                let number = numbers[target];
                cases.extend([number, number, index as i128]);
                regions.push(call_region(&mut b, target, &args, &results));
            }
            // The pointer is one of these, so the last needs no test.
            regions.push(call_region(&mut b, last, &args, &results));
            let choice = b.ks_match(number, &cases, &results, regions);
            let values = std::iter::zip(func.ops[op].results.clone(), func.ops[choice].results.clone());
            func.erase(op);
            values.collect()
        }
    }
}

fn call_region(b: &mut Builder<'_>, target: &Symbol, args: &[Value], results: &[Ty]) -> crate::ir::RegionId {
    let (region, block) = b.region(&[]);
    let loc = b.loc;
    let mut inside = Builder::at_end(b.func, block, loc);
    let call = inside.ks_call(args, target, results);
    let values = inside.func.ops[call].results.clone();
    inside.ks_yield(&values);
    region
}

/// No function ever comes here, so that control does not either.
fn no_call(func: &mut Function, types: &Types, op: OpId, results: &[Ty]) -> Vec<(Value, Value)> {
    let mut values = Vec::new();
    if let Some(&ty) = results.first() {
        let mut b = Builder::before(func, op, NAME);
        let zero = if let TyKind::Ptr { .. } = types.kind(ty) { b.ks_null(ty) } else { b.ks_const(0, ty) };
        values.push((func.ops[op].results[0], zero));
    }
    func.erase(op);
    values
}
