//! Part of `scratch`: the large variables of a function become one variable of each caller, which hands it over.
//!
//! That is for functions whose runs on one CPU may overlap: their callers, the programs in the end, know memory that no other run has.

use super::{Layout, NAME, in_memory, large};
use crate::ir::callgraph::CallGraph;
use crate::ir::ops::KsCall;
use crate::ir::{Builder, Function, Module, OpId, Opcode, Param, Symbol};
use crate::passes::Changed;
use crate::types::{Space, Ty, Types};

/// From the callees on to the callers: what a function gets from its callees goes to its own callers.
pub(super) fn to_callers(module: &mut Module, types: &mut Types, chosen: &[bool], least: u64) -> Changed {
    let mut changed = Changed::No;
    for at in CallGraph::of(module).callers_first().into_iter().rev().filter(|&at| chosen[at]) {
        let moved = large(&module.funcs[at], types, least, super::MAX_PERCPU_VALUE);
        if moved.is_empty() {
            continue;
        }
        let name = module.funcs[at].name.clone();
        let of_all = super::free_name(module, &format!("scratch_{name}"));
        let layout = super::layout(&module.funcs[at], types, &of_all, &moved);
        by_parameter(&mut module.funcs[at], types, &layout, &moved);
        for func in &mut module.funcs {
            hand_over(func, types, &name, layout.ty);
        }
        changed = Changed::Yes;
    }
    changed
}

fn by_parameter(func: &mut Function, types: &mut Types, layout: &Layout, moved: &[OpId]) {
    let place = types.place(layout.ty, Space::Stack);
    let (entry, span) = (func.entry(), func.name_span);
    func.params.push(Param { name: "scratch".into(), ty: place, out: false, span });
    let base = func.add_block_arg(entry, place);
    let Some(&first) = func.blocks[entry].ops.first() else { crate::bug!("a function without an end") };
    in_memory(func, types, (first, base), layout, moved);
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
