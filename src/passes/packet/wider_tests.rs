//! Tests for a header that can test for a header further on as well: that is right if a packet that ends between the two makes no
//! difference, since the function then returns the same and does nothing else.
//!
//! In `if (var ip = ctx.packet(14, iphdr), var udp = ctx.packet(34, udphdr)) { … }` a packet without the second header is handled as one
//! without the first. That is the case if the code between the tests only looks at the first header, and every other path returns the same
//! value as without that header.

use super::length_tests::Tested;
use super::uses::Followed;
use crate::dataflow::{self, Analysis, Lattice, Point};
use crate::ir::flow::{Edge, Graph, Step};
use crate::ir::ops::{KsIfSome, KsReturn};
use crate::ir::{Function, OpId, Opcode, Value};
use crate::passes::analysis::root;
use crate::tables::OpTrait;
use crate::types::Types;
use std::collections::BTreeMap;

/// For accesses that are tested, where the tested part of the packet ends, if that is further on.
pub type Wider = BTreeMap<OpId, u64>;

/// The result of the paths from a point on, if they have no effect before they return.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Returned {
    /// No path returns.
    Nothing,
    /// On each path the same, a constant, or no value.
    Same(Option<i128>),
    /// An unknown value, or there is an effect before.
    Other,
}

/// The facts about the code from a point on, up to the next tests for headers.
#[derive(Clone, Copy)]
struct Ahead {
    returned: Returned,
    /// The context and the least end of the headers that are found.
    header: Option<(Value, u64)>,
}

impl Ahead {
    const NOTHING: Ahead = Ahead { returned: Returned::Nothing, header: None };
    const OTHER: Ahead = Ahead { returned: Returned::Other, header: None };
}

impl Lattice for Ahead {
    fn join(&mut self, other: &Ahead) -> bool {
        let before = (self.returned, self.header);
        self.returned = either(self.returned, other.returned);
        self.header = match (self.header, other.header) {
            (Some((ctx, end)), Some((other_ctx, other_end))) => {
                if ctx != other_ctx {
                    self.returned = Returned::Other;
                }
                Some((ctx, end.min(other_end)))
            }
            (own, other) => own.or(other),
        };
        before != (self.returned, self.header)
    }
}

fn either(left: Returned, right: Returned) -> Returned {
    match (left, right) {
        (Returned::Nothing, other) | (other, Returned::Nothing) => other,
        (left, right) if left == right => left,
        (Returned::Same(_) | Returned::Other, Returned::Same(_) | Returned::Other) => Returned::Other,
    }
}

struct Search<'a> {
    func: &'a Function,
    types: &'a Types,
    /// The branches that test for a header which nothing has shown before, with the access, the context and the header's end.
    tests: BTreeMap<OpId, (OpId, Value, u64)>,
    /// The facts about the code behind either outcome of these tests.
    found: BTreeMap<(OpId, usize), Ahead>,
}

impl Analysis for Search<'_> {
    type State = Ahead;

    fn step(&mut self, op: OpId, ahead: &mut Ahead) {
        let data = &self.func.ops[op];
        if data.opcode == Opcode::KsReturn {
            let value = KsReturn::of(data).value();
            let known = value.map(|value| self.func.known(self.types, value));
            *ahead = match known {
                Some(None) => Ahead::OTHER,
                known => Ahead { returned: Returned::Same(known.flatten()), header: None },
            };
        } else if !self.is_silent(op) {
            *ahead = Ahead::OTHER;
        }
    }

    fn edge(&mut self, edge: &Edge, ahead: &mut Ahead) {
        if let Step::Into(op, 0) = edge.step
            && let Some(&(_, ctx, end)) = self.tests.get(&op)
        {
            *ahead = Ahead { returned: Returned::Nothing, header: Some((ctx, end)) };
        }
    }
}

impl Search<'_> {
    /// Whether an op has no effect but on variables of the function.
    fn is_silent(&self, op: OpId) -> bool {
        let data = &self.func.ops[op];
        let is = |with: OpTrait| data.opcode.has(with);
        if data.opcode.is_loop() || is(OpTrait::Calls) || is(OpTrait::ChangesPacket) {
            return false;
        }
        let stores = [Opcode::KsStore, Opcode::KsZero, Opcode::KsCopy].contains(&data.opcode);
        let is_variable =
            |place: Value| root(self.func, place).is_some_and(|op| self.func.ops[op].opcode == Opcode::KsVar);
        !is(OpTrait::WritesMemory) || stores && is_variable(data.operands[0])
    }

    /// Where a test may end, if a packet that is shorter than that makes no difference.
    fn wider(&self, test: OpId) -> Option<u64> {
        let &(_, own_ctx, end) = self.tests.get(&test)?;
        let (some, none) = (self.found.get(&(test, 0))?, self.found.get(&(test, 1))?);
        let (ctx, further) = some.header?;
        let is_same = none.header.is_none() && either(some.returned, none.returned) == none.returned;
        (is_same && matches!(none.returned, Returned::Same(_)) && ctx == own_ctx && further > end).then_some(further)
    }
}

/// The headers that are known to be in the packet, with tests that are as wide as they can be.
pub fn widened(func: &Function, types: &Types, far: &BTreeMap<OpId, Followed>) -> (Tested, Wider) {
    let mut wider = Wider::new();
    loop {
        let tested = Tested::of(func, types, (far, &wider));
        let mut tests = BTreeMap::new();
        let uses = func.uses();
        for op in func.ids_of(Opcode::KsIfSome) {
            let access = func.def(KsIfSome::of(&func.ops[op]).optional());
            let only_test = |access: &OpId| uses.users(func.ops[*access].results[0]).len() == 1;
            if let Some(access) = access.filter(|access| !tested.accesses.contains(access) && only_test(access))
                && let Some(&(ctx, end)) = tested.headers.get(&access)
            {
                tests.insert(op, (access, ctx, end));
            }
        }
        if tests.len() < 2 {
            return (tested, wider);
        }
        let mut search = Search { func, types, tests, found: BTreeMap::new() };
        let graph = Graph::of(func);
        let facts = dataflow::backward(&graph, &mut search, &Ahead::NOTHING);
        facts.visit(&mut search, |search, (point, ahead)| {
            if let Point::Edge(Edge { step: Step::Into(op, region), .. }) = point
                && search.tests.contains_key(op)
            {
                search.found.insert((*op, *region), *ahead);
            }
        });
        let ends: Vec<(OpId, u64)> =
            search.tests.iter().filter_map(|(&op, &(access, _, _))| Some((access, search.wider(op)?))).collect();
        let mut grown = false;
        for (access, end) in ends {
            grown |= wider.insert(access, end) != Some(end);
        }
        if !grown {
            return (tested, wider);
        }
    }
}
