//! Which headers are certainly in the packet, since an earlier test has found it long enough.
//!
//! Only at constant offsets, and in functions that do not move the packet, so that its length is constant. The result
//! of a test holds in the code that it dominates, as in the verifier. A loop's body begins without facts, since it may
//! become a function.

use super::uses::Followed;
use super::wider_tests::Wider;
use crate::dataflow::{self, Analysis, AtLeast, Point};
use crate::fold::CompareOp;
use crate::ir::flow::{Edge, Graph, Step};
use crate::ir::ops::{ArithCmp, ArithSelect, ArithSub, ArithXor, KsIf, KsIfSome, KsLoad, PacketAt};
use crate::ir::{Function, OpId, Opcode, RegionId, Value};
use crate::passes::analysis::stored_once;
use crate::types::{TyKind, Types};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// A header of a packet, by the bytes before it and up to its end.
#[derive(Clone, Copy)]
pub struct Header {
    pub ctx: Value,
    pub offset: u64,
    end: u64,
}

/// A comparison of the packet's length with a constant, which comes out as `outcome` where there are so many bytes.
#[derive(Clone, Copy)]
pub struct LengthTest {
    pub ctx: Value,
    pub bytes: u64,
    pub outcome: bool,
    /// The op that yields the length.
    pub length: OpId,
}

/// The headers whose presence was tested.
#[derive(Default)]
pub struct Tested {
    /// `packet.at` of headers that are there.
    pub accesses: BTreeSet<OpId>,
    /// Loads of variables that hold the address of such a header, which was null before, had the packet been shorter.
    pub loads: BTreeMap<OpId, Header>,
    /// The comparisons that show it, for the verifier to learn from them.
    pub comparisons: BTreeMap<OpId, LengthTest>,
    /// Comparisons whose outcome an earlier test has shown.
    pub decided: BTreeMap<OpId, bool>,
    /// The accesses to headers in the linear part, each with its context and the end of what it tests for.
    pub headers: BTreeMap<OpId, (Value, u64)>,
}

impl Tested {
    /// `far`: accesses that may find the part elsewhere; `wider`: tests that ask for more than their header.
    pub fn of(func: &Function, types: &Types, (far, wider): (&BTreeMap<OpId, Followed>, &Wider)) -> Tested {
        let mut tests = Tests { func, types, far, wider, held: HashMap::new() };
        let held = |(place, value)| Some((place, tests.header_of_pointer(value)?));
        tests.held = stored_once(func).into_iter().filter_map(held).collect();
        let mut found = Tested::default();
        let graph = Graph::of(func);
        let facts = dataflow::forward(&graph, &mut tests, AtLeast(BTreeMap::new()));
        facts.visit(&mut tests, |tests, (point, known)| {
            if let Point::Op(op) = point {
                tests.collect(op, known, &mut found);
            }
        });
        found
    }
}

/// How many bytes each context's packet has at least, as was learned in one loop or outside of all.
type Lengths = AtLeast<(Option<OpId>, Value)>;

struct Tests<'f> {
    func: &'f Function,
    types: &'f Types,
    far: &'f BTreeMap<OpId, Followed>,
    wider: &'f Wider,
    /// The headers whose addresses variables hold.
    held: HashMap<Value, Header>,
}

impl Analysis for Tests<'_> {
    type State = Lengths;

    fn step(&mut self, _op: OpId, _known: &mut Lengths) {}

    fn edge(&mut self, edge: &Edge, AtLeast(known): &mut Lengths) {
        let Step::Into(op, region) = edge.step else { return };
        if self.func.ops[op].opcode.is_loop() {
            known.retain(|&(around, _), _| around != Some(op));
        } else if let Some((ctx, bytes)) = self.learned(op, region) {
            let least = known.entry((self.func.loops(op).next(), ctx)).or_default();
            *least = bytes.max(*least);
        }
    }
}

