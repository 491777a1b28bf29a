//! The largest value of a number where control has passed a test of it: `if (n > 64) return`, `if (n > 64) n = 64`, `if (n <= 64) { … }`.

use super::ops::{ArithCmp, KsLoad, KsStore};
use super::value_ranges::{DEPTH, Ranges};
use super::{BlockId, Function, OpId, Opcode, RegionId, Value};
use crate::fold::CompareOp;
use crate::types::Types;

/// What tests show of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bound {
    /// The number is no larger, where it is not negative.
    most: Option<u64>,
    is_not_negative: bool,
}

const UNKNOWN: Bound = Bound { most: None, is_not_negative: false };

impl Bound {
    fn most(most: Option<u64>) -> Bound {
        Bound { most, is_not_negative: most.is_some() }
    }

    /// Both hold.
    fn and(self, other: Bound) -> Bound {
        let most = self.most.into_iter().chain(other.most).min();
        Bound { most, is_not_negative: self.is_not_negative || other.is_not_negative }
    }

    /// One of both holds.
    fn or(self, other: Bound) -> Bound {
        let most = self.most.zip(other.most).map(|(one, other)| one.max(other));
        Bound { most, is_not_negative: self.is_not_negative && other.is_not_negative }
    }
}

/// The number that tests are about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Subject {
    /// What a variable holds; by its place.
    Variable(Value),
    Value(Value),
}

/// What an op says of a subject behind it.
enum Behind {
    /// It does not write the subject, so what is known before it holds too.
    Kept(Bound),
    Written(Bound),
}

