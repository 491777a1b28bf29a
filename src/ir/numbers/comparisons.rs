//! The numbers that are left of a variable or a value where control has passed a comparison of it: `if (n > 64) return`,
//! `if (n > 64) n = 64`, `if (n <= 64) { … }`.

use super::super::ops::{ArithCmp, KsLoad, KsStore};
use super::super::{BlockId, Function, OpId, Opcode, RegionId, Value};
use super::{DEPTH, Number, Numbers};
use crate::fold::CompareOp;
use crate::types::Types;

/// The number that comparisons are about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Subject {
    /// What a variable holds; by its place.
    Variable(Value),
    Value(Value),
}

/// The effect of an op on the numbers of a subject.
enum Behind {
    /// It does not write the subject: the number is in this set, and in the one before the op.
    Kept(Number),
    Written(Number),
}

impl Numbers<'_> {
    /// The largest number that a value can be where `op` uses it; none if it may be negative, or is no number.
    pub fn largest_at(&self, value: Value, op: OpId) -> Option<u64> {
        self.is_number(value).then(|| self.within_at(value, op, DEPTH).largest()).flatten()
    }

    /// Like `within`, with the limits that comparisons before `op` show; without comparisons the numbers that hold everywhere.
    pub(super) fn within_at(&self, value: Value, op: OpId, depth: u32) -> Number {
        let known = self.within(value, depth);
        if self.order.is_none() || depth == 0 || known.only().is_some() {
            return known;
        }
        let left = self.before(Subject::Value(leaf(self.func, self.types, value)), op, depth - 1);
        both(known, left)
    }

    /// The numbers that a variable can hold where `load` reads it; none without comparisons.
    pub(super) fn loaded(&self, load: OpId, depth: u32) -> Option<Number> {
        self.order.as_ref()?;
        let place = KsLoad::of(&self.func.ops[load]).place();
        self.written.to(place)?;
        Some(self.before(Subject::Variable(place), load, depth))
    }

    /// The results of a branch: what its regions yield; none without comparisons.
    pub(super) fn result(&self, result: Value, branch: OpId, depth: u32) -> Option<Number> {
        self.order.as_ref()?;
        let index = self.func.ops[branch].results.iter().position(|&of| of == result)?;
        let mut all: Option<Number> = None;
        for &region in &self.func.ops[branch].regions {
            let end = self.end(region)?;
            if self.func.ops[end].opcode == Opcode::KsYield {
                let &value = self.func.ops[end].operands.get(index)?;
                let number = self.within_at(value, end, depth);
                all = Some(all.map_or(number, |all| all.join(number)));
            }
        }
        all
    }

    fn end(&self, region: RegionId) -> Option<OpId> {
        let &[block] = self.func.regions[region].blocks.as_slice() else { return None };
        self.func.blocks[block].ops.last().copied()
    }

    /// The numbers of the subject when control reaches an op.
    fn before(&self, subject: Subject, op: OpId, depth: u32) -> Number {
        let block = self.func.ops[op].block;
        self.up_to(subject, (block, self.func.position(op)), depth)
    }

    /// The numbers of the subject when control reaches an index of a block.
    fn up_to(&self, subject: Subject, (block, end): (BlockId, usize), depth: u32) -> Number {
        if depth == 0 {
            return Number::ANY;
        }
        let key = (subject.value(), block, end, depth);
        if let Some(&found) = self.left.borrow().get(&key) {
            return found;
        }
        let bound = self.search(subject, (block, end), depth - 1);
        self.left.borrow_mut().insert(key, bound);
        bound
    }

    fn search(&self, subject: Subject, (block, end): (BlockId, usize), depth: u32) -> Number {
        let mut known = Number::ANY;
        for op in self.func.blocks[block].ops.backwards(end) {
            match self.behind(subject, op, depth) {
                Behind::Kept(bound) => known = both(known, bound),
                Behind::Written(bound) => return both(known, bound),
            }
        }
        let region = self.func.blocks[block].region;
        match self.func.regions[region].parent {
            Some(holder) => both(known, self.entered(subject, holder, region, depth)),
            None => known,
        }
    }

    /// The numbers of the subject at the start of a region.
    fn entered(&self, subject: Subject, holder: OpId, region: RegionId, depth: u32) -> Number {
        let data = &self.func.ops[holder];
        if data.opcode == Opcode::KsIf {
            let holds = data.regions[0] == region;
            let shown = self.shown((data.operands[0], holds), subject, holder, depth);
            return both(shown, self.before(subject, holder, depth));
        }
        // An earlier iteration of a loop, or an earlier region of another op, may have written it.
        if self.writes_inside(subject, holder) { Number::ANY } else { self.before(subject, holder, depth) }
    }

    fn behind(&self, subject: Subject, op: OpId, depth: u32) -> Behind {
        let data = &self.func.ops[op];
        if self.writes(subject).any(|write| write == op) {
            if data.opcode != Opcode::KsStore {
                return Behind::Written(Number::ANY);
            }
            return Behind::Written(self.within_at(KsStore::of(data).value(), op, depth));
        }
        let writes = self.writes_inside(subject, op);
        if data.opcode != Opcode::KsIf {
            return if writes { Behind::Written(Number::ANY) } else { Behind::Kept(Number::ANY) };
        }
        let ends = data.regions.iter().filter_map(|&region| self.end(region));
        let mut falls_through = ends.filter(|&end| self.func.ops[end].opcode == Opcode::KsYield);
        if writes {
            let Some(first) = falls_through.next() else { return Behind::Written(Number::ANY) };
            let first = self.before(subject, first, depth);
            return Behind::Written(
                falls_through.fold(first, |number, end| number.join(self.before(subject, end, depth))),
            );
        }
        let (Some(only), None) = (falls_through.next(), falls_through.next()) else { return Behind::Kept(Number::ANY) };
        let holds = self.func.blocks[self.func.ops[only].block].region == data.regions[0];
        Behind::Kept(self.shown((data.operands[0], holds), subject, op, depth))
    }

    /// What a condition shows of the subject at a branch on it, where it holds or not.
    fn shown(&self, (condition, holds): (Value, bool), subject: Subject, at: OpId, depth: u32) -> Number {
        let Some(def) = self.func.def(condition).filter(|_| depth > 0) else { return Number::ANY };
        let data = &self.func.ops[def];
        if data.opcode == Opcode::ArithCmp {
            return self.compared((def, holds), subject, at, depth - 1);
        }
        if data.opcode == Opcode::ArithXor {
            let is_not = self.func.known(self.types, data.operands[1]) == Some(1);
            return if is_not { self.shown((data.operands[0], !holds), subject, at, depth - 1) } else { Number::ANY };
        }
        if data.opcode != Opcode::KsIf {
            return Number::ANY;
        }
        // `a && b`, `a || b`: only one of the regions yields what the condition is.
        let ends = data.regions.iter().enumerate().filter_map(|(index, &region)| Some((index, self.end(region)?)));
        let mut yields = ends.filter_map(|(index, end)| {
            let value = *self.func.ops[end].operands.first()?;
            let known = self.func.known(self.types, value);
            known.is_none_or(|known| (known != 0) == holds).then_some((index == 0, end, value))
        });
        let (Some((first, end, value)), None) = (yields.next(), yields.next()) else { return Number::ANY };
        if self.is_altered(subject, def, at) {
            return Number::ANY;
        }
        let outer = self.shown((data.operands[0], first), subject, def, depth - 1);
        both(outer, self.shown((value, holds), subject, end, depth - 1))
    }

    fn compared(&self, (compare, holds): (OpId, bool), subject: Subject, at: OpId, depth: u32) -> Number {
        let view = ArithCmp::of(&self.func.ops[compare]);
        let Some(pred) = CompareOp::from_word(view.pred()) else { return Number::ANY };
        let pred = if holds { pred } else { pred.negated() };
        let sides = [(view.left(), view.right(), pred), (view.right(), view.left(), pred.mirrored())];
        let mut found = Number::ANY;
        for (side, other, pred) in sides {
            if !self.is_subject(side, subject, at) {
                continue;
            }
            let limit = self.within_at(other, compare, depth);
            found = both(found, Number::ANY.where_compared(pred, limit).unwrap_or(Number::ANY));
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

/// Both sets contain the number. Where they share none, no control comes, and either answer is right.
fn both(one: Number, other: Number) -> Number {
    one.meet(other).unwrap_or(one)
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
