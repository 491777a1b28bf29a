//! Where control goes in a function: one graph over structured regions and blocks alike, made of the `flow` of the ops' records.
//!
//! A node is a run of ops that control passes through one after the other. It ends at an op with regions, at a region end, an exit or a
//! terminator. The clean-up of a scope has nodes of its own for each exit that runs it, so that the facts of one path out of the scope do
//! not mix with those of another. The ops that the pass `exits` lowers have no edges; a graph is made of a lowered function
//! (`passes::exits::lowered`).

use super::{BlockId, Exit, Function, Module, OpId, RegionId};
use crate::tables::{FlowFrom, FlowTo, OpTrait};
use std::collections::{HashMap, HashSet};
use std::hash::Hash;

/// An index into the nodes of a graph.
pub type NodeId = usize;

/// A run of ops without a branch or join inside, and the edges out of its end and into its start.
#[derive(Default, Debug)]
pub struct Node {
    pub ops: Vec<OpId>,
    pub to: Vec<Edge>,
    pub from: Vec<Edge>,
}

/// A step of control from the end of one node to the start of another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Edge {
    pub from: NodeId,
    pub to: NodeId,
    /// The op by which control leaves `from`. At the end of a clean-up it is the exit that runs the clean-up.
    pub by: OpId,
    pub step: Step,
}

/// The part of an op that an edge leads to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    /// Into the region of an op, by its index.
    Into(OpId, usize),
    /// To what follows an op with regions.
    Behind(OpId),
    /// To a successor of a terminator, by its index.
    Successor(usize),
    /// Out of what the graph is of.
    Out,
}

/// The nodes that control reaches, in reverse post order: each before its successors, but for back edges. The first is the
/// entry; the last has no ops and is where control is after it left.
pub struct Graph {
    pub nodes: Vec<Node>,
}

impl Graph {
    /// The graph of a whole function, which is structured or has been lowered to blocks; its entry is the function's.
    pub fn of(func: &Function) -> Graph {
        let mut build = Build { func, nodes: Vec::new(), around: Vec::new(), blocks: HashMap::new() };
        let end = build.node();
        let blocks = &func.regions[func.body].blocks;
        for &block in blocks {
            let node = build.node();
            build.blocks.insert(block, node);
        }
        for &block in blocks {
            build.block(block, build.blocks[&block]);
        }
        build.finish(end + 1)
    }

    /// The graph of one structured region. What leaves the region leaves the graph.
    pub fn of_region(func: &Function, region: RegionId) -> Graph {
        let mut build = Build { func, nodes: Vec::new(), around: Vec::new(), blocks: HashMap::new() };
        build.node();
        let start = build.node();
        build.block(func.only_block(region), start);
        build.finish(start)
    }

    /// The node where control is after it left.
    pub fn end(&self) -> NodeId {
        self.nodes.len() - 1
    }

    fn text(&self, func: &Function) -> String {
        let name = |op: OpId| func.ops[op].opcode.name();
        let region = |op: OpId, index: usize| {
            let (opcode, named) = (func.ops[op].opcode, func.ops[op].opcode.named_region(index));
            match opcode.spec().regions[named].strip_suffix('*') {
                Some(several) => format!("{several} {}", index - named),
                None => opcode.spec().regions[named].to_owned(),
            }
        };
        let mut out = String::new();
        for (at, node) in self.nodes.iter().enumerate() {
            let ops: Vec<&str> = node.ops.iter().map(|&op| name(op)).collect();
            out.push_str(&format!("  n{at}: {}\n", ops.join(", ")));
            for edge in &node.to {
                let step = match edge.step {
                    Step::Into(op, index) => format!("into {} of {}", region(op, index), name(op)),
                    Step::Behind(op) => format!("behind {}", name(op)),
                    Step::Successor(index) => format!("successor {index}"),
                    Step::Out => "out".to_owned(),
                };
                let by = if node.ops.last() == Some(&edge.by) { "" } else { name(edge.by) };
                let by = if by.is_empty() { String::new() } else { format!(", by {by}") };
                out.push_str(&format!("    -> n{}: {step}{by}\n", edge.to));
            }
        }
        out
    }
}

