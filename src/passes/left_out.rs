//! `left-out`: removes the entry points that are only checked, and what nothing else calls.
//!
//! Takes the whole program after the checks of user space. An ordinary executable has no tests; one that runs the tests does not have the
//! file's own `main`. What they load, attach or write counts for none of the later passes.

use super::{Because, Changed, Pass, Run};
use crate::ir::callgraph::CallGraph;
use crate::ir::{Module, Role};
use crate::session::Session;

/// Its place: behind the passes that report errors, which are for tests too, and before those that ask what the executable does.
pub static PASS: Pass = Pass {
    name: "left-out",
    summary: "Remove the entry points that the executable does not have",
    after: &[
        ("reach", "reports what a side does not have, also in these functions"),
        ("lifecycle", "reports mistakes of user space, also in these functions"),
    ],
    before: &[
        ("shared-data", "asks when the executable writes"),
        ("tail-tables", "asks what the executable loads"),
        ("split", "asks what the executable loads"),
    ],
    because: Because::Language,
    run: Run::Module(run),
};

fn run(module: &mut Module, _: &mut Session) -> Changed {
    let graph = CallGraph::of(module);
    let at_role = |wanted: fn(&Role) -> bool| {
        let funcs = module.funcs.iter().enumerate();
        funcs.filter(|(_, func)| wanted(&func.role)).map(|(at, _)| at).collect::<Vec<usize>>()
    };
    let checked = graph.reach(at_role(|role| matches!(role, Role::Checked)));
    let others = graph.reach((0..module.funcs.len()).filter(|&at| !checked.contains(at)));
    let is_left_out = |at: usize| {
        let is_host = matches!(module.funcs[at].role, Role::Checked | Role::Plain);
        is_host && checked.contains(at) && !others.contains(at)
    };
    let kept: Vec<bool> = (0..module.funcs.len()).map(|at| !is_left_out(at)).collect();
    if kept.iter().all(|kept| *kept) {
        return Changed::No;
    }
    let mut kept = kept.into_iter();
    module.funcs.retain(|_| kept.next().unwrap_or(true));
    Changed::Yes
}