impl Tests<'_> {
    /// What the start of a branch's region shows of the length of a packet.
    fn learned(&self, op: OpId, region: usize) -> Option<(Value, u64)> {
        let data = &self.func.ops[op];
        if data.opcode == Opcode::KsIf {
            let (outcome, test, _) = self.linear_test(KsIf::of(data).condition())?;
            return (outcome == (region == 0)).then_some((test.ctx, test.bytes));
        }
        if data.opcode != Opcode::KsIfSome || region != 0 {
            return None;
        }
        let header = self.linear_header(self.func.def(KsIfSome::of(data).optional())?)?;
        Some((header.ctx, header.end))
    }

    fn collect(&self, op: OpId, AtLeast(known): &Lengths, found: &mut Tested) {
        let data = &self.func.ops[op];
        let bytes = |ctx: Value| known.get(&(self.func.loops(op).next(), ctx));
        let is_inside = |header: &Header| bytes(header.ctx).is_some_and(|&bytes| header.end <= bytes);
        if data.opcode == Opcode::PacketAt {
            found.headers.extend(self.linear_header(op).map(|header| (op, (header.ctx, header.end))));
            if self.header(op).as_ref().is_some_and(is_inside) {
                found.accesses.insert(op);
            }
        } else if data.opcode == Opcode::KsLoad {
            if let Some(&header) = self.held.get(&KsLoad::of(data).place()).filter(|&header| is_inside(header)) {
                found.loads.insert(op, header);
            }
        } else if data.opcode == Opcode::ArithCmp {
            if let Some((outcome, test, _)) = self.length_test(data.results[0])
                && bytes(test.ctx).is_some_and(|&bytes| test.bytes <= bytes)
            {
                found.decided.insert(op, outcome);
            } else if let Some((outcome, ctx, least)) = self.rest_test(op)
                && bytes(ctx).is_some_and(|&bytes| least <= bytes)
            {
                found.decided.insert(op, outcome);
            }
        } else if data.opcode == Opcode::KsIf
            && let Some((_, test, comparison)) = self.linear_test(KsIf::of(data).condition())
        {
            found.comparisons.insert(comparison, test);
        }
    }

    /// The header of a `packet.at`, if its presence shows that the linear part has it.
    fn linear_header(&self, op: OpId) -> Option<Header> {
        if self.far.contains_key(&op) { None } else { self.header(op) }
    }

    /// The header of a `packet.at`, if its offset is a constant.
    fn header(&self, op: OpId) -> Option<Header> {
        let data = &self.func.ops[op];
        if data.opcode != Opcode::PacketAt {
            return None;
        }
        let view = PacketAt::of(data);
        let TyKind::Opt(found) = self.types.kind(self.func.ty(data.results[0])) else { return None };
        let TyKind::Place { of, .. } = self.types.kind(found) else { return None };
        let offset = u64::try_from(self.func.known(self.types, view.offset())?).ok()?;
        let end = offset.checked_add(self.types.size_of(of)).filter(|&end| end <= super::MAX_OFFSET)?;
        let end = self.wider.get(&op).copied().unwrap_or(end);
        Some(Header { ctx: view.ctx(), offset, end })
    }

    /// The header whose address a value is, if it is the address of a header or null.
    fn header_of_pointer(&self, value: Value) -> Option<Header> {
        let data = &self.func.ops[self.func.def(value)?];
        if data.opcode == Opcode::ArithCast {
            return self.header_of_pointer(data.operands[0]);
        }
        if data.opcode != Opcode::KsIfSome {
            return None;
        }
        let view = KsIfSome::of(data);
        let header = self.linear_header(self.func.def(view.optional())?)?;
        let is_address = self.yields(view.some_region(), Opcode::KsAddr, Some(view.some_region()));
        (is_address && self.yields(view.none_region(), Opcode::KsNull, None)).then_some(header)
    }

    /// Whether a region ends with one value that comes, but for conversions, from such an op, of the argument of a region.
    fn yields(&self, region: RegionId, of: Opcode, argument: Option<RegionId>) -> bool {
        let func = self.func;
        let Some(&end) = func.blocks[func.only_block(region)].ops.last() else { return false };
        let [mut value] = func.ops[end].operands[..] else { return false };
        while let Some(op) = func.def(value) {
            let data = &func.ops[op];
            if data.opcode != Opcode::ArithCast {
                let args = argument.map(|region| &func.blocks[func.only_block(region)].args);
                return data.opcode == of && args.is_none_or(|args| data.operands == *args);
            }
            value = data.operands[0];
        }
        false
    }

    /// A length test that is about the linear part of the packet; see `length_test`.
    fn linear_test(&self, condition: Value) -> Option<(bool, LengthTest, OpId)> {
        let test = self.length_test(condition)?;
        (self.func.ops[test.1.length].opcode == Opcode::PacketLen).then_some(test)
    }

    /// The outcome of a condition that shows something about the length, what it shows, and the comparison in it.
    fn length_test(&self, condition: Value) -> Option<(bool, LengthTest, OpId)> {
        let comparison = self.func.def(condition)?;
        let data = &self.func.ops[comparison];
        // `!c`
        if data.opcode == Opcode::ArithXor && self.func.known(self.types, ArithXor::of(data).right()) == Some(1) {
            let (outcome, test, comparison) = self.length_test(ArithXor::of(data).left())?;
            return Some((!outcome, test, comparison));
        }
        if data.opcode != Opcode::ArithCmp {
            return None;
        }
        let view = ArithCmp::of(data);
        let written = CompareOp::from_word(view.pred())?;
        let (op, length, bound) = match (self.length(view.left()), self.length(view.right())) {
            (Some(length), None) => (written, length, view.right()),
            (None, Some(length)) => (written.mirrored(), length, view.left()),
            (Some(_), Some(_)) | (None, None) => return None,
        };
        let (outcome, least) = self.least(op, bound)?;
        let bytes = Some(least).filter(|bytes| (1..=super::MAX_OFFSET).contains(bytes))?;
        let ctx = self.func.ops[length].operands[0];
        Some((outcome, LengthTest { ctx, bytes, outcome, length }, comparison))
    }

    /// A comparison of a constant with how many bytes there are behind a constant offset: how it comes out where the packet of this context
    /// has so many bytes.
    fn rest_test(&self, comparison: OpId) -> Option<(bool, Value, u64)> {
        let view = ArithCmp::of(&self.func.ops[comparison]);
        let written = CompareOp::from_word(view.pred())?;
        let (op, (ctx, offset), bound) = match (self.rest(view.left()), self.rest(view.right())) {
            (Some(rest), None) => (written, rest, view.right()),
            (None, Some(rest)) => (written.mirrored(), rest, view.left()),
            (Some(_), Some(_)) | (None, None) => return None,
        };
        let (outcome, least) = self.least(op, bound)?;
        Some((outcome, ctx, least.checked_add(offset)?))
    }

    /// How a comparison with a constant comes out for large numbers, and the least number for which it does.
    fn least(&self, op: CompareOp, bound: Value) -> Option<(bool, u64)> {
        let bound = u64::try_from(self.func.known(self.types, bound)?).ok()?;
        let outcome = match op {
            CompareOp::Gt | CompareOp::Ge => true,
            CompareOp::Lt | CompareOp::Le => false,
            CompareOp::Eq | CompareOp::Ne => return None,
        };
        Some((outcome, op.least(bound, outcome)?))
    }

    /// The context and the offset of a number that is how many bytes its packet has behind that offset, if it has so many.
    fn rest(&self, value: Value) -> Option<(Value, u64)> {
        let data = &self.func.ops[self.func.def(value)?];
        if data.opcode == Opcode::ArithSelect {
            // Where the packet ends before the offset, it is another number.
            let view = ArithSelect::of(data);
            let (_, test, _) = self.length_test(view.condition()).filter(|&(outcome, ..)| outcome)?;
            return self.rest(view.then()).filter(|&(ctx, offset)| ctx == test.ctx && test.bytes <= offset);
        }
        if data.opcode != Opcode::ArithSub {
            return None;
        }
        let view = ArithSub::of(data);
        let offset = u64::try_from(self.func.known(self.types, view.right())?).ok()?;
        Some((self.func.ops[self.length(view.left())?].operands[0], offset))
    }

    /// The op that yields a value, if that is a packet's length: of its linear part, or of all of it.
    fn length(&self, value: Value) -> Option<OpId> {
        let is_length = |&op: &OpId| matches!(self.func.ops[op].opcode, Opcode::PacketLen | Opcode::PacketSize);
        self.func.def(value).filter(is_length)
    }
}
