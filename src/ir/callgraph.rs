//! The call graph, with calls through pointers.

use super::ops::{BpfDrain, BpfTimerCallback, KsCall, KsFunc, KsTailReturn, MapTimerStart};
use super::{Module, OpData, OpId, Opcode, Symbol};
use petgraph::Direction;
use petgraph::algo::tarjan_scc;
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::EdgeRef;
use std::collections::{HashMap, VecDeque};

/// A call, or the place where a function's address is taken: its function by index into `Module::funcs`, and the op.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CallSite {
    pub caller: usize,
    pub op: OpId,
}

/// The calls of a module. Functions are known by their index into `Module::funcs`.
pub struct CallGraph {
    graph: DiGraph<usize, OpId>,
}

/// The functions that some functions reach, and how.
pub struct Reached {
    /// For each function: none if it is not reached; else the call through which it is, none for a root.
    via: Vec<Option<Option<CallSite>>>,
}

impl CallGraph {
    /// A function has edges to those that it may cause to run: the callees of its calls, the functions that it has the kernel
    /// call later, and those whose addresses it takes.
    pub fn of(module: &Module) -> CallGraph {
        CallGraph::with(module, named)
    }

    /// All but what the kernel calls later.
    pub fn meanwhile(module: &Module) -> CallGraph {
        CallGraph::with(module, |op| named(op).filter(|_| called_later(op).is_none()))
    }

    /// Direct calls alone.
    pub fn direct(module: &Module) -> CallGraph {
        CallGraph::with(module, called)
    }

    /// Tail calls of programs alone.
    pub fn tails(module: &Module) -> CallGraph {
        CallGraph::with(module, tail_called)
    }

    fn with(module: &Module, callee: fn(&OpData) -> Option<&Symbol>) -> CallGraph {
        let mut graph = DiGraph::new();
        let index: HashMap<_, _> = module.funcs.iter().enumerate().map(|(i, f)| (&f.name, i)).collect();
        for at in 0..module.funcs.len() {
            graph.add_node(at);
        }
        for (caller, func) in module.funcs.iter().enumerate() {
            for op in func.walk() {
                if let Some(name) = callee(&func.ops[op])
                    && let Some(&callee) = index.get(name)
                {
                    graph.add_edge(NodeIndex::new(caller), NodeIndex::new(callee), op);
                }
            }
        }
        CallGraph { graph }
    }

    /// The callees of a function and where it calls them, in order of the text.
    pub fn calls(&self, caller: usize) -> Vec<(usize, CallSite)> {
        let mut calls: Vec<_> = self
            .graph
            .edges(NodeIndex::new(caller))
            .map(|edge| (edge.target().index(), CallSite { caller, op: *edge.weight() }))
            .collect();
        calls.reverse(); // petgraph yields the newest first
        calls
    }

    /// The functions, each behind those that call it, but for cycles.
    pub fn callers_first(&self) -> Vec<usize> {
        tarjan_scc(&self.graph).into_iter().rev().flatten().map(NodeIndex::index).collect()
    }

    /// For each function, what is given for the first one that it reaches, in order of the module.
    pub fn first_reached<T: Copy>(&self, given: &[Option<T>]) -> Vec<Option<T>> {
        let mut found = vec![None; given.len()];
        for (at, &value) in given.iter().enumerate().filter(|(_, value)| value.is_some()) {
            let mut callers = vec![NodeIndex::new(at)];
            while let Some(func) = callers.pop() {
                // Who calls one that was reached before was reached with it.
                if found[func.index()].is_none() {
                    found[func.index()] = value;
                    callers.extend(self.graph.neighbors_directed(func, Direction::Incoming));
                }
            }
        }
        found
    }

    /// The roots and all that they call, each by a shortest path.
    pub fn reach(&self, roots: impl IntoIterator<Item = usize>) -> Reached {
        let mut via = vec![None; self.graph.node_count()];
        let mut queue = VecDeque::new();
        for root in roots {
            via[root] = Some(None);
            queue.push_back(root);
        }
        while let Some(caller) = queue.pop_front() {
            for (callee, site) in self.calls(caller) {
                if via[callee].is_none() {
                    via[callee] = Some(Some(site));
                    queue.push_back(callee);
                }
            }
        }
        Reached { via }
    }

    /// The groups of functions that call each other in a cycle, each as the calls of that cycle: every function calls
    /// the next, the last calls the first.
    pub fn cycles(&self) -> Vec<Vec<CallSite>> {
        let mut cycles = Vec::new();
        for group in tarjan_scc(&self.graph) {
            let members: Vec<usize> = group.iter().map(|node| node.index()).collect();
            let Some(&start) = members.iter().min() else { continue };
            cycles.extend(self.round_trip(start, &members));
        }
        cycles.sort_by_key(|cycle| cycle[0].caller);
        cycles
    }

    /// The shortest cycle from a function back to itself inside a group.
    fn round_trip(&self, start: usize, group: &[usize]) -> Option<Vec<CallSite>> {
        let mut via: HashMap<usize, CallSite> = HashMap::new();
        let mut queue = VecDeque::from([start]);
        while let Some(caller) = queue.pop_front() {
            for (callee, site) in self.calls(caller) {
                if group.contains(&callee) && !via.contains_key(&callee) {
                    via.insert(callee, site);
                    queue.push_back(callee);
                }
            }
        }
        let mut cycle = vec![*via.get(&start)?];
        while let Some(last) = cycle.last()
            && last.caller != start
        {
            cycle.push(via[&last.caller]);
        }
        cycle.reverse();
        Some(cycle)
    }
}

/// The function that an op calls, or has the kernel call: what takes the samples of a ring buffer.
pub fn called(op: &OpData) -> Option<&Symbol> {
    if op.opcode == Opcode::BpfDrain {
        return Some(BpfDrain::of(op).callback());
    }
    (op.opcode == Opcode::KsCall).then(|| KsCall::of(op).callee())
}

/// The program that an op hands over to.
pub fn tail_called(op: &OpData) -> Option<&Symbol> {
    (op.opcode == Opcode::KsTailReturn).then(|| KsTailReturn::of(op).callee())
}

/// The function that an op calls, has the kernel call later, or takes the address of.
pub fn named(op: &OpData) -> Option<&Symbol> {
    if op.opcode == Opcode::KsFunc { Some(KsFunc::of(op).func()) } else { called(op).or_else(|| called_later(op)) }
}

/// The function that the kernel calls when a timer ends, which the op starts or prepares.
pub fn called_later(op: &OpData) -> Option<&Symbol> {
    if op.opcode == Opcode::MapTimerStart {
        return Some(MapTimerStart::of(op).handler());
    }
    (op.opcode == Opcode::BpfTimerCallback).then(|| BpfTimerCallback::of(op).callback())
}

impl Reached {
    /// Whether a path of calls leads to the function, by its index in the module.
    pub fn contains(&self, func: usize) -> bool {
        self.via[func].is_some()
    }

    /// The calls that lead to a function, the last one first.
    pub fn chain(&self, func: usize) -> Vec<CallSite> {
        let mut chain = Vec::new();
        let mut at = func;
        while let Some(Some(site)) = self.via[at] {
            chain.push(site);
            at = site.caller;
        }
        chain
    }
}
