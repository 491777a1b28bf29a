//! Views of packets, as lowering writes them: whether one ends where its packet does, and at which offset it begins.

use super::uses;
use crate::ir::numbers::{Number, Numbers};
use crate::ir::ops::{ArithAdd, ArithAnd, ArithCmp, ArithSelect, ArithSub, KsIf, KsIfSome, PacketAt};
use crate::ir::{Function, OpData, OpId, Opcode, RegionId, Value};
use crate::tables::OpTrait;
use crate::types::{Ty, Types};
use std::collections::BTreeSet;

/// Offsets and indexes up to here have a sum without a carry.
const LARGEST: u64 = 1 << 32;

/// A number of 64 bits as the sum of others, which have no carry if all are small.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Sum {
    pub terms: Vec<Value>,
    pub constant: i128,
}

impl Sum {
    fn plus(mut self, other: Sum) -> Sum {
        self.terms.extend(other.terms);
        self.terms.sort();
        self.constant += other.constant;
        self
    }

    /// Whether a part at this offset begins where one at the other does, or behind.
    fn is_behind(&self, other: &Sum) -> bool {
        let mut rest = self.terms.clone();
        let mut all = other.terms.iter();
        let held = all.all(|term| rest.iter().position(|own| own == term).map(|at| rest.remove(at)).is_some());
        held && self.constant >= other.constant
    }
}

/// A view, by its parts among a function's values.
#[derive(Clone)]
pub struct Open {
    pub ctx: Value,
    pub offset: Sum,
}

/// A view among the parameters: the indexes of its context, offset and length.
pub type Handed = (usize, usize, usize);

/// The views of one function; `handed` are those among its parameters.
pub struct Views<'f> {
    pub func: &'f Function,
    pub types: &'f Types,
    pub handed: &'f BTreeSet<Handed>,
}