/// The graphs of a module's functions.
pub fn text(module: &Module) -> String {
    let graph = |func: &Function| format!("func @{}\n{}", func.name, Graph::of(func).text(func));
    module.funcs.iter().map(graph).collect()
}

/// The constructs around the code that is being added to the graph.
enum Around {
    Op {
        op: OpId,
        /// The index of the region that is being added.
        region: usize,
        /// The first node of each region.
        starts: Vec<NodeId>,
        after: NodeId,
    },
    /// A clean-up, after which the exit goes on that runs it.
    Resume { by: OpId, exit: Exit },
}

struct Build<'f> {
    func: &'f Function,
    nodes: Vec<Node>,
    /// Innermost last.
    around: Vec<Around>,
    /// The nodes at which the blocks of a control-flow graph begin.
    blocks: HashMap<BlockId, NodeId>,
}

/// The node where control is after it left, while a graph is being built.
const END: NodeId = 0;

impl Build<'_> {
    fn node(&mut self) -> NodeId {
        self.nodes.push(Node::default());
        self.nodes.len() - 1
    }

    fn edge(&mut self, from: NodeId, to: NodeId, by: OpId, step: Step) {
        self.nodes[from].to.push(Edge { from, to, by, step });
    }

    /// Adds the ops of a block from a node on.
    fn block(&mut self, block: BlockId, start: NodeId) {
        let func = self.func;
        let mut at = start;
        for &op in &func.blocks[block].ops {
            self.nodes[at].ops.push(op);
            let data = &func.ops[op];
            if data.opcode.has(OpTrait::NoReturn) {
                return;
            }
            if let Some(exit) = func.exit(op) {
                return self.exit(at, op, exit);
            }
            if data.opcode.has(OpTrait::RegionEnd) {
                return self.region_end(at, op);
            }
            for (index, successor) in data.successors.iter().enumerate() {
                self.edge(at, self.blocks[successor], op, Step::Successor(index));
            }
            if !data.regions.is_empty() {
                at = self.regions(at, op);
            }
        }
    }

    /// Adds the regions of an op; the node that follows it.
    fn regions(&mut self, at: NodeId, op: OpId) -> NodeId {
        let func = self.func;
        let regions = &func.ops[op].regions;
        let starts = regions.iter().map(|_| self.node()).collect();
        let after = self.node();
        let depth = self.around.len();
        self.around.push(Around::Op { op, region: 0, starts, after });
        self.follow(at, op, depth, |from| from == FlowFrom::Enter);
        for (index, &inside) in regions.iter().enumerate() {
            if let Some(Around::Op { region, starts, .. }) = self.around.last_mut() {
                *region = index;
                let start = starts[index];
                self.block(func.only_block(inside), start);
            }
        }
        self.around.pop();
        after
    }

    /// Adds the edges that a row of the record of an op around says; false if it has no such row.
    fn follow(&mut self, at: NodeId, by: OpId, depth: usize, row: impl Fn(FlowFrom) -> bool) -> bool {
        let Around::Op { op, starts, after, .. } = &self.around[depth] else { return false };
        let (op, after, opcode) = (*op, *after, self.func.ops[*op].opcode);
        let Some(to) = opcode.flow(row) else { return false };
        let mut edges = Vec::new();
        for &to in to {
            match to {
                FlowTo::After => edges.push((after, Step::Behind(op))),
                FlowTo::Region(named) => {
                    let regions = (named..starts.len()).filter(|&region| opcode.named_region(region) == named);
                    edges.extend(regions.map(|region| (starts[region], Step::Into(op, region))));
                }
            }
        }
        for (to, step) in edges {
            self.edge(at, to, by, step);
        }
        true
    }

    /// A yield: the record of the op around says where it leads.
    fn region_end(&mut self, at: NodeId, op: OpId) {
        match self.around.pop() {
            None => self.edge(at, END, op, Step::Out),
            Some(Around::Resume { by, exit }) => {
                self.exit(at, by, exit);
                self.around.push(Around::Resume { by, exit });
            }
            Some(around @ Around::Op { op: holder, region, .. }) => {
                let region = self.func.ops[holder].opcode.named_region(region);
                self.around.push(around);
                self.follow(at, op, self.around.len() - 1, |from| from == FlowFrom::Region(region));
            }
        }
    }

    /// Follows an exit outwards to the op that stops it, or to a clean-up that runs before.
    fn exit(&mut self, at: NodeId, by: OpId, mut exit: Exit) {
        for depth in (0..self.around.len()).rev() {
            let Around::Op { op, region, .. } = self.around[depth] else { continue };
            let data = &self.func.ops[op];
            let region = data.opcode.named_region(region);
            if let Some(to) = data.opcode.flow(|from| from == FlowFrom::AnyExit(region)) {
                return self.clean_up(at, depth, (by, exit), to);
            }
            let Some(beyond) = exit.beyond(data.opcode, region) else {
                self.follow(at, by, depth, |from| from.stops(exit.kind(), region));
                return;
            };
            exit = beyond;
        }
        self.edge(at, END, by, Step::Out);
    }

    /// Adds the clean-up of the op around at `depth` once more, for this exit alone.
    fn clean_up(&mut self, at: NodeId, depth: usize, (by, exit): (OpId, Exit), to: &[FlowTo]) {
        let Around::Op { op, .. } = self.around[depth] else { return };
        let inside = self.around.split_off(depth);
        for &to in to {
            let FlowTo::Region(region) = to else { continue };
            let start = self.node();
            self.edge(at, start, by, Step::Into(op, region));
            self.around.push(Around::Resume { by, exit });
            self.block(self.func.only_block(self.func.ops[op].regions[region]), start);
            self.around.pop();
        }
        self.around.extend(inside);
    }

    /// The nodes that control reaches from the entry, in order, with their edges in both directions.
    fn finish(mut self, entry: NodeId) -> Graph {
        let mut order = reverse_postorder(entry, |node| self.nodes[node].to.iter().map(|edge| edge.to).collect());
        order.retain(|&node| node != END);
        order.push(END);
        let mut places = vec![END; self.nodes.len()];
        for (place, &node) in order.iter().enumerate() {
            places[node] = place;
        }
        let mut nodes: Vec<Node> = order.iter().map(|&node| std::mem::take(&mut self.nodes[node])).collect();
        for at in 0..nodes.len() {
            for index in 0..nodes[at].to.len() {
                let edge = &mut nodes[at].to[index];
                (edge.from, edge.to) = (at, places[edge.to]);
                let edge = *edge;
                nodes[edge.to].from.push(edge);
            }
        }
        Graph { nodes }
    }
}

/// The nodes that `entry` reaches, each before its successors (but for back edges), the first successor first.
fn reverse_postorder<N: Copy + Eq + Hash>(entry: N, successors: impl Fn(N) -> Vec<N>) -> Vec<N> {
    let mut seen = HashSet::from([entry]);
    let mut order = Vec::new();
    // The path from the entry, each with the successors that are left to visit.
    let mut path = vec![(entry, successors(entry))];
    while let Some((node, left)) = path.last_mut() {
        let node = *node;
        // From the last: what is visited last comes first in the reversed order.
        match left.pop() {
            Some(next) => {
                if seen.insert(next) {
                    path.push((next, successors(next)));
                }
            }
            None => {
                order.push(node);
                path.pop();
            }
        }
    }
    order.reverse();
    order
}

impl Function {
    /// The blocks that terminators lead to, each before its successors (but for back edges).
    pub fn reverse_postorder(&self) -> Vec<BlockId> {
        reverse_postorder(self.entry(), |block| {
            self.blocks[block].ops.last().map_or(Vec::new(), |&last| self.ops[last].successors.clone())
        })
    }
}
