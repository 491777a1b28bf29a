//! Dataflow analyses over the graph of control flow (`ir/flow.rs`): a lattice and a transfer function for each analysis, one fixed point
//! for all.
//!
//! An analysis implements [`Analysis`]: `step` is the transfer function of an op; `edge`, for analyses that distinguish edges, is that of
//! an edge. [`forward`] and [`backward`] compute the state at each node; [`Facts::visit`] goes through the ops and edges once more with
//! their states, to report or to collect; [`Facts::path`] names a path on which a fact holds, for messages.
//!
//! `step` runs more than once for an op, so it neither reports nor collects. An analysis of the whole program sums up each function
//! once for each state that it may be entered with (`passes/analysis/after_event.rs`), or finds first which arguments callers pass
//! (`passes/moved_packets/pointers.rs`).

pub mod inclusion;
#[cfg(test)]
mod tests;

use crate::ir::OpId;
use crate::ir::flow::{Edge, Graph, Node, NodeId};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// The facts that may hold at one point. States only grow by joins, and not for ever.
pub trait Lattice: Clone {
    /// Takes over what holds where control comes by another path; whether that changed anything.
    fn join(&mut self, other: &Self) -> bool;
}

/// An analysis: its lattice and its transfer functions.
pub trait Analysis {
    type State: Lattice;

    /// The transfer function of an op. For an op with regions it applies before control enters them, or in a backward analysis after
    /// control left
    /// them.
    fn step(&mut self, op: OpId, state: &mut Self::State);

    /// The transfer function of an edge: adds or drops the facts that change where control takes it.
    fn edge(&mut self, _edge: &Edge, _state: &mut Self::State) {}
}

/// A point with what is known there: before an op in the direction of the analysis, or at the start of an edge.
#[derive(Clone, Copy)]
pub enum Point<'g> {
    Op(OpId),
    Edge(&'g Edge),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    Forward,
    Backward,
}

/// The state at the start of each node; in a backward analysis at its end. None for nodes that control does not reach.
pub struct Facts<'g, S> {
    graph: &'g Graph,
    direction: Direction,
    states: Vec<Option<S>>,
}

/// From the entry, where `start` is known.
pub fn forward<'g, A: Analysis>(graph: &'g Graph, analysis: &mut A, start: A::State) -> Facts<'g, A::State> {
    let mut states: Vec<Option<A::State>> = graph.nodes.iter().map(|_| None).collect();
    states[0] = Some(start);
    Facts { graph, direction: Direction::Forward, states }.solved(analysis)
}

/// From each node after which control does not go on, where `start` is known.
pub fn backward<'g, A: Analysis>(graph: &'g Graph, analysis: &mut A, start: &A::State) -> Facts<'g, A::State> {
    let ends = graph.nodes.iter().map(|node| node.to.is_empty().then(|| start.clone()));
    Facts { graph, direction: Direction::Backward, states: ends.collect() }.solved(analysis)
}

impl<'g, S: Lattice> Facts<'g, S> {
    /// Goes on until nothing changes, always with the first node in the direction of the analysis: so all that comes before a
    /// node is known as far as it can be.
    fn solved(mut self, analysis: &mut impl Analysis<State = S>) -> Self {
        let known = |at: &NodeId| self.states[*at].is_some();
        let mut open: BTreeSet<NodeId> = (0..self.states.len()).filter(known).collect();
        while let Some(at) = if self.is_forward() { open.pop_first() } else { open.pop_last() } {
            let Some(state) = self.across(analysis, at, &mut |_, _| {}) else { continue };
            for edge in self.edges(at) {
                let mut state = state.clone();
                analysis.edge(edge, &mut state);
                let to = if self.is_forward() { edge.to } else { edge.from };
                let changed = match &mut self.states[to] {
                    Some(known) => known.join(&state),
                    unknown => {
                        *unknown = Some(state);
                        true
                    }
                };
                if changed {
                    open.insert(to);
                }
            }
        }
        self
    }

    fn is_forward(&self) -> bool {
        self.direction == Direction::Forward
    }

