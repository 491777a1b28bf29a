//! Programs that hand over to others.

use crate::ir::callgraph::CallGraph;
use crate::ir::{Module, Symbol};
use std::collections::BTreeSet;

/// The programs that user space loads, and those that these may hand over to, by index into `Module::funcs`. Empty once the
/// functions of user space are gone.
pub fn loaded(module: &Module) -> BTreeSet<usize> {
    let mut named: BTreeSet<&Symbol> = BTreeSet::new();
    for func in &module.funcs {
        named.extend(func.walk().into_iter().filter_map(|op| func.ops[op].program()));
    }
    let roots = (0..module.funcs.len()).filter(|&at| named.contains(&module.funcs[at].name));
    let reached = CallGraph::tails(module).reach(roots);
    (0..module.funcs.len()).filter(|&at| reached.contains(at)).collect()
}
