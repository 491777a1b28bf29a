//! Part of `scratch`: the large variables of a function become one variable of each caller, which hands it over.
//!
//! That is for functions whose runs on one CPU may overlap: their callers, the programs in the end, know memory that no other run has.

use super::{NAME, fields, large};
use crate::ir::callgraph::CallGraph;
use crate::ir::ops::KsCall;
use crate::ir::{Builder, Function, Module, OpId, Opcode, Param, Symbol};
use crate::passes::Changed;
use crate::types::{Space, Ty, Types};
use std::collections::HashMap;

/// From the callees on to the callers: what a function gets from its callees goes to its own callers.
pub(super) fn to_callers(module: &mut Module, types: &mut Types, chosen: &[bool], least: u64) -> Changed {
    let mut changed = Changed::No;
    for at in CallGraph::of(module).callers_first().into_iter().rev().filter(|&at| chosen[at]) {
        let moved = large(&module.funcs[at], types, least, super::MAX_PERCPU_VALUE);
        if moved.is_empty() {
            continue;
        }
        let name = module.funcs[at].name.clone();
        let ty = super::layout(&module.funcs[at], types, &super::free_name(module, &format!("scratch_{name}")), &moved);
        by_parameter(&mut module.funcs[at], types, ty, &moved);
        for func in &mut module.funcs {
            hand_over(func, types, &name, ty);
        }
        changed = Changed::Yes;
    }
    changed
}

fn by_parameter(func: &mut Function, types: &mut Types, ty: Ty, moved: &[OpId]) {
    let place = types.place(ty, Space::Stack);
    let (entry, span) = (func.entry(), func.name_span);
    func.params.push(Param { name: "scratch".into(), ty: place, out: false, span });
    let base = func.add_block_arg(entry, place);
    let Some(&first) = func.blocks[entry].ops.first() else { crate::bug!("a function without an end") };
    let mut places = HashMap::new();
    for (index, of) in fields(func, types, moved).into_iter().enumerate() {
        let place = types.place(of, Space::Stack);
        let field = Builder::before(func, first, NAME).ks_field(base, index as i128, place);
        places.insert(func.ops[moved[index]].results[0], field);
    }
    func.replace_values(&places);
    for &op in moved {
        func.erase(op);
    }
}

/// One variable of the caller serves all its calls of the function, since they do not overlap.
fn hand_over(func: &mut Function, types: &mut Types, callee: &Symbol, ty: Ty) {
    let is_call = |op: &OpId| {
        let data = &func.ops[*op];
        data.opcode == Opcode::KsCall && KsCall::of(data).callee() == callee
    };
    let calls: Vec<OpId> = func.walk().into_iter().filter(is_call).collect();
    if calls.is_empty() {
        return;
    }
    let Some(&first) = func.blocks[func.entry()].ops.first() else { crate::bug!("a function without an end") };
    let place = types.place(ty, Space::Stack);
    let of_callee = Builder::before(func, first, NAME).ks_var(callee.as_bytes(), place);
    for op in calls {
        func.ops[op].operands.push(of_callee);
    }
}