impl Views<'_> {
    /// The views among the arguments of a call, by the indexes of their context, offset and length.
    pub fn handed_to(&self, arguments: &[Value]) -> BTreeSet<Handed> {
        let mut found = BTreeSet::new();
        for (length, &value) in arguments.iter().enumerate() {
            let Some(view) = self.open(value) else { continue };
            let is_start =
                |value: Value| self.types.as_int(self.func.ty(value)).is_some() && self.sum(value) == view.offset;
            for (offset, _) in arguments.iter().enumerate().filter(|&(_, &value)| is_start(value)) {
                let contexts = arguments.iter().enumerate().filter(|&(_, &value)| value == view.ctx);
                found.extend(contexts.map(|(ctx, _)| (ctx, offset, length)));
            }
        }
        found
    }

    /// The view that has this length, if it ends where its packet does: so many bytes as the packet has behind the offset, or as such
    /// a view has.
    fn open(&self, length: Value) -> Option<Open> {
        let Some(op) = self.func.def(length) else {
            let params = &self.func.blocks[self.func.entry()].args;
            let &(ctx, offset, _) = self.handed.iter().find(|&&(_, _, at)| params.get(at) == Some(&length))?;
            return Some(Open { ctx: params[ctx], offset: self.sum(params[offset]) });
        };
        let data = &self.func.ops[op];
        if data.opcode == Opcode::PacketSize {
            return Some(Open { ctx: data.operands[0], offset: Sum::default() });
        }
        if data.opcode != Opcode::ArithSelect {
            return None;
        }
        let view = ArithSelect::of(data);
        let condition = self.made_by(view.condition(), Opcode::ArithCmp).map(ArithCmp::of)?;
        let rest = self.made_by(view.then(), Opcode::ArithSub).map(ArithSub::of)?;
        let (size, offset) = (rest.left(), rest.right());
        let begins = condition.pred() == "le" && condition.left() == offset && condition.right() == size;
        let none = self.func.known(self.types, view.otherwise()) == Some(0);
        let of = self.open(size).filter(|_| begins && none)?;
        Some(Open { ctx: of.ctx, offset: of.offset.plus(self.sum(offset)) })
    }

    /// Like `open`; the length may also be the smaller one of a constant of at least `least` and a view's length. Such a length is below
    /// `least` only where the packet ends.
    fn open_below(&self, length: Value, least: Option<i128>) -> Option<Open> {
        let counted = || {
            let view = self.made_by(length, Opcode::ArithSelect).map(ArithSelect::of)?;
            let test = self.made_by(view.condition(), Opcode::ArithCmp).map(ArithCmp::of)?;
            let is_smaller = test.pred() == "le" && [test.left(), test.right()] == [view.then(), view.otherwise()];
            let count = self.func.known(self.types, view.then()).filter(|_| is_smaller)?;
            self.open(view.otherwise()).filter(|_| least.is_some_and(|least| least <= count))
        };
        self.open(length).or_else(counted)
    }

    /// The branches whose test is not needed, each with the one inside it that remains.
    pub fn tests(&self, params: &[Number]) -> Vec<(OpId, OpId)> {
        let ranges = Numbers::of(self.func, self.types).with_params(params);
        let branches = self.func.ids_of(Opcode::KsIf);
        branches.filter_map(|op| Some((op, self.access(op, &ranges)?))).collect()
    }

    /// The branch on the packet's end, in a branch on the length of a view.
    fn access(&self, branch: OpId, ranges: &Numbers<'_>) -> Option<OpId> {
        let data = &self.func.ops[branch];
        let test = self.made_by(KsIf::of(data).condition(), Opcode::ArithCmp).map(ArithCmp::of)?;
        let [there, otherwise] = data.regions[..] else { return None };
        let ops: Vec<OpId> = self.func.blocks[self.func.only_block(there)].ops.iter().copied().collect();
        let [before @ .., inner, end] = &ops[..] else { return None };
        let found = &self.func.ops[*inner];
        if found.opcode != Opcode::KsIfSome || self.func.ops[*end].operands != found.results {
            return None;
        }
        let asked = self.func.def(KsIfSome::of(found).optional())?;
        let at = self.made_by(KsIfSome::of(found).optional(), Opcode::PacketAt).map(PacketAt::of)?;
        let harmless = |&op: &OpId| {
            let opcode = self.func.ops[op].opcode;
            opcode.has(OpTrait::Pure) || opcode == Opcode::PacketAt
        };
        let size = self.types.size_of(uses::part(self.func, self.types, asked)).into();
        let view = self.tested(test, size, &self.sum(at.offset()))?;
        let same = at.ctx() == view.ctx && self.is_small(&self.sum(at.offset()), ranges) && before.iter().all(harmless);
        (same && self.alike(otherwise, *found.regions.get(1)?)).then_some(*inner)
    }

    /// The view in which a test looks for a part of `size` bytes that begins at this offset of the packet.
    fn tested(&self, test: ArithCmp<'_>, size: i128, at: &Sum) -> Option<Open> {
        let known = |value: Value| self.func.known(self.types, value);
        let (left, right) = (test.left(), test.right());
        let begins = |view: &Open, index: Value| view.offset.clone().plus(self.sum(index)) == *at;
        match test.pred() {
            // The index of a byte.
            "lt" if size == 1 => {
                let view = self.open_below(right, known(left).map(|index| index + 1))?;
                begins(&view, left).then_some(view)
            }
            // All of what was asked for.
            "eq" => {
                let (length, count) = if known(right).is_some() { (left, right) } else { (right, left) };
                let is_open = self.open(length).is_some();
                let view = self.open_below(length, known(count)).filter(|_| !is_open)?;
                (known(count) == Some(size) && self.counts(length, size) && view.offset == *at).then_some(view)
            }
            // The offset of a part that ends before the view does, or no more than the part's size.
            "le" => {
                if let Some(last) = self.made_by(right, Opcode::ArithSub).map(ArithSub::of)
                    && known(last.right()) == Some(size)
                    && let Some(view) = self.open_below(last.left(), known(left).map(|offset| offset + size))
                {
                    return begins(&view, left).then_some(view);
                }
                let view = self.open_below(right, known(left))?;
                (known(left).is_some_and(|least| least <= size) && at.is_behind(&view.offset)).then_some(view)
            }
            _ => None,
        }
    }

    /// Whether a length is that of a view that was asked for so many bytes.
    fn counts(&self, length: Value, count: i128) -> bool {
        let view = self.made_by(length, Opcode::ArithSelect).map(ArithSelect::of);
        view.is_some_and(|view| self.func.known(self.types, view.then()) == Some(count))
    }

    fn is_small(&self, sum: &Sum, ranges: &Numbers<'_>) -> bool {
        let small = |&value: &Value| ranges.largest(value).is_some_and(|largest| largest < LARGEST);
        (0..i128::from(LARGEST)).contains(&sum.constant) && sum.terms.iter().all(small)
    }

    /// The conditions that ask whether all bytes exist that a view is asked for, each with where the view begins and how many they are.
    pub fn whole(&self, params: &[Number]) -> Vec<(OpId, Open, u64)> {
        let ranges = Numbers::of(self.func, self.types).with_params(params);
        let ops = self.func.ids_of(Opcode::ArithAnd);
        let asked = |op: OpId| {
            let both = ArithAnd::of(&self.func.ops[op]);
            let begins = self.made_by(both.left(), Opcode::ArithCmp).map(ArithCmp::of)?;
            let whole = self.made_by(both.right(), Opcode::ArithCmp).map(ArithCmp::of)?;
            let count = self.func.known(self.types, whole.right()).filter(|&count| count > 0)?;
            let is_asked = begins.pred() == "le" && whole.pred() == "eq" && self.counts(whole.left(), count);
            let view = self.open_below(whole.left(), Some(count)).filter(|_| is_asked)?;
            // Where it begins is within what it is a part of: it would have no bytes else.
            let of = self.open(begins.right()).filter(|of| of.ctx == view.ctx)?;
            let same = of.offset.plus(self.sum(begins.left())) == view.offset && self.is_small(&view.offset, &ranges);
            same.then_some((op, view, u64::try_from(count).ok()?))
        };
        ops.filter_map(asked).collect()
    }

    fn sum(&self, value: Value) -> Sum {
        if let Some(constant) = self.func.known(self.types, value) {
            return Sum { terms: Vec::new(), constant };
        }
        let added = self.made_by(value, Opcode::ArithAdd).filter(|_| self.func.ty(value) == Ty::U64).map(ArithAdd::of);
        match added {
            Some(added) => self.sum(added.left()).plus(self.sum(added.right())),
            None => Sum { terms: vec![value], constant: 0 },
        }
    }

    /// Whether two regions yield the same constants, and do nothing else.
    fn alike(&self, one: RegionId, other: RegionId) -> bool {
        let yielded = |region: RegionId| {
            let ops = &self.func.blocks[self.func.only_block(region)].ops;
            let end = &self.func.ops[*ops.last()?];
            let mut before = ops.backwards(ops.len() - 1);
            let known = end.operands.iter().map(|&value| self.func.known(self.types, value));
            let only_yields =
                end.opcode == Opcode::KsYield && before.all(|op| self.func.ops[op].opcode == Opcode::KsConst);
            if only_yields { known.collect::<Option<Vec<i128>>>() } else { None }
        };
        yielded(one).is_some_and(|values| yielded(other) == Some(values))
    }

    fn made_by(&self, value: Value, opcode: Opcode) -> Option<&OpData> {
        self.func.def(value).map(|op| &self.func.ops[op]).filter(|data| data.opcode == opcode)
    }
}
