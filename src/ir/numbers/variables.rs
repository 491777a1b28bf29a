//! The numbers that a variable can hold: those that are stored in it, and the sums of those with the numbers that are added, as often as
//! loops may add them.

use super::super::ops::{ArithAdd, KsAssignOp, KsFor, KsLoad, KsStore};
use super::super::{Function, OpId, Opcode, Value};
use super::{Number, Numbers};
use crate::types::{Ty, TyKind};

/// A write to a variable.
#[derive(Clone, Copy)]
pub(super) struct Written {
    pub(super) op: OpId,
    value: Value,
    /// The value is added to what the variable holds.
    adds: bool,
}

/// For each value of a function the writes to it, if it is a variable; none if anything else writes it or its address is taken.
#[derive(Clone)]
pub struct Writes(Vec<Option<Vec<Written>>>);

impl Writes {
    /// Goes through the whole function. They stay true while code is added that writes no variable of before.
    pub fn of(func: &Function) -> Writes {
        let mut written = vec![Some(Vec::new()); func.values.len()];
        for (op, data) in func.each() {
            if let Some((place, by)) = write(func, op) {
                if let Some(writes) = &mut written[usize::from(place)] {
                    writes.push(by);
                }
            } else if data.opcode != Opcode::KsLoad {
                for &operand in &data.operands {
                    written[usize::from(operand)] = None;
                }
            }
        }
        Writes(written)
    }

    /// Those to one variable, at least one, where all are known.
    pub(super) fn to(&self, place: Value) -> Option<&Vec<Written>> {
        self.0.get(usize::from(place))?.as_ref().filter(|writes| !writes.is_empty())
    }
}

impl Numbers<'_> {
    /// The numbers in a variable; none if they are not known. Each load of it asks.
    pub(super) fn held(&self, place: Value, depth: u32) -> Option<Number> {
        let TyKind::Place { of, .. } = self.types.kind(self.func.ty(place)) else { return None };
        if let Some(&found) = self.found.borrow().get(&(place, depth)) {
            return Some(found);
        }
        let number = self.stored(place, of, depth).unwrap_or(self.of_type(of));
        self.found.borrow_mut().insert((place, depth), number);
        Some(number)
    }

    fn stored(&self, place: Value, of: Ty, depth: u32) -> Option<Number> {
        self.func.def(place).filter(|&def| self.func.ops[def].opcode == Opcode::KsVar)?;
        let writes = self.written.to(place)?;
        let stores = writes.iter().filter(|by| !by.adds);
        let stored = stores.map(|by| self.within(by.value, depth)).reduce(Number::join)?;
        let (mut low, mut high) = (stored.low, stored.high);
        for by in writes.iter().filter(|by| by.adds) {
            let (value, times) = (self.within(by.value, depth), self.executions(by.op, depth)?);
            low = low.checked_add(value.low.checked_mul(times)?.min(0))?;
            high = high.checked_add(value.high.checked_mul(times)?.max(0))?;
        }
        if (low, high) == (stored.low, stored.high) {
            return Some(stored);
        }
        // No sum wraps, in the type of the variable or in the one that it is computed in.
        let mut types = writes.iter().map(|by| if by.adds { self.compute(by.op) } else { of });
        let fits = |ty: Ty| {
            let range = self.types.as_int(ty).map(Number::of_type);
            range.is_some_and(|range| range.low <= low && high <= range.high)
        };
        types.all(fits).then(|| Number::between(low, high))
    }

    /// How often an op runs at most in one call of the function.
    fn executions(&self, op: OpId, depth: u32) -> Option<i128> {
        let mut all: i128 = 1;
        for around in self.func.loops(op) {
            let data = &self.func.ops[around];
            if data.opcode != Opcode::KsFor {
                return None;
            }
            let view = KsFor::of(data);
            let (low, high) = (self.within(view.low(), depth), self.within(view.high(), depth));
            all = all.checked_mul((high.high - low.low + i128::from(view.inclusive())).max(0))?;
        }
        Some(all)
    }

    /// The type that an update is computed in.
    fn compute(&self, op: OpId) -> Ty {
        let data = &self.func.ops[op];
        if data.opcode == Opcode::KsAssignOp { KsAssignOp::of(data).compute() } else { self.func.ty(data.operands[1]) }
    }
}

/// The place that an op writes, and the write: a store of a value, a store of the place's own value plus a number, or an update that adds.
fn write(func: &Function, op: OpId) -> Option<(Value, Written)> {
    let data = &func.ops[op];
    if data.opcode == Opcode::KsAssignOp {
        let view = KsAssignOp::of(data);
        let by = Written { op, value: view.value(), adds: true };
        return (view.op() == "add").then_some((view.place(), by));
    }
    if data.opcode != Opcode::KsStore {
        return None;
    }
    let (place, value) = (KsStore::of(data).place(), KsStore::of(data).value());
    let sum =
        func.def(value).filter(|&def| func.ops[def].opcode == Opcode::ArithAdd).map(|def| ArithAdd::of(&func.ops[def]));
    let added = sum.and_then(|sum| match [sum.left(), sum.right()].map(|value| is_load(func, value, place)) {
        [true, false] => Some(sum.right()),
        [false, true] => Some(sum.left()),
        [true, true] | [false, false] => None,
    });
    Some((place, Written { op, value: added.unwrap_or(value), adds: added.is_some() }))
}

fn is_load(func: &Function, value: Value, place: Value) -> bool {
    let def = func.def(value).map(|def| &func.ops[def]);
    def.is_some_and(|data| data.opcode == Opcode::KsLoad && KsLoad::of(data).place() == place)
}
