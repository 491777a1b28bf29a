//! `constants`: replaces parameters that get the same number from all calls, and variables that are set once, to a constant, by the
//! constant.
//!
//! LLVM finds them too, once it has inlined the function. But the passes of BPF code choose the forms of loops and of accesses to packets
//! before that. Takes structured code where all callees are known. Leaves each op where it is.

use super::{Because, Changed, Pass, Run};
use crate::fold::{self, CompareOp};
use crate::ir::callgraph::CallGraph;
use crate::ir::numbers::params::called_only;
use crate::ir::ops::{ArithCmp, KsLoad, KsStore};
use crate::ir::{Attr, Builder, Function, Module, OpId, Opcode, Value};
use crate::session::Session;
use crate::types::{Ty, Types};
use std::collections::HashMap;

const NAME: &str = "constants";
pub static PASS: Pass = Pass {
    name: NAME,
    summary: "Find constants behind calls and variables",
    after: &[
        ("function-pointers", "makes all callees known"),
        ("packet", "compares what callers and callees know of the offset and the length of a view"),
        ("assign-ops", "shows what is stored to a variable"),
    ],
    before: &[
        ("elements", "bounds indexes that are not constant"),
        ("counted-loops", "looks at the constants that loops begin and end with"),
        ("loop-form", "keeps short constant ranges as plain loops"),
    ],
    because: Because::Speed,
    run: Run::Module(run),
};

/// The arguments that calls pass for a parameter, as far as they were seen.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Given {
    Nothing,
    Always(i128),
    Differs,
}

fn run(module: &mut Module, cx: &mut Session) -> Changed {
    let graph = CallGraph::of(module);
    let order = graph.callers_first();
    let called = called_only(module, &graph, &order);
    let mut given: Vec<Vec<Given>> = module.funcs.iter().map(|func| vec![Given::Nothing; func.params.len()]).collect();
    let mut changed = Changed::No;
    for &at in &order {
        let func = &mut module.funcs[at];
        if called[at] && !func.global {
            changed = changed.or(set_params(func, &cx.types, &given[at]));
        }
        while set_loads(func, &cx.types) | fold(func, &cx.types) {
            changed = Changed::Yes;
        }
        let func = &module.funcs[at];
        for (callee, site) in graph.calls(at).into_iter().filter(|&(callee, _)| called[callee]) {
            for (before, &argument) in given[callee].iter_mut().zip(&func.ops[site.op].operands) {
                *before = match (*before, func.known(&cx.types, argument)) {
                    (Given::Nothing, Some(number)) => Given::Always(number),
                    (Given::Always(number), Some(other)) if number == other => *before,
                    (Given::Nothing | Given::Always(_) | Given::Differs, _) => Given::Differs,
                };
            }
        }
    }
    changed
}

fn is_number(types: &Types, ty: Ty) -> bool {
    ty == Ty::BOOL || types.as_int(ty).is_some()
}

fn set_params(func: &mut Function, types: &Types, given: &[Given]) -> Changed {
    let Some(&first) = func.blocks[func.entry()].ops.first() else { return Changed::No };
    let mut values = HashMap::new();
    for (index, given) in given.iter().enumerate() {
        let param = func.param(index);
        let ty = func.ty(param);
        if let Given::Always(number) = *given
            && is_number(types, ty)
        {
            values.insert(param, Builder::before(func, first, NAME).ks_const(number, ty));
        }
    }
    func.replace_values(&values);
    if values.is_empty() { Changed::No } else { Changed::Yes }
}

/// Makes constants of the loads of variables that hold nothing else. True if there were any.
fn set_loads(func: &mut Function, types: &Types) -> bool {
    // For each variable what is stored to it; none if that differs, or something else may write it.
    let mut held: HashMap<Value, Option<Option<i128>>> = HashMap::new();
    let ops = func.walk();
    for &op in &ops {
        let data = &func.ops[op];
        if data.opcode == Opcode::KsVar {
            held.entry(data.results[0]).or_insert(Some(None));
        }
        let stored = Some(data).filter(|data| data.opcode == Opcode::KsStore).map(KsStore::of);
        for &operand in data.operands.iter().filter(|_| data.opcode != Opcode::KsLoad) {
            let number = stored.as_ref().filter(|store| store.place() == operand && store.value() != operand);
            let number = number.and_then(|store| func.known(types, store.value()));
            if let Some(before) = held.get_mut(&operand) {
                let alone = *before == Some(None) && number.is_some();
                *before = alone.then_some(number);
            }
        }
    }
    let mut any = false;
    for op in ops {
        let data = &func.ops[op];
        if data.opcode == Opcode::KsLoad
            && is_number(types, func.ty(data.results[0]))
            && let Some(Some(Some(number))) = held.get(&KsLoad::of(data).place())
        {
            func.become_op(op, Opcode::KsConst, Vec::new(), vec![Attr::Int(*number)]);
            any = true;
        }
    }
    any
}

/// Computes what is constant. True if there was anything.
pub fn fold(func: &mut Function, types: &Types) -> bool {
    let mut any = false;
    for op in func.walk() {
        if let Some(number) = computed(func, types, op) {
            func.become_op(op, Opcode::KsConst, Vec::new(), vec![Attr::Int(number)]);
            any = true;
        }
    }
    any
}

fn computed(func: &Function, types: &Types, op: OpId) -> Option<i128> {
    let data = &func.ops[op];
    let &[left, right] = &data.operands[..] else { return None };
    let (left, right) = (func.known(types, left)?, func.known(types, right)?);
    if data.opcode == Opcode::ArithCmp {
        let pred = CompareOp::from_word(ArithCmp::of(data).pred())?;
        return Some(fold::compare(pred, left, right).into());
    }
    let operator = data.opcode.spec().computes?;
    let (bits, signed) = types.as_int(func.ty(data.results[0]))?;
    Some(fold::arith(operator, left, right, bits, signed))
}
