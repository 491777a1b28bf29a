//! The largest value of a number, as far as the code that computes it shows.

use super::ops::{ArithAdd, ArithCmp, ArithSelect, KsAssignOp, KsBits, KsConst, KsFor, KsLoad, KsStore};
use super::tested_ranges::Bound;
use super::{BlockId, Function, OpId, Opcode, Value, ValueDef};
use crate::fold;
use crate::types::{Space, Ty, TyKind, Types};
use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashMap;

/// Deeper than people write expressions; variables that are computed from themselves end here.
pub(super) const DEPTH: u32 = 32;

/// No packet is longer: include/linux/netdevice.h has 8 * 65535 for the longest that devices segment (`GSO_MAX_SIZE`), and what has
/// come in is joined to as much (`GRO_MAX_SIZE`); programs make packets no longer than the largest MTU.
const LONGEST_PACKET: u64 = 1 << 24;

/// An offset that `bpf.advance` adds may be this large for all that a verifier knows, whatever its limit.
pub const SMALL_OFFSET: u64 = 4095;

/// A write to a variable.
#[derive(Clone, Copy)]
pub(super) struct Written {
    pub(super) op: OpId,
    value: Value,
    /// The value is added to what the variable holds.
    adds: bool,
}

/// For each variable of a function: the writes to it; none if anything else writes it or its address is taken.
#[derive(Clone)]
pub struct Writes(HashMap<Value, Option<Vec<Written>>>);

impl Writes {
    /// Goes through the whole function. They stay true while code is added that writes no variable of before.
    pub fn of(func: &Function) -> Writes {
        let mut written: HashMap<Value, Option<Vec<Written>>> = HashMap::new();
        for (op, data) in func.each() {
            if let Some((place, by)) = write(func, op) {
                if let Some(writes) = written.entry(place).or_insert_with(|| Some(Vec::new())) {
                    writes.push(by);
                }
            } else if data.opcode != Opcode::KsLoad {
                for &operand in &data.operands {
                    written.insert(operand, None);
                }
            }
        }
        Writes(written)
    }

    /// Those to one variable, where all are known.
    pub(super) fn to(&self, place: Value) -> Option<&Vec<Written>> {
        self.0.get(&place)?.as_ref()
    }
}

/// Ranges of one function's values.
pub struct Ranges<'a> {
    pub(super) func: &'a Function,
    pub(super) types: &'a Types,
    /// The largest values of the function's parameters; none for one that is unknown.
    params: &'a [Option<u64>],
    pub(super) written: Cow<'a, Writes>,
    /// The indexes of the ops in the text, where tests are looked at.
    pub(super) order: Option<HashMap<OpId, usize>>,
    /// What tests show of a variable or a value at an index of a block, by the depth of the search.
    pub(super) bounds: RefCell<HashMap<(Value, BlockId, usize, u32), Bound>>,
    /// Results, by the depth of the search, also for what variables hold. A variable leads to all values stored in it, and each of
    /// these may lead to the variable again: without this the search follows each path through them.
    found: RefCell<HashMap<(Value, u32), Option<u64>>>,
}

