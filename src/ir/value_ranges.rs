//! The largest value of a number, as far as the code that computes it shows.

use super::ops::{KsBits, KsConst, KsLoad, KsStore};
use super::{Function, OpId, Opcode, Value};
use crate::fold;
use crate::types::{Ty, Types};
use std::cell::RefCell;
use std::collections::HashMap;

/// Deeper than people write expressions; variables that are computed from themselves end here.
const DEPTH: u32 = 32;

/// Ranges of one function's values.
pub struct Ranges<'a> {
    func: &'a Function,
    types: &'a Types,
    /// For each variable: what is stored to it; none if anything else writes it or its address is taken.
    stored: HashMap<Value, Option<Vec<Value>>>,
    /// Results, by the depth of the search. A variable leads to all values stored in it, and each of these may lead to
    /// the variable again: without this the search follows each path through them.
    found: RefCell<HashMap<(Value, u32), Option<u64>>>,
}

impl<'a> Ranges<'a> {
    pub fn of(func: &'a Function, types: &'a Types) -> Ranges<'a> {
        let mut stored: HashMap<Value, Option<Vec<Value>>> = HashMap::new();
        for op in func.walk() {
            let data = &func.ops[op];
            if data.opcode == Opcode::KsStore {
                let view = KsStore::of(data);
                if let Some(values) = stored.entry(view.place()).or_insert_with(|| Some(Vec::new())) {
                    values.push(view.value());
                }
            } else if data.opcode != Opcode::KsLoad {
                for &operand in &data.operands {
                    stored.insert(operand, None);
                }
            }
        }
        Ranges { func, types, stored, found: RefCell::default() }
    }

    /// The largest number that a value can be; none if it may be negative.
    pub fn largest(&self, value: Value) -> Option<u64> {
        self.within(value, DEPTH)
    }

    fn within(&self, value: Value, depth: u32) -> Option<u64> {
        if let Some(&found) = self.found.borrow().get(&(value, depth)) {
            return found;
        }
        let known = self.func.def(value).filter(|_| depth > 0).and_then(|op| self.computed(op, depth - 1));
        let largest = match (known, self.of_type(self.func.ty(value))) {
            (Some(known), Some(of_type)) => Some(known.min(of_type)),
            (known, of_type) => known.or(of_type),
        };
        self.found.borrow_mut().insert((value, depth), largest);
        largest
    }

    fn of_type(&self, ty: Ty) -> Option<u64> {
        if ty == Ty::BOOL {
            return Some(1);
        }
        match self.types.as_int(ty)? {
            (bits, false) => u64::try_from(fold::range(bits, false).1).ok(),
            (_, true) => None,
        }
    }

    /// From what the op does with its operands, where the result fits its type.
    fn computed(&self, op: OpId, depth: u32) -> Option<u64> {
        let data = &self.func.ops[op];
        if data.opcode == Opcode::KsConst {
            return u64::try_from(KsConst::of(data).value()).ok();
        }
        if data.opcode == Opcode::KsBits {
            return Some((1 << KsBits::of(data).width()) - 1);
        }
        if data.opcode == Opcode::KsLoad {
            let stored = self.stored.get(&KsLoad::of(data).place())?.as_ref()?;
            let all: Option<Vec<u64>> = stored.iter().map(|&value| self.within(value, depth)).collect();
            return all?.into_iter().max();
        }
        self.fits(op, self.arithmetic(op, depth)?)
    }

    /// The largest result, were there no width.
    fn arithmetic(&self, op: OpId, depth: u32) -> Option<u64> {
        let data = &self.func.ops[op];
        let is = |opcode: Opcode| data.opcode == opcode;
        let operand = |index: usize| self.within(data.operands[index], depth);
        let constant = |index: usize| u64::try_from(self.func.known(self.types, data.operands[index])?).ok();
        if is(Opcode::ArithCast) {
            operand(0)
        } else if is(Opcode::KsDiv) {
            // By a negative number it would be one.
            operand(1).and(operand(0))
        } else if is(Opcode::ArithAdd) {
            operand(0)?.checked_add(operand(1)?)
        } else if is(Opcode::ArithMul) {
            operand(0)?.checked_mul(operand(1)?)
        } else if is(Opcode::ArithSelect) {
            Some(operand(1)?.max(operand(2)?))
        } else if is(Opcode::ArithAnd) {
            operand(0).into_iter().chain(operand(1)).min()
        } else if is(Opcode::ArithShl) || is(Opcode::KsShl) {
            operand(0)?.checked_mul(1_u64.checked_shl(u32::try_from(constant(1)?).ok()?)?)
        } else if is(Opcode::ArithShr) || is(Opcode::KsShr) {
            operand(0)?.checked_shr(u32::try_from(constant(1)?).ok()?)
        } else if is(Opcode::KsRem) {
            Some(constant(1)?.checked_sub(1)?.min(operand(0)?))
        } else {
            None
        }
    }

    /// Nothing is known of a result that may wrap.
    fn fits(&self, op: OpId, largest: u64) -> Option<u64> {
        let (bits, signed) = self.types.as_int(self.func.ty(self.func.ops[op].results[0]))?;
        fold::fits(largest.into(), bits, signed).then_some(largest)
    }
}
