//! The numbers that the parameters of functions can be, from the arguments of all calls.

use super::super::callgraph::CallGraph;
use super::super::{Module, Opcode, Role};
use super::{Number, Numbers};
use crate::types::Types;

/// For each function whether it has calls alone, in functions that come before it in an order that has callers first.
pub fn called_only(module: &Module, graph: &CallGraph, order: &[usize]) -> Vec<bool> {
    let mut place = vec![0; order.len()];
    order.iter().enumerate().for_each(|(at, &func)| place[func] = at);
    let called = |at: usize| matches!(module.funcs[at].role, Role::Plain | Role::Helper);
    let mut known: Vec<bool> = (0..order.len()).map(called).collect();
    for caller in 0..order.len() {
        for (callee, site) in graph.calls(caller) {
            let is_call = module.funcs[caller].ops[site.op].opcode == Opcode::KsCall;
            // In a cycle some caller is behind the function.
            known[callee] &= is_call && place[caller] < place[callee];
        }
    }
    known
}

/// For each function of a module the numbers that its parameters can be; empty if nothing is known of them.
pub fn of(module: &Module, types: &Types) -> Vec<Vec<Number>> {
    let graph = CallGraph::of(module);
    let order = graph.callers_first();
    let known = called_only(module, &graph, &order);
    let mut found: Vec<Vec<Number>> = vec![Vec::new(); order.len()];
    for &caller in &order {
        let func = &module.funcs[caller];
        let given = std::mem::take(&mut found[caller]);
        let numbers = Numbers::of(func, types).with_params(&given);
        for (callee, site) in graph.calls(caller).into_iter().filter(|&(callee, _)| known[callee]) {
            let arguments = func.ops[site.op].operands.iter().map(|&argument| numbers.number(argument));
            let before = &mut found[callee];
            if before.is_empty() {
                before.extend(arguments);
            } else {
                for (before, argument) in before.iter_mut().zip(arguments) {
                    *before = before.join(argument);
                }
            }
        }
        found[caller] = given;
    }
    found
}