impl<'a> Ranges<'a> {
    /// The ranges of a function whose parameters may have any value of their types.
    pub fn of(func: &'a Function, types: &'a Types) -> Ranges<'a> {
        Ranges::with_params(func, types, &[])
    }

    /// The ranges of a function whose parameters are at most these values.
    pub fn with_params(func: &'a Function, types: &'a Types, params: &'a [Option<u64>]) -> Ranges<'a> {
        Ranges::given(func, types, params, Cow::Owned(Writes::of(func)))
    }

    /// The same, for many questions of a function that grows between them.
    pub fn with_writes(
        func: &'a Function,
        types: &'a Types,
        params: &'a [Option<u64>],
        writes: &'a Writes,
    ) -> Ranges<'a> {
        Ranges::given(func, types, params, Cow::Borrowed(writes))
    }

    fn given(func: &'a Function, types: &'a Types, params: &'a [Option<u64>], written: Cow<'a, Writes>) -> Ranges<'a> {
        Ranges { func, types, params, written, order: None, bounds: RefCell::default(), found: RefCell::default() }
    }

    /// The ranges of a function with the limits that tests of numbers show.
    pub fn with_tests(func: &'a Function, types: &'a Types) -> Ranges<'a> {
        let order = func.walk().into_iter().enumerate().map(|(at, op)| (op, at)).collect();
        Ranges { order: Some(order), ..Ranges::of(func, types) }
    }

    /// The largest number that a value can be; none if it may be negative.
    pub fn largest(&self, value: Value) -> Option<u64> {
        self.within(value, DEPTH)
    }

    pub(super) fn within(&self, value: Value, depth: u32) -> Option<u64> {
        if let Some(&found) = self.found.borrow().get(&(value, depth)) {
            return found;
        }
        let known = match self.func.def(value) {
            Some(op) if depth > 0 && self.func.ops[op].opcode == Opcode::KsIf => self.result(value, op, depth - 1),
            Some(op) => Some(op).filter(|_| depth > 0).and_then(|op| self.computed(op, depth - 1)),
            None => self.of_param(value).or_else(|| self.of_index(value, depth)),
        };
        let largest = match (known, self.of_type(self.func.ty(value))) {
            (Some(known), Some(of_type)) => Some(known.min(of_type)),
            (known, of_type) => known.or(of_type),
        };
        self.found.borrow_mut().insert((value, depth), largest);
        largest
    }

    fn of_param(&self, value: Value) -> Option<u64> {
        let params = &self.func.blocks[self.func.entry()].args;
        let at = params.iter().position(|&param| param == value)?;
        self.params.get(at).copied().flatten()
    }

    /// The index of a loop that counts up.
    fn of_index(&self, value: Value, depth: u32) -> Option<u64> {
        let ValueDef::Arg(block, 0) = self.func.values[value].def else { return None };
        let holder = self.func.regions[self.func.blocks[block].region].parent?;
        let data = &self.func.ops[holder];
        if data.opcode != Opcode::KsFor || depth == 0 {
            return None;
        }
        let view = KsFor::of(data);
        // It is at least the low bound, which may be negative.
        u64::try_from(self.func.known(self.types, view.low())?).ok()?;
        let high = self.within(view.high(), depth - 1)?;
        if view.inclusive() { Some(high) } else { Some(high.saturating_sub(1)) }
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
        if self.is_packet_length(op) {
            return Some(LONGEST_PACKET);
        }
        if data.opcode == Opcode::KsBits {
            return Some((1 << KsBits::of(data).width()) - 1);
        }
        if data.opcode == Opcode::KsLoad {
            let held = self.held(KsLoad::of(data).place(), depth);
            return held.into_iter().chain(self.tested(op, depth)).min();
        }
        self.fits(op, self.arithmetic(op, depth)?)
    }

    /// The larger of two numbers that are chosen from, but for two forms of choices: of the smaller number, and of a difference where
    /// that is no less than zero.
    fn chosen(&self, select: OpId, depth: u32) -> Option<u64> {
        let view = ArithSelect::of(&self.func.ops[select]);
        let (then, otherwise) = (view.then(), view.otherwise());
        let largest = |value: Value| self.within(value, depth);
        let unsigned = self.types.as_int(self.func.ty(then)).is_some_and(|(_, signed)| !signed);
        let compared = self.func.def(view.condition()).map(|op| &self.func.ops[op]).filter(|data| {
            unsigned && data.opcode == Opcode::ArithCmp && matches!(ArithCmp::of(data).pred(), "le" | "lt")
        });
        let Some(&[less, more]) = compared.map(|data| &data.operands[..]) else {
            return Some(largest(then)?.max(largest(otherwise)?));
        };
        let difference =
            self.func.def(then).map(|op| &self.func.ops[op]).filter(|data| data.opcode == Opcode::ArithSub);
        if difference.is_some_and(|data| data.operands == [more, less]) {
            return Some(largest(more)?.max(largest(otherwise)?));
        }
        if [less, more] == [then, otherwise] {
            return largest(then).into_iter().chain(largest(otherwise)).min();
        }
        Some(largest(then)?.max(largest(otherwise)?))
    }

    /// Also after the pass `packet`, as the difference of the packet's end and its start.
    fn is_packet_length(&self, op: OpId) -> bool {
        let data = &self.func.ops[op];
        if data.opcode != Opcode::BpfWhole {
            return matches!(data.opcode, Opcode::PacketLen | Opcode::PacketSize);
        }
        let difference = self.func.def(data.operands[0]).map(|op| &self.func.ops[op]);
        let is_pointer = |&value: &Value| {
            let cast =
                self.func.def(value).map(|op| &self.func.ops[op]).filter(|data| data.opcode == Opcode::ArithCast);
            let ty = cast.map(|data| self.types.kind(self.func.ty(data.operands[0])));
            matches!(ty, Some(TyKind::Ptr { space: Space::Packet, .. }))
        };
        difference.is_some_and(|data| data.opcode == Opcode::ArithSub && data.operands.iter().all(is_pointer))
    }

    /// The largest number in a variable. Each load of it asks.
    fn held(&self, place: Value, depth: u32) -> Option<u64> {
        if let Some(&found) = self.found.borrow().get(&(place, depth)) {
            return found;
        }
        let largest = self.stored(place, depth);
        self.found.borrow_mut().insert((place, depth), largest);
        largest
    }

    /// One that is stored, plus each that is added, as often as that may happen.
    fn stored(&self, place: Value, depth: u32) -> Option<u64> {
        self.func.def(place).filter(|&def| self.func.ops[def].opcode == Opcode::KsVar)?;
        let writes = self.written.to(place)?;
        let mut stored: Option<u64> = None;
        let mut added: u64 = 0;
        for by in writes {
            let value = self.within(by.value, depth)?;
            if by.adds {
                added = added.checked_add(value.checked_mul(self.executions(by.op, depth)?)?)?;
            } else {
                stored = stored.max(Some(value));
            }
        }
        let largest = stored?.checked_add(added)?;
        let fits = |by: &&Written| {
            let TyKind::Place { of, .. } = self.types.kind(self.func.ty(place)) else { return false };
            let computed = if by.adds { self.compute(by.op) } else { of };
            [of, computed].iter().all(|&ty| self.is_in(ty, largest))
        };
        (added == 0 || writes.iter().all(|by| fits(&by))).then_some(largest)
    }

    /// How often an op runs at most in one call of the function.
    fn executions(&self, op: OpId, depth: u32) -> Option<u64> {
        let mut all: u64 = 1;
        for around in self.func.loops(op) {
            let data = &self.func.ops[around];
            if data.opcode != Opcode::KsFor {
                return None;
            }
            let view = KsFor::of(data);
            let low = u64::try_from(self.func.known(self.types, view.low())?).ok()?;
            let high = self.within(view.high(), depth)?;
            let count = high.saturating_sub(low).checked_add(u64::from(view.inclusive()))?;
            all = all.checked_mul(count)?;
        }
        Some(all)
    }

    /// The largest result, were there no width.
    fn arithmetic(&self, op: OpId, depth: u32) -> Option<u64> {
        let data = &self.func.ops[op];
        let is = |opcode: Opcode| data.opcode == opcode;
        let operand = |index: usize| self.within_at(data.operands[index], op, depth);
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
            self.chosen(op, depth)
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
        self.is_in(self.func.ty(self.func.ops[op].results[0]), largest).then_some(largest)
    }

    fn is_in(&self, ty: Ty, number: u64) -> bool {
        self.types.as_int(ty).is_some_and(|(bits, signed)| fold::fits(number.into(), bits, signed))
    }

    /// The type that an update is computed in.
    fn compute(&self, op: OpId) -> Ty {
        let data = &self.func.ops[op];
        if data.opcode == Opcode::KsAssignOp { KsAssignOp::of(data).compute() } else { self.func.ty(data.operands[1]) }
    }
}

/// The place that an op writes, and what to it: a store, perhaps of what the place holds and a number more, or an update that adds.
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