    /// The edges by which the analysis leaves a node.
    fn edges(&self, at: NodeId) -> &'g [Edge] {
        let graph = self.graph;
        if self.is_forward() { &graph.nodes[at].to } else { &graph.nodes[at].from }
    }

    /// The state where the analysis leaves a node, before its edges.
    fn across<A: Analysis<State = S>>(
        &self,
        analysis: &mut A,
        at: NodeId,
        seen: &mut impl FnMut(&mut A, (Point<'g>, &S)),
    ) -> Option<S> {
        let graph = self.graph;
        let Node { ops, .. } = &graph.nodes[at];
        let mut state = self.states[at].clone()?;
        for index in 0..ops.len() {
            let op = if self.is_forward() { ops[index] } else { ops[ops.len() - 1 - index] };
            seen(analysis, (Point::Op(op), &state));
            analysis.step(op, &mut state);
        }
        Some(state)
    }

    /// Goes once through all points that control reaches, in the order of the analysis, with what is known at each.
    pub fn visit<A: Analysis<State = S>>(&self, analysis: &mut A, mut seen: impl FnMut(&mut A, (Point<'g>, &S))) {
        let nodes = 0..self.states.len();
        let order: Vec<NodeId> = if self.is_forward() { nodes.collect() } else { nodes.rev().collect() };
        for at in order {
            let Some(state) = self.across(analysis, at, &mut seen) else { continue };
            for edge in self.edges(at) {
                seen(analysis, (Point::Edge(edge), &state));
            }
        }
    }

    /// In a forward analysis the state where control leaves the function or region; in a backward one the state at its start.
    pub fn at_end(&self) -> Option<&S> {
        let end = if self.is_forward() { self.graph.end() } else { 0 };
        self.states[end].as_ref()
    }

    /// The state at the start of a node; in a backward analysis at its end.
    pub fn at(&self, node: NodeId) -> Option<&S> {
        self.states[node].as_ref()
    }

    /// The edges that lead to a node.
    pub fn arrivals(&self, to: NodeId) -> &'g [Edge] {
        let graph = self.graph;
        &graph.nodes[to].from
    }

    /// The state after an edge.
    pub fn on_edge(&self, analysis: &mut impl Analysis<State = S>, edge: &Edge) -> Option<S> {
        let from = if self.is_forward() { edge.from } else { edge.to };
        let mut state = self.across(analysis, from, &mut |_, _| {})?;
        analysis.edge(edge, &mut state);
        Some(state)
    }

    /// The edges of a shortest path to a node on which something held all along, from an op by which it began, or from the
    /// entry. None if there is no such path.
    pub fn path(
        &self,
        analysis: &mut impl Analysis<State = S>,
        (begin, to): (impl Fn(OpId) -> bool, NodeId),
        held: impl Fn(&S) -> bool,
    ) -> Option<Vec<&'g Edge>> {
        let (graph, mut via) = (self.graph, BTreeMap::from([(to, None)]));
        let mut open = VecDeque::from([to]);
        while let Some(at) = open.pop_front() {
            if at == 0 || graph.nodes[at].ops.iter().any(|&op| begin(op)) {
                return Some(std::iter::successors(via[&at], |edge: &&Edge| via[&edge.to]).collect());
            }
            for edge in &graph.nodes[at].from {
                if !via.contains_key(&edge.from) && self.on_edge(analysis, edge).is_some_and(|state| held(&state)) {
                    via.insert(edge.from, Some(edge));
                    open.push_back(edge.from);
                }
            }
        }
        None
    }
}

/// Something may be true: it is on some path.
impl Lattice for bool {
    fn join(&mut self, other: &bool) -> bool {
        let before = *self;
        *self |= *other;
        *self != before
    }
}

/// Numbers that are at least so large on each path; of what is not named nothing is known.
#[derive(Clone)]
pub struct AtLeast<K>(pub BTreeMap<K, u64>);

impl<K: Ord + Clone> Lattice for AtLeast<K> {
    fn join(&mut self, AtLeast(other): &AtLeast<K>) -> bool {
        let mut changed = false;
        self.0.retain(|key, number| {
            let least = other.get(key).map_or(0, |&other| other.min(*number));
            changed |= least != std::mem::replace(number, least);
            least > 0
        });
        changed
    }
}

/// A set of facts that may hold; they join by union.
impl<K: Ord + Clone> Lattice for BTreeSet<K> {
    fn join(&mut self, other: &BTreeSet<K>) -> bool {
        let before = self.len();
        self.extend(other.iter().cloned());
        self.len() > before
    }
}
