//! What each test of an executable may use of the BPF object.
//!
//! A test has an object of its own, in which only this is: a program that the kernel refuses then fails the tests alone that run it.

use super::maps_of;
use super::tail_calls::fallback;
use crate::ir::callgraph::CallGraph;
use crate::ir::{MapDecl, Module, Role, StructOps, Symbol, TestDecl};
use std::collections::BTreeSet;

/// The names that [`TestDecl::needs`] lists, for a test of a module of all targets with tables of tail calls.
pub fn needs(module: &Module, test: &TestDecl) -> Vec<Symbol> {
    let graph = CallGraph::of(module);
    let funcs = funcs(module, &graph, test);
    let ops = || funcs.iter().flat_map(|&at| module.funcs[at].all());
    let tables: BTreeSet<&Symbol> = ops().filter_map(|op| op.struct_ops()).collect();
    let mut programs: BTreeSet<Symbol> = ops().filter_map(|op| op.program().cloned()).collect();
    let tables: Vec<&StructOps> = module.struct_ops.iter().filter(|ops| tables.contains(&ops.name)).collect();
    programs.extend(tables.iter().flat_map(|ops| ops.programs().cloned()));
    let (programs, arrays) = with_called(module, programs);
    let reached = graph.reach(indexes(module, &programs));
    let users = (0..module.funcs.len()).filter(|at| funcs.contains(at) || reached.contains(*at));
    let mut maps: BTreeSet<Symbol> = users.flat_map(|at| maps_of(module, &module.funcs[at])).collect();
    maps.extend(arrays);
    maps.extend(
        module
            .maps
            .iter()
            .filter(|map| maps.contains(&map.name))
            .filter_map(|map| map.inner.clone())
            .collect::<Vec<_>>(),
    );
    let programs = module.funcs.iter().map(|func| &func.name).filter(|name| programs.contains(*name));
    let maps = module.maps.iter().map(|map| &map.name).filter(|name| maps.contains(*name));
    programs.chain(maps).chain(tables.iter().map(|ops| &ops.name)).cloned().collect()
}

/// The functions that may run if `main` chooses this test: all but those that only other tests call.
fn funcs(module: &Module, graph: &CallGraph, test: &TestDecl) -> BTreeSet<usize> {
    let is_other = |at: usize| {
        let name = &module.funcs[at].name;
        *name != test.func && module.tests.iter().any(|other| other.func == *name)
    };
    let main = module.funcs.iter().position(|func| matches!(func.role, Role::Main));
    let called = main.into_iter().flat_map(|main| graph.calls(main)).map(|(callee, _)| callee);
    let reached = graph.reach(called.filter(|&callee| !is_other(callee)));
    (0..module.funcs.len()).filter(|&at| Some(at) == main || reached.contains(at)).collect()
}

/// The programs, with those that take their place and those in the arrays through which they call; and these arrays. The loader fills an array
/// with all of its programs.
fn with_called(module: &Module, mut programs: BTreeSet<Symbol>) -> (BTreeSet<Symbol>, BTreeSet<Symbol>) {
    let tails = CallGraph::tails(module);
    loop {
        let all = indexes(module, &programs);
        let spares = all.iter().filter_map(|&at| fallback(module, at));
        let callees: BTreeSet<&Symbol> =
            all.iter().flat_map(|&at| tails.calls(at)).map(|(callee, _)| &module.funcs[callee].name).collect();
        let calls_through = |map: &&MapDecl| map.programs.iter().any(|program| callees.contains(program));
        let arrays: Vec<&MapDecl> = module.maps.iter().filter(calls_through).collect();
        let spares: Vec<Symbol> = spares.map(|at| module.funcs[at].name.clone()).collect();
        let added = arrays.iter().flat_map(|map| map.programs.iter().cloned()).chain(spares);
        let before = programs.len();
        programs.extend(added.collect::<Vec<_>>());
        if programs.len() == before {
            let arrays = arrays.into_iter().map(|map| map.name.clone()).collect();
            return (programs, arrays);
        }
    }
}

fn indexes(module: &Module, programs: &BTreeSet<Symbol>) -> Vec<usize> {
    (0..module.funcs.len()).filter(|&at| programs.contains(&module.funcs[at].name)).collect()
}
