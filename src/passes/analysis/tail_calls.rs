//! Programs that hand over to others.

use crate::ir::callgraph::CallGraph;
use crate::ir::{Function, Module, Role, StructOps, Symbol};
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

/// The programs that user space loads, and those that these may hand over to. The functions of what it registers are among them where the
/// kernel may refuse a program: what each one uses is of interest then.
pub fn wanted(module: &Module) -> BTreeSet<usize> {
    let mut named: BTreeSet<&Symbol> = BTreeSet::new();
    let may_fail = |func: &Function| matches!(&func.role, Role::Program { loading, .. } if loading.may_fail());
    let has_members = module.funcs.iter().any(may_fail);
    for data in module.funcs.iter().flat_map(|func| func.all()) {
        named.extend(data.program());
        let registered = data.struct_ops().filter(|_| has_members).and_then(|ops| module.struct_ops(ops));
        named.extend(registered.into_iter().flat_map(StructOps::programs));
    }
    let roots = (0..module.funcs.len()).filter(|&at| named.contains(&module.funcs[at].name));
    let reached = CallGraph::tails(module).reach(roots);
    (0..module.funcs.len()).filter(|&at| reached.contains(at)).collect()
}

/// The program that is loaded where the kernel refuses this one; none if there is none.
pub fn fallback(module: &Module, at: usize) -> Option<usize> {
    let Role::Program { loading, .. } = &module.funcs[at].role else { return None };
    let other = loading.fallback.as_deref()?;
    module.funcs.iter().position(|func| &*func.name == other)
}
