//! Functions of BPF code that LLVM inlines though several calls name them and they are not small: those that a run of a program calls
//! once.
//!
//! A call costs as much as a dozen instructions, and what is known of its arguments. LLVM decides by size alone. Here the blocks that
//! throw, or take what was thrown, do not count, and all copies of an object together have a limit: the verifier walks a function once
//! for each call anyway. A function that is called in a loop of its caller stays one.

use crate::ir::callgraph::{CallGraph, called};
use crate::ir::{BlockId, Function, Module, OpData, Opcode, Role, Symbol, exits};
use petgraph::algo::tarjan_scc;
use petgraph::graph::{DiGraph, NodeIndex};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The most ops of such a function.
const MAX_OPS: usize = 256;

/// The most copies of such a function. One whose only caller has copies has as many.
const MAX_COPIES: usize = 4;

/// The most ops that all copies add to an object.
const MAX_GROWTH: usize = 1024;

/// The calls that name a function.
#[derive(Default)]
struct Calls {
    count: usize,
    callers: BTreeSet<usize>,
    /// A loop has one of them.
    repeated: bool,
}

/// The functions to inline at each call, callers before their callees as long as the object does not grow too much.
pub fn of(module: &Module) -> BTreeSet<Symbol> {
    let calls = calls(module);
    let mut hot = BTreeSet::new();
    // How often the body of a function is in the object.
    let mut copies = vec![1; module.funcs.len()];
    let mut left = MAX_GROWTH;
    for at in CallGraph::direct(module).callers_first() {
        let func = &module.funcs[at];
        let calls = &calls[at];
        let inlined: usize = calls.callers.iter().map(|&caller| copies[caller]).sum();
        let may = matches!(func.role, Role::Helper | Role::Plain) && !func.global;
        let once = !calls.repeated && calls.callers.len() == calls.count && (2..=MAX_COPIES).contains(&inlined);
        if !may || !once {
            continue;
        }
        let size = hot_ops(func);
        let growth = size * (inlined - 1);
        if size <= MAX_OPS && growth <= left {
            left -= growth;
            copies[at] = inlined;
            hot.insert(func.name.clone());
        }
    }
    hot
}

/// The calls that name each function, by its place in the module.
fn calls(module: &Module) -> Vec<Calls> {
    let places: HashMap<&Symbol, usize> = module.funcs.iter().enumerate().map(|(at, func)| (&func.name, at)).collect();
    let mut all: Vec<Calls> = module.funcs.iter().map(|_| Calls::default()).collect();
    for (caller, func) in module.funcs.iter().enumerate() {
        let repeated = repeated(func);
        for data in func.all() {
            let Some(&callee) = called(data).and_then(|callee| places.get(callee)) else { continue };
            let calls = &mut all[callee];
            calls.count += 1;
            calls.callers.insert(caller);
            calls.repeated |= data.opcode != Opcode::KsCall || repeated.contains(&data.block);
        }
    }
    all
}

/// The ops of a function in blocks that neither throw nor take what was thrown.
fn hot_ops(func: &Function) -> usize {
    let throws = |data: &OpData| exits::stores_thrown(func, data);
    let blocks = func.regions[func.body].blocks.iter();
    let ops = blocks.map(|&block| &func.blocks[block].ops);
    ops.filter(|ops| !ops.iter().any(|&op| throws(&func.ops[op]))).map(|ops| ops.len()).sum()
}

/// The blocks of a function to which control may come back.
fn repeated(func: &Function) -> BTreeSet<BlockId> {
    let blocks = &func.regions[func.body].blocks;
    let index: BTreeMap<BlockId, usize> = blocks.iter().enumerate().map(|(at, &block)| (block, at)).collect();
    let mut graph: DiGraph<BlockId, ()> = DiGraph::new();
    let nodes: Vec<NodeIndex> = blocks.iter().map(|&block| graph.add_node(block)).collect();
    for (at, &block) in blocks.iter().enumerate() {
        let successors = func.blocks[block].ops.last().map_or(&[][..], |&end| &func.ops[end].successors);
        for to in successors.iter().filter_map(|successor| index.get(successor)) {
            graph.add_edge(nodes[at], nodes[*to], ());
        }
    }
    let again = |group: &Vec<NodeIndex>| group.len() > 1 || group.iter().any(|&node| graph.contains_edge(node, node));
    tarjan_scc(&graph).into_iter().filter(again).flatten().map(|node| graph[node]).collect()
}
