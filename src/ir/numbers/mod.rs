//! The numbers that a value can be, as far as the code that computes it shows: `Numbers` answers for one value at a time.
//!
//! `number.rs` is the lattice with its transfer functions, `variables.rs` the numbers that variables hold, `comparisons.rs` those that are
//! left where control has passed a comparison, `params.rs` the parameters of functions, from the arguments of all calls. A client asks for
//! the parts that it needs: `Numbers::of(func, types).with_params(&params).with_comparisons()`.

mod comparisons;
mod number;
pub mod params;
mod variables;

pub use number::Number;
pub use variables::Writes;

use super::ops::{ArithCmp, ArithSelect, KsBits, KsConst, KsFor, KsLoad};
use super::{BlockId, Function, OpId, Opcode, Value, ValueDef};
use crate::fold::{ArithOp, CompareOp};
use crate::types::{Space, Ty, TyKind, Types};
use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashMap;

/// Deeper than people write expressions; variables that are computed from themselves end here.
const DEPTH: u32 = 32;

/// No packet is longer: include/linux/netdevice.h has 8 * 65535 for the longest that devices segment (`GSO_MAX_SIZE`), and what has
/// come in is joined to as much (`GRO_MAX_SIZE`); programs make packets no longer than the largest MTU.
pub const LONGEST_PACKET: i128 = 1 << 24;

/// An offset that `bpf.advance` adds may be this large for all that a verifier knows, whatever its limit.
pub const SMALL_OFFSET: u64 = 4095;

/// The numbers of one function's values.
pub struct Numbers<'a> {
    func: &'a Function,
    types: &'a Types,
    /// Of the function's parameters; empty if nothing is known of them.
    params: &'a [Number],
    written: Cow<'a, Writes>,
    /// The indexes of the ops in the text, if comparisons count.
    order: Option<HashMap<OpId, usize>>,
    /// The numbers that comparisons leave of a variable or a value at an index of a block, by the depth of the search.
    left: RefCell<HashMap<(Value, BlockId, usize, u32), Number>>,
    /// Results, by the depth of the search, also for what variables hold. A variable leads to all values stored in it, and each of
    /// these may lead to the variable again: without this the search follows each path through them.
    found: RefCell<HashMap<(Value, u32), Number>>,
}

