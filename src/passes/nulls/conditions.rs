//! The facts that conditions show, and the facts at the start and the end of regions.

use super::facts::{Known, Outcome, Path};
use super::flow::Follow;
use crate::fold::CompareOp;
use crate::ir::ops::{ArithCmp, ArithXor, KsConst, KsMatch, PacketLen};
use crate::ir::{OpData, OpId, Opcode, Value};
use crate::types::Ty;

impl Follow<'_> {
    /// Into a region; whether control comes there.
    pub(super) fn enter(&self, op: OpId, region: usize, by: OpId, known: &mut Known) -> bool {
        let data = &self.func.ops[op];
        if data.opcode == Opcode::KsIf {
            return self.learn(data.operands[0], region == 0, known);
        }
        if data.opcode == Opcode::KsWhile && region == 1 {
            return self.learn(self.func.ops[by].operands[0], true, known);
        }
        if data.opcode == Opcode::KsMatch
            && let Some(outcome) = self.only_outcome(data, region)
        {
            let subject = self.uncast(KsMatch::of(data).subject());
            return self.learn(subject, outcome, known);
        }
        if data.opcode == Opcode::KsIfSome && region == 0 {
            let optional = self.def(data.operands[0]).filter(|def| def.opcode == Opcode::MemSome);
            if let Some(some) = optional {
                self.note_present(some.operands[0], known);
            }
            let block = self.func.only_block(data.regions[0]);
            for &arg in &self.func.blocks[block].args {
                known.note_present(Path::of(arg));
            }
        }
        true
    }

    /// The value of a bool for which a `match` takes a region, if that is one.
    fn only_outcome(&self, data: &OpData, region: usize) -> Option<bool> {
        let view = KsMatch::of(data);
        if self.func.ty(self.uncast(view.subject())) != Ty::BOOL {
            return None;
        }
        let last = data.regions.len() - 1;
        let arm = |number: i128| {
            let case = view.cases().chunks_exact(3).find(|case| (case[0]..=case[1]).contains(&number));
            case.map_or(last, |case| case[2] as usize)
        };
        let taken = [arm(0) == region, arm(1) == region];
        (taken[0] != taken[1]).then_some(taken[1])
    }

    fn uncast(&self, value: Value) -> Value {
        match self.def(value).filter(|def| def.opcode == Opcode::ArithCast) {
            Some(def) => self.uncast(def.operands[0]),
            None => value,
        }
    }

    /// To what follows an op; whether control comes there.
    pub(super) fn behind(&self, op: OpId, by: OpId, known: &mut Known) -> bool {
        let (data, end) = (&self.func.ops[op], &self.func.ops[by]);
        if end.opcode != Opcode::KsYield {
            return true;
        }
        if data.opcode == Opcode::KsWhile {
            return self.learn(end.operands[0], false, known) || self.bounded.contains(&op);
        }
        for (&result, &value) in std::iter::zip(&data.results, &end.operands) {
            let ty = self.func.ty(result);
            let present = self.may_be_null(ty) && self.is_present(value, known);
            let outcome = (ty == Ty::BOOL).then(|| self.outcome(value, known));
            known.forget_of(result);
            known.outcomes.remove(&result);
            if present {
                known.note_present(Path::of(result));
            }
            known.outcomes.extend(outcome.map(|outcome| (result, outcome)));
        }
        true
    }

    /// All that is known for each value of a bool.
    fn outcome(&self, value: Value, known: &Known) -> Outcome {
        let mut outcome = Outcome::default();
        for wanted in [false, true] {
            let mut learnt = known.clone();
            if self.learn(value, wanted, &mut learnt) {
                outcome.when[usize::from(wanted)] = Some(learnt.facts);
            }
        }
        outcome
    }

    /// Adds what a condition shows if its outcome is this; whether it can be.
    pub(super) fn learn(&self, condition: Value, outcome: bool, known: &mut Known) -> bool {
        if let Some(shows) = known.outcomes.get(&condition) {
            let Some(facts) = shows.when[usize::from(outcome)].clone() else { return false };
            known.add(&facts);
            return true;
        }
        let Some(def) = self.def(condition) else { return true };
        if def.opcode == Opcode::KsConst {
            return (KsConst::of(def).value() != 0) == outcome;
        }
        if def.opcode == Opcode::ArithXor && self.func.known(self.types, ArithXor::of(def).right()) == Some(1) {
            return self.learn(ArithXor::of(def).left(), !outcome, known);
        }
        if def.opcode == Opcode::KsAbsent {
            let was_present = self.is_present(def.operands[0], known);
            if !outcome {
                self.note_present(def.operands[0], known);
            }
            return !(outcome && was_present);
        }
        if def.opcode == Opcode::MemIsNull && !outcome {
            self.note_present(def.operands[0], known);
        } else if def.opcode == Opcode::ArithCmp {
            return self.learn_compared(&ArithCmp::of(def), outcome, known);
        }
        true
    }

    fn learn_compared(&self, view: &ArithCmp<'_>, outcome: bool, known: &mut Known) -> bool {
        let Some(op) = CompareOp::from_word(view.pred()) else { return true };
        let (left, right) = (view.left(), view.right());
        if outcome == (op == CompareOp::Ne) && matches!(op, CompareOp::Eq | CompareOp::Ne) {
            let is_null =
                |value: Value| self.def(self.unconverted(value)).is_some_and(|def| def.opcode == Opcode::KsNull);
            for (pointer, other) in [(left, right), (right, left)] {
                if is_null(other) {
                    self.note_present(pointer, known);
                }
            }
        }
        if known.outcomes.contains_key(&left)
            && matches!(op, CompareOp::Eq | CompareOp::Ne)
            && self.func.known(self.types, right) == Some(0)
        {
            return self.learn(left, outcome == (op == CompareOp::Ne), known);
        }
        let length = |value: Value| self.def(value).filter(|def| def.opcode == Opcode::PacketLen);
        let (op, length, bound) = match (length(left), length(right)) {
            (Some(length), None) => (op, length, right),
            (None, Some(length)) => (op.mirrored(), length, left),
            (Some(_), Some(_)) | (None, None) => return true,
        };
        let bound = self.func.known(self.types, bound).and_then(|bound| u64::try_from(bound).ok());
        if let Some(bytes) = bound.and_then(|bound| op.least(bound, outcome)) {
            known.note_length(PacketLen::of(length).ctx(), bytes);
        }
        true
    }
}
