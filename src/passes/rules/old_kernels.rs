//! Maps of kinds that the oldest kernel lacks.

use crate::ir::callgraph::CallGraph;
use crate::ir::{Module, Role};
use crate::session::Session;

/// A program that may be left out is for kernels that have its maps; what only such programs use is left out with them.
pub fn check(module: &Module, cx: &mut Session, graph: &CallGraph, programs: &[usize]) {
    for map in module.maps.iter().filter(|map| !map.bound) {
        let Some(version) = cx.options.lacks(map.kind.since) else { continue };
        let users = programs.iter().filter(|&&program| {
            let reached = graph.reach([program]);
            let funcs = module.funcs.iter().enumerate().filter(|(at, _)| reached.contains(*at));
            funcs
                .flat_map(|(_, func)| func.walk().into_iter().map(|op| func.ops[op].map()))
                .any(|of| of == Some(&map.name))
        });
        let may_fail = |program: &usize| matches!(&module.funcs[*program].role, Role::Program { loading, .. } if loading.may_fail());
        let users: Vec<usize> = users.copied().collect();
        if users.is_empty() || !users.iter().all(may_fail) {
            cx.needs_kernel(map.span, format!("a map of kind `{}`", map.kind.word()), version);
        }
    }
}
