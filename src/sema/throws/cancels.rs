//! Ctrl-C: a loop of user space that does not wait ends the process at the start of its next iteration, and what is
//! deferred runs before. So where a function around defers something, the signal leaves the loop as a `throw` that
//! nothing takes.

use super::Effects;
use super::summary::{Callee, Node, Summary};
use crate::sema::env::Env;
use crate::sema::tree::{FuncId, Role};
use std::collections::BTreeSet;

/// The functions that a signal may have to leave: with loops that run while something is deferred, and all that call those.
pub fn find(env: &Env, effects: &Effects, summaries: &[Summary]) -> BTreeSet<FuncId> {
    let all = || (0..summaries.len()).map(|at| FuncId(at as u32));
    let callees: Vec<BTreeSet<FuncId>> = summaries.iter().map(|summary| callees(effects, &summary.nodes)).collect();
    let handlers = summaries.iter().flat_map(|summary| &summary.handlers);
    // Such a handler cannot be wrapped, so that nothing that it calls may leave it.
    if handlers.clone().any(|handler| matches!(handler.callee, Callee::Pointer(_))) {
        return BTreeSet::new();
    }
    let handed =
        handlers.filter(|handler| !handler.on.facts().in_kernel).flat_map(|handler| effects.callees(handler.callee));
    let named = env.program.maps.iter().filter_map(|map| map.callback);
    let named = named.chain(env.program.migrations.iter().map(|migration| migration.func));
    let main = all().filter(|&func| matches!(env.program.func(func).role, Role::Main(_)));
    let in_host = reach(&callees, main.chain(handed).chain(named).collect());
    let defers = in_host.iter().copied().filter(|func| defers(&summaries[func.0 as usize].nodes));
    let mut found = reach(&callees, defers.collect());
    found.retain(|func| summaries[func.0 as usize].loops);
    let is_host = |func: &FuncId| matches!(env.program.func(*func).role, Role::Plain | Role::Main(_) | Role::Test);
    let mut callers = vec![BTreeSet::new(); summaries.len()];
    for caller in all().filter(is_host) {
        for callee in &callees[caller.0 as usize] {
            callers[callee.0 as usize].insert(caller);
        }
    }
    reach(&callers, found)
}

/// The functions with a `panic`, and all that call those.
pub fn panicking(effects: &Effects, summaries: &[Summary]) -> BTreeSet<FuncId> {
    let mut callers = vec![BTreeSet::new(); summaries.len()];
    for (at, summary) in summaries.iter().enumerate() {
        for callee in callees(effects, &summary.nodes) {
            callers[callee.0 as usize].insert(FuncId(at as u32));
        }
    }
    let own = std::iter::zip(0.., summaries).filter(|(_, summary)| summary.panics);
    reach(&callers, own.map(|(at, _)| FuncId(at)).collect())
}

/// All that there are steps to, in any number.
fn reach(steps: &[BTreeSet<FuncId>], from: BTreeSet<FuncId>) -> BTreeSet<FuncId> {
    let mut open: Vec<FuncId> = from.iter().copied().collect();
    let mut reached = from;
    while let Some(func) = open.pop() {
        open.extend(steps[func.0 as usize].iter().copied().filter(|&next| reached.insert(next)));
    }
    reached
}

fn callees(effects: &Effects, nodes: &[Node]) -> BTreeSet<FuncId> {
    let mut found = BTreeSet::new();
    for node in nodes {
        match node {
            Node::Throw { .. } => {}
            Node::Call { target, .. } => found.extend(effects.callees(*target)),
            Node::Defer { body } => found.extend(callees(effects, body)),
            Node::Try { body, catches, .. } => {
                found.extend(callees(effects, body));
                catches.iter().for_each(|catch| found.extend(callees(effects, &catch.body)));
            }
        }
    }
    found
}

fn defers(nodes: &[Node]) -> bool {
    nodes.iter().any(|node| match node {
        Node::Throw { .. } | Node::Call { .. } => false,
        Node::Defer { .. } => true,
        Node::Try { body, catches, .. } => defers(body) || catches.iter().any(|catch| defers(&catch.body)),
    })
}
