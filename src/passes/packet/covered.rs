//! Parts of packets at variable offsets that lie inside a part which an earlier access has found: they need neither a test nor another sum.
//! As for constant offsets (`length_tests`), the result of a test holds in the code that it dominates, in one loop.

use super::offsets;
use super::uses::{Followed, is_around, part};
use crate::dataflow::{self, Analysis, AtLeast, Point};
use crate::ir::flow::{Edge, Graph, Step};
use crate::ir::numbers::{Number, Numbers};
use crate::ir::ops::{KsIf, KsIfSome, PacketAt};
use crate::ir::{Function, OpId, Opcode, Value};
use crate::types::{Ty, Types};
use std::collections::BTreeMap;

/// For each such access the earlier one, and how many bytes further it begins.
pub type Covered = BTreeMap<OpId, (OpId, u64)>;

/// What an access looks for: a part of so many bytes, at the sum of a number and a constant.
struct Part {
    ctx: Value,
    /// The terms of the number, which is their sum, of 64 bits.
    terms: Vec<Value>,
    constant: u64,
    size: u64,
}

struct Search<'f> {
    func: &'f Function,
    parts: BTreeMap<OpId, Part>,
}

impl Analysis for Search<'_> {
    type State = AtLeast<OpId>;

    fn step(&mut self, _op: OpId, _found: &mut AtLeast<OpId>) {}

    fn edge(&mut self, edge: &Edge, AtLeast(found): &mut AtLeast<OpId>) {
        let Step::Into(op, region) = edge.step else { return };
        let data = &self.func.ops[op];
        if data.opcode.is_loop() {
            found.retain(|&access, _| self.func.loops(access).next() != Some(op));
        }
        let tested = if data.opcode == Opcode::KsIfSome {
            self.func.def(KsIfSome::of(data).optional())
        } else if data.opcode == Opcode::KsIf {
            let condition = self.func.def(KsIf::of(data).condition()).map(|op| &self.func.ops[op]);
            condition.filter(|data| data.opcode == Opcode::KsIsSome).and_then(|data| self.func.def(data.operands[0]))
        } else {
            None
        };
        if let Some(access) = tested.filter(|access| region == 0 && self.parts.contains_key(access)) {
            found.insert(access, 1);
        }
    }
}

impl Search<'_> {
    fn covers(&self, of: OpId, access: OpId) -> Option<u64> {
        let (own, inner) = (self.parts.get(&of)?, self.parts.get(&access)?);
        let further = inner.constant.checked_sub(own.constant)?;
        let inside = own.ctx == inner.ctx && own.terms == inner.terms && further.checked_add(inner.size)? <= own.size;
        let visible = self.func.loops(of).next() == self.func.loops(access).next() && is_around(self.func, of, access);
        (inside && visible && of != access).then_some(further)
    }
}

/// `far`: accesses that may find the part elsewhere.
pub fn covered(func: &Function, types: &Types, params: &[Number], far: &BTreeMap<OpId, Followed>) -> Covered {
    let ranges = Numbers::of(func, types).with_params(params);
    let mut parts = BTreeMap::new();
    for op in func.walk().into_iter().filter(|op| func.ops[*op].opcode == Opcode::PacketAt && !far.contains_key(op)) {
        let view = PacketAt::of(&func.ops[op]);
        if func.known(types, view.offset()).is_none() {
            let (number, constant) = offsets::split(func, types, &ranges, view.offset());
            let size = types.size_of(part(func, types, op));
            let mut terms = Vec::new();
            add_terms(func, number, &mut terms);
            terms.sort();
            parts.insert(op, Part { ctx: view.ctx(), terms, constant, size });
        }
    }
    let mut covered = Covered::new();
    if parts.len() < 2 {
        return covered;
    }
    let mut search = Search { func, parts };
    let graph = Graph::of(func);
    let facts = dataflow::forward(&graph, &mut search, AtLeast(BTreeMap::new()));
    facts.visit(&mut search, |search, (point, AtLeast(found))| {
        if let Point::Op(op) = point {
            let of = found.keys().find_map(|&of| Some((of, search.covers(of, op)?)));
            covered.extend(of.map(|of| (op, of)));
        }
    });
    covered
}

/// Sums are equal if their terms are, whatever is carried.
fn add_terms(func: &Function, number: Value, terms: &mut Vec<Value>) {
    match func.def(number).map(|op| &func.ops[op]) {
        Some(data) if data.opcode == Opcode::ArithAdd && func.ty(number) == Ty::U64 => {
            data.operands.iter().for_each(|&term| add_terms(func, term, terms));
        }
        Some(_) | None => terms.push(number),
    }
}
