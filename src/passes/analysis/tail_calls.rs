//! Programs that hand over to others.

use crate::ir::callgraph::CallGraph;
use crate::ir::{Module, Role, Symbol};
use std::collections::BTreeSet;

/// The programs that user space may load, by index into `Module::funcs`: those that it wants, and those that are loaded where the
/// kernel refuses one of them. Empty once the functions of user space are gone.
pub fn loaded(module: &Module) -> BTreeSet<usize> {
    let tails = CallGraph::tails(module);
    let mut found = wanted(module);
    loop {
        let spares = found.iter().filter_map(|&at| fallback(module, at));
        let roots: BTreeSet<usize> = found.iter().copied().chain(spares).collect();
        let reached = tails.reach(roots);
        let all: BTreeSet<usize> = (0..module.funcs.len()).filter(|&at| reached.contains(at)).collect();
        if all == found {
            return found;
        }
        found = all;
    }
}

/// The programs that user space loads, and those that these may hand over to.
pub fn wanted(module: &Module) -> BTreeSet<usize> {
    let mut named: BTreeSet<&Symbol> = BTreeSet::new();
    for func in &module.funcs {
        named.extend(func.walk().into_iter().filter_map(|op| func.ops[op].program()));
    }
    let roots = (0..module.funcs.len()).filter(|&at| named.contains(&module.funcs[at].name));
    let reached = CallGraph::tails(module).reach(roots);
    (0..module.funcs.len()).filter(|&at| reached.contains(at)).collect()
}

/// The program that is loaded where the kernel refuses this one.
fn fallback(module: &Module, at: usize) -> Option<usize> {
    let Role::Program { loading, .. } = &module.funcs[at].role else { return None };
    let other = loading.fallback.as_deref()?;
    module.funcs.iter().position(|func| &*func.name == other)
}