impl<'a> Numbers<'a> {
    /// The numbers in a function whose parameters may have any value of their types, whatever it compares.
    pub fn of(func: &'a Function, types: &'a Types) -> Numbers<'a> {
        Numbers::with_writes(func, types, Cow::Owned(Writes::of(func)))
    }

    /// The same, with the writes to variables, for many questions of a function that grows between them.
    pub fn with_writes(func: &'a Function, types: &'a Types, written: Cow<'a, Writes>) -> Numbers<'a> {
        let (left, found) = (RefCell::default(), RefCell::default());
        Numbers { func, types, params: &[], written, order: None, left, found }
    }

    /// With the numbers of the parameters, from `params::of`.
    #[must_use]
    pub fn with_params(self, params: &'a [Number]) -> Numbers<'a> {
        Numbers { params, ..self }
    }

    /// With the limits that comparisons show to the code that depends on their outcome.
    #[must_use]
    pub fn with_comparisons(self) -> Numbers<'a> {
        let order = self.func.walk().into_iter().enumerate().map(|(at, op)| (op, at)).collect();
        Numbers { order: Some(order), ..self }
    }

    /// The numbers that a value can be.
    pub fn number(&self, value: Value) -> Number {
        self.within(value, DEPTH)
    }

    /// The largest number that a value can be; none if it may be negative, or is no number.
    pub fn largest(&self, value: Value) -> Option<u64> {
        self.is_number(value).then(|| self.number(value).largest()).flatten()
    }

    fn is_number(&self, value: Value) -> bool {
        let ty = self.func.ty(value);
        ty == Ty::BOOL || self.types.as_int(ty).is_some()
    }

    fn within(&self, value: Value, depth: u32) -> Number {
        if let Some(&found) = self.found.borrow().get(&(value, depth)) {
            return found;
        }
        let known = match self.func.def(value) {
            Some(op) if depth > 0 && self.func.ops[op].opcode == Opcode::KsIf => self.result(value, op, depth - 1),
            Some(op) => Some(op).filter(|_| depth > 0).and_then(|op| self.computed(op, depth - 1)),
            None => self.of_param(value).or_else(|| self.of_index(value, depth)),
        };
        let all = self.of_type(self.func.ty(value));
        let number = known.and_then(|known| known.meet(all)).unwrap_or(all);
        self.found.borrow_mut().insert((value, depth), number);
        number
    }

    fn of_param(&self, value: Value) -> Option<Number> {
        let params = &self.func.blocks[self.func.entry()].args;
        let at = params.iter().position(|&param| param == value)?;
        self.params.get(at).copied()
    }

    /// The index of a loop that counts up.
    fn of_index(&self, value: Value, depth: u32) -> Option<Number> {
        let ValueDef::Arg(block, 0) = self.func.values[value].def else { return None };
        let holder = self.func.regions[self.func.blocks[block].region].parent?;
        let data = &self.func.ops[holder];
        if data.opcode != Opcode::KsFor || depth == 0 {
            return None;
        }
        let view = KsFor::of(data);
        let (low, high) = (self.within(view.low(), depth - 1), self.within(view.high(), depth - 1));
        let last = high.high - i128::from(!view.inclusive());
        Some(Number::between(low.low, last.max(low.low)))
    }

    fn of_type(&self, ty: Ty) -> Number {
        if ty == Ty::BOOL { Number::between(0, 1) } else { self.types.as_int(ty).map_or(Number::ANY, Number::of_type) }
    }

    /// The results of an op with these operands; none if they are any of the type.
    fn computed(&self, op: OpId, depth: u32) -> Option<Number> {
        let data = &self.func.ops[op];
        if data.opcode == Opcode::KsConst {
            return Some(Number::exactly(KsConst::of(data).value()));
        }
        if self.is_packet_length(op) {
            return Some(Number::between(0, LONGEST_PACKET));
        }
        if data.opcode == Opcode::KsBits {
            let width = KsBits::of(data).width() as u8;
            let signed = self.types.as_int(self.func.ty(data.results[0])).is_some_and(|(_, signed)| signed);
            let (low, high) = crate::fold::range(width, signed);
            return Some(Number::between(low, high));
        }
        if data.opcode == Opcode::KsLoad {
            let (held, left) = (self.held(KsLoad::of(data).place(), depth), self.loaded(op, depth));
            return match (held, left) {
                (Some(held), Some(left)) => Some(held.meet(left).unwrap_or(held)),
                (held, left) => held.or(left),
            };
        }
        if data.opcode == Opcode::ArithSelect {
            return Some(self.chosen(op, depth));
        }
        let int = self.types.as_int(self.func.ty(*data.results.first()?))?;
        let operand = |index: usize| self.within_at(data.operands[index], op, depth);
        if data.opcode == Opcode::ArithCast {
            return Some(operand(0).wrapped(int));
        }
        Some(Number::arith(data.opcode.spec().computes?, operand(0), operand(1), int))
    }

    /// One of two numbers. Their comparison is the condition in two forms: the smaller or larger one is chosen, or their difference where
    /// that is not negative.
    fn chosen(&self, select: OpId, depth: u32) -> Number {
        let view = ArithSelect::of(&self.func.ops[select]);
        let (then, otherwise) = (view.then(), view.otherwise());
        let number = |value: Value| self.within(value, depth);
        let either = || number(then).join(number(otherwise));
        let Some(compare) = self.func.def(view.condition()).map(|op| &self.func.ops[op]) else { return either() };
        if compare.opcode != Opcode::ArithCmp {
            return either();
        }
        let compare = ArithCmp::of(compare);
        let Some(pred) = CompareOp::from_word(compare.pred()) else { return either() };
        let sides = [compare.left(), compare.right()];
        // The operand as it is where the comparison has this outcome.
        let under = |value: Value, pred: CompareOp| {
            let (other, pred) = match sides.iter().position(|&side| side == value) {
                Some(0) => (sides[1], pred),
                Some(_) => (sides[0], pred.mirrored()),
                None => return self.difference(value, (sides, pred), depth).unwrap_or(number(value)),
            };
            number(value).where_compared(pred, number(other)).unwrap_or(number(value))
        };
        under(then, pred).join(under(otherwise, pred.negated()))
    }

    /// `more - less`, where a comparison has shown that it is not negative.
    fn difference(&self, value: Value, (sides, pred): ([Value; 2], CompareOp), depth: u32) -> Option<Number> {
        let data = &self.func.ops[self.func.def(value)?];
        let [left, right] = sides;
        let (less, more) = match pred {
            CompareOp::Lt | CompareOp::Le => (left, right),
            CompareOp::Gt | CompareOp::Ge => (right, left),
            CompareOp::Eq | CompareOp::Ne => return None,
        };
        if data.opcode.spec().computes != Some(ArithOp::Sub) || data.operands != [more, less] {
            return None;
        }
        let (less, more) = (self.within(less, depth), self.within(more, depth));
        let (low, high) = ((more.low - less.high).max(0), more.high - less.low);
        let int = self.types.as_int(self.func.ty(value))?;
        (low <= high).then(|| Number::between(low, high)).filter(|number| number.fits(int))
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
}