impl Ranges<'_> {
    /// The largest number that a value can be where `op` uses it.
    pub fn largest_at(&self, value: Value, op: OpId) -> Option<u64> {
        self.within_at(value, op, DEPTH)
    }

    /// Like `within`, with the limits that tests before `op` show; without tests the limit that holds everywhere.
    pub(super) fn within_at(&self, value: Value, op: OpId, depth: u32) -> Option<u64> {
        let known = self.within(value, depth);
        if self.order.is_none() || depth == 0 || self.func.known(self.types, value).is_some() {
            return known;
        }
        let tested = self.before(Subject::Value(leaf(self.func, self.types, value)), op, depth - 1);
        self.upper(Bound::most(known).and(tested), value)
    }

    /// The largest number that a variable can hold where `load` reads it.
    pub(super) fn tested(&self, load: OpId, depth: u32) -> Option<u64> {
        self.order.as_ref()?;
        let place = KsLoad::of(&self.func.ops[load]).place();
        self.written.to(place)?;
        let bound = self.before(Subject::Variable(place), load, depth);
        self.upper(bound, self.func.ops[load].results[0])
    }

    fn upper(&self, bound: Bound, value: Value) -> Option<u64> {
        let is_signed = self.types.as_int(self.func.ty(value)).is_none_or(|(_, signed)| signed);
        bound.most.filter(|_| bound.is_not_negative || !is_signed)
    }

    /// The largest result of a branch: what its regions yield.
    pub(super) fn result(&self, result: Value, branch: OpId, depth: u32) -> Option<u64> {
        self.order.as_ref()?;
        let index = self.func.ops[branch].results.iter().position(|&of| of == result)?;
        let mut largest = None;
        for &region in &self.func.ops[branch].regions {
            let end = self.end(region)?;
            if self.func.ops[end].opcode == Opcode::KsYield {
                let &value = self.func.ops[end].operands.get(index)?;
                largest = largest.max(Some(self.within_at(value, end, depth)?));
            }
        }
        largest
    }

    fn end(&self, region: RegionId) -> Option<OpId> {
        let &[block] = self.func.regions[region].blocks.as_slice() else { return None };
        self.func.blocks[block].ops.last().copied()
    }

    /// The bound when control reaches an op.
    fn before(&self, subject: Subject, op: OpId, depth: u32) -> Bound {
        let block = self.func.ops[op].block;
        self.up_to(subject, (block, self.func.position(op)), depth)
    }

    /// The bound when control reaches an index of a block.
    fn up_to(&self, subject: Subject, (block, end): (BlockId, usize), depth: u32) -> Bound {
        if depth == 0 {
            return UNKNOWN;
        }
        let key = (subject.value(), block, end, depth);
        if let Some(&found) = self.bounds.borrow().get(&key) {
            return found;
        }
        let bound = self.search(subject, (block, end), depth - 1);
        self.bounds.borrow_mut().insert(key, bound);
        bound
    }

    fn search(&self, subject: Subject, (block, end): (BlockId, usize), depth: u32) -> Bound {
        let mut known = UNKNOWN;
        for op in self.func.blocks[block].ops.backwards(end) {
            match self.behind(subject, op, depth) {
                Behind::Kept(bound) => known = known.and(bound),
                Behind::Written(bound) => return known.and(bound),
            }
        }
        let region = self.func.blocks[block].region;
        match self.func.regions[region].parent {
            Some(holder) => known.and(self.entered(subject, holder, region, depth)),
            None => known,
        }
    }

    /// The bound at the start of a region.
    fn entered(&self, subject: Subject, holder: OpId, region: RegionId, depth: u32) -> Bound {
        let data = &self.func.ops[holder];
        if data.opcode == Opcode::KsIf {
            let holds = data.regions[0] == region;
            let shown = self.shown((data.operands[0], holds), subject, holder, depth);
            return shown.and(self.before(subject, holder, depth));
        }
        // An earlier iteration of a loop, or an earlier region of another op, may have written it.
        if self.writes_inside(subject, holder) { UNKNOWN } else { self.before(subject, holder, depth) }
    }

    fn behind(&self, subject: Subject, op: OpId, depth: u32) -> Behind {
        let data = &self.func.ops[op];
        if self.writes(subject).any(|write| write == op) {
            if data.opcode != Opcode::KsStore {
                return Behind::Written(UNKNOWN);
            }
            return Behind::Written(Bound::most(self.within_at(KsStore::of(data).value(), op, depth)));
        }
        let writes = self.writes_inside(subject, op);
        if data.opcode != Opcode::KsIf {
            return if writes { Behind::Written(UNKNOWN) } else { Behind::Kept(UNKNOWN) };
        }
        let ends = data.regions.iter().filter_map(|&region| self.end(region));
        let mut falls_through = ends.filter(|&end| self.func.ops[end].opcode == Opcode::KsYield);
        if writes {
            let Some(first) = falls_through.next() else { return Behind::Written(UNKNOWN) };
            let first = self.before(subject, first, depth);
            return Behind::Written(falls_through.fold(first, |bound, end| bound.or(self.before(subject, end, depth))));
        }
        let (Some(only), None) = (falls_through.next(), falls_through.next()) else { return Behind::Kept(UNKNOWN) };
        let holds = self.func.blocks[self.func.ops[only].block].region == data.regions[0];
        Behind::Kept(self.shown((data.operands[0], holds), subject, op, depth))
    }

    /// What a condition shows of the subject at a branch on it, where it holds or not.
    fn shown(&self, (condition, holds): (Value, bool), subject: Subject, at: OpId, depth: u32) -> Bound {
        let Some(def) = self.func.def(condition).filter(|_| depth > 0) else { return UNKNOWN };
        let data = &self.func.ops[def];
        if data.opcode == Opcode::ArithCmp {
            return self.compared((def, holds), subject, at, depth - 1);
        }
        if data.opcode == Opcode::ArithXor {
            let is_not = self.func.known(self.types, data.operands[1]) == Some(1);
            return if is_not { self.shown((data.operands[0], !holds), subject, at, depth - 1) } else { UNKNOWN };
        }
        if data.opcode != Opcode::KsIf {
            return UNKNOWN;
        }
        // `a && b`, `a || b`: only one of the regions yields what the condition is.
        let ends = data.regions.iter().enumerate().filter_map(|(index, &region)| Some((index, self.end(region)?)));
        let mut yields = ends.filter_map(|(index, end)| {
            let value = *self.func.ops[end].operands.first()?;
            let known = self.func.known(self.types, value);
            known.is_none_or(|known| (known != 0) == holds).then_some((index == 0, end, value))
        });
        let (Some((first, end, value)), None) = (yields.next(), yields.next()) else { return UNKNOWN };
        if self.is_altered(subject, def, at) {
            return UNKNOWN;
        }
        let outer = self.shown((data.operands[0], first), subject, def, depth - 1);
        outer.and(self.shown((value, holds), subject, end, depth - 1))
    }

    fn compared(&self, (compare, holds): (OpId, bool), subject: Subject, at: OpId, depth: u32) -> Bound {
        let view = ArithCmp::of(&self.func.ops[compare]);
        let Some(pred) = CompareOp::from_word(view.pred()) else { return UNKNOWN };
        let pred = if holds { pred } else { pred.negated() };
        let sides = [(view.left(), view.right(), pred), (view.right(), view.left(), pred.mirrored())];
        let mut found = UNKNOWN;
        for (side, other, pred) in sides {
            if !self.is_subject(side, subject, at) {
                continue;
            }
            let limit = || self.within_at(other, compare, depth);
            let bound = match pred {
                CompareOp::Lt => Bound { most: limit().map(|limit| limit.saturating_sub(1)), is_not_negative: false },
                CompareOp::Le => Bound { most: limit(), is_not_negative: false },
                CompareOp::Eq => Bound::most(limit()),
                // Larger than a number that is not negative.
                CompareOp::Ge => Bound { most: None, is_not_negative: limit().is_some() },
                CompareOp::Gt => {
                    let least = self.func.known(self.types, other);
                    Bound { most: None, is_not_negative: limit().is_some() || least == Some(-1) }
                }
                CompareOp::Ne => UNKNOWN,
            };
            found = found.and(bound);
        }
        found
    }

    /// Whether a value that is compared is the subject as it is at an op.
    fn is_subject(&self, value: Value, subject: Subject, at: OpId) -> bool {
        let value = leaf(self.func, self.types, value);
        match subject {
            Subject::Value(of) => of == value,
            Subject::Variable(place) => self.func.def(value).is_some_and(|load| {
                let data = &self.func.ops[load];
                data.opcode == Opcode::KsLoad
                    && KsLoad::of(data).place() == place
                    && !self.is_altered(subject, load, at)
            }),
        }
    }

    /// Whether the subject may be written between an op and a later one.
    fn is_altered(&self, subject: Subject, from: OpId, to: OpId) -> bool {
        let Some(order) = &self.order else { return true };
        let between = order[&from]..order[&to];
        let same_loop = self.func.loops(from).next() == self.func.loops(to).next();
        let written = self.writes(subject).any(|write| !same_loop || between.contains(&order[&write]));
        written || between.is_empty()
    }

    fn writes(&self, subject: Subject) -> impl Iterator<Item = OpId> {
        let writes = match subject {
            Subject::Variable(place) => self.written.to(place),
            Subject::Value(_) => None,
        };
        writes.into_iter().flatten().map(|write| write.op)
    }

    fn writes_inside(&self, subject: Subject, holder: OpId) -> bool {
        !self.func.ops[holder].regions.is_empty()
            && self.writes(subject).any(|write| self.func.is_inside(write, holder))
    }
}

impl Subject {
    fn value(self) -> Value {
        match self {
            Subject::Variable(value) | Subject::Value(value) => value,
        }
    }
}

/// The value that a number was extended from, through any number of casts.
fn leaf(func: &Function, types: &Types, value: Value) -> Value {
    let Some(data) = func.def(value).map(|op| &func.ops[op]) else { return value };
    if data.opcode != Opcode::ArithCast {
        return value;
    }
    let bits = |value: Value| types.as_int(func.ty(value));
    let from = data.operands[0];
    match (bits(from), bits(value)) {
        (Some((narrow, false)), Some((wide, signed))) if wide > narrow || wide == narrow && !signed => {
            leaf(func, types, from)
        }
        _ => value,
    }
}
