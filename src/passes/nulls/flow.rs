//! The transfer function of ops; `conditions.rs` has that of conditions.

use super::facts::{Known, Outcome, Path, Root, State, Step};
use super::last_uses::LastUses;
use crate::dataflow::Analysis;
use crate::ir::flow::{self, Edge};
use crate::ir::ops::{KsAbsent, KsField, KsGlobal};
use crate::ir::{Function, OpData, OpId, Opcode, Role, Value, ValueDef};
use crate::tables::{OpTrait, is_kernel_context};
use crate::types::{Ty, TyKind, Types};
use std::collections::BTreeSet;
use std::rc::Rc;

/// So many values are known without a look at which are used further on.
const ROOM: usize = 64;

/// The transfer function for one function, and the facts about it that do not change.
pub struct Follow<'m> {
    pub func: &'m Function,
    pub types: &'m Types,
    last_uses: LastUses,
    /// How many values may be known before those that are not used further on are dropped.
    room: usize,
    /// Endless loops that end all the same, after the most iterations that a kernel allows.
    pub(super) bounded: BTreeSet<OpId>,
}

impl<'m> Follow<'m> {
    /// Prepares for a function, whose graph is `graph`.
    pub fn new(func: &'m Function, types: &'m Types, graph: &flow::Graph) -> Follow<'m> {
        let mut bounded = BTreeSet::new();
        if !matches!(func.role, Role::Main) {
            let edges = graph.nodes.iter().flat_map(|node| &node.to);
            bounded.extend(edges.filter_map(|edge| match edge.step {
                flow::Step::Into(op, 0) if edge.by != op => Some(op),
                flow::Step::Into(..) | flow::Step::Behind(_) | flow::Step::Successor(_) | flow::Step::Out => None,
            }));
        }
        Follow { func, types, last_uses: LastUses::of(func), room: ROOM, bounded }
    }
}

impl Analysis for Follow<'_> {
    type State = State;

    fn step(&mut self, op: OpId, state: &mut State) {
        let Some(known) = state else { return };
        let data = &self.func.ops[op];
        if data.opcode == Opcode::KsLoad {
            self.load(data, known);
            self.drop_dead(op, known);
        } else if data.opcode == Opcode::KsStore {
            self.store(data, known);
        } else if data.opcode == Opcode::KsCopy {
            self.copy(data, known);
        } else if data.opcode == Opcode::KsVar {
            let variable = data.results[0];
            known.addressed.remove(&variable);
            known.outcomes.remove(&variable);
            known.forget_of(variable);
        } else if data.opcode == Opcode::KsAddr {
            let variable = self.variable(data.operands[0]);
            known.addressed.extend(variable);
            known.handed.retain(|handed| variable != Some(*handed));
            known.outcomes.retain(|holder, _| variable != Some(*holder));
        } else if data.opcode == Opcode::KsPresent {
            self.note_present(data.operands[0], known);
        } else if data.opcode == Opcode::KsAbsent {
            if KsAbsent::of(data).unproven() == "error" {
                self.note_present(data.operands[0], known);
            }
        } else if matches!(data.opcode, Opcode::KsDeref | Opcode::KsField | Opcode::KsGlobal) {
            if let Some(path) = self.path(data.results[0], known) {
                known.read.insert(data.results[0], path);
                self.drop_dead(op, known);
            }
        } else if data.opcode == Opcode::KsZero && data.loc.made_by.is_some() {
            let outcome = self.remembered(false, known);
            self.written(data.operands[0], known);
            known.outcomes.insert(data.operands[0], outcome);
        } else if !data.opcode.has(OpTrait::Pure) && data.regions.is_empty() {
            self.other(data, known);
        }
    }

    fn edge(&mut self, edge: &Edge, state: &mut State) {
        let Some(known) = state else { return };
        let comes = match edge.step {
            flow::Step::Into(op, region) => self.enter(op, region, edge.by, known),
            flow::Step::Behind(op) => self.behind(op, edge.by, known),
            flow::Step::Successor(_) | flow::Step::Out => true,
        };
        if !comes {
            *state = None;
            return;
        }
        let at = match edge.step {
            flow::Step::Into(op, _) => (op, false),
            flow::Step::Behind(op) => (op, true),
            flow::Step::Successor(_) | flow::Step::Out => return,
        };
        known.drop_dead(self.last_uses.over(at.0, at.1));
    }
}

/// Places and pointers.
impl Follow<'_> {
    /// Code without branches may read so many values that each later step would look at thousands that are not used any more.
    fn drop_dead(&mut self, op: OpId, known: &mut Known) {
        if known.read.len() > self.room {
            known.drop_dead(self.last_uses.over(op, false));
            self.room = ROOM.max(2 * known.read.len());
        }
    }

    pub(super) fn def(&self, value: Value) -> Option<&OpData> {
        self.func.def(value).map(|op| &self.func.ops[op])
    }

    /// Where a place is, or what a pointer was read from.
    fn path(&self, value: Value, known: &Known) -> Option<Path> {
        if let Some(path) = known.read.get(&value) {
            return Some(path.clone());
        }
        let Some(def) = self.def(value) else { return Some(Path::of(value)) };
        if def.opcode == Opcode::KsGlobal {
            return Some(Path { root: Root::Global(KsGlobal::of(def).global().clone()), steps: Vec::new() });
        }
        if def.opcode == Opcode::KsField {
            let view = KsField::of(def);
            // For the verifier each pointer that is read from such a context is another one.
            if let TyKind::Place { of, .. } = self.types.kind(self.func.ty(view.base()))
                && is_kernel_context(self.types, of)
            {
                return None;
            }
            return Some(self.path(view.base(), known)?.then(Step::Field(view.field() as usize)));
        }
        if def.opcode == Opcode::KsDeref {
            return Some(self.path(self.unconverted(def.operands[0]), known)?.then(Step::Deref));
        }
        (!matches!(def.opcode, Opcode::KsElem)).then(|| Path::of(value))
    }

    /// A pointer before conversions.
    pub(super) fn unconverted(&self, pointer: Value) -> Value {
        let converted = self.def(pointer).filter(|def| def.opcode == Opcode::ArithCast).map(|def| def.operands[0]);
        match converted {
            Some(inner) if matches!(self.types.kind(self.func.ty(inner)), TyKind::Ptr { .. }) => {
                self.unconverted(inner)
            }
            Some(_) | None => pointer,
        }
    }

    /// The variable that a place is a part of.
    fn variable(&self, place: Value) -> Option<Value> {
        let Some(def) = self.def(place) else { return Some(place) };
        if matches!(def.opcode, Opcode::KsField | Opcode::KsElem) {
            return self.variable(def.operands[0]);
        }
        (def.opcode == Opcode::KsVar).then_some(place)
    }

    /// Whether a place is where a parameter points: in memory of the caller, where no variable of this function is.
    fn is_of_caller(&self, place: Value, known: &Known) -> bool {
        let Some(def) = self.def(place) else { return false };
        if matches!(def.opcode, Opcode::KsField | Opcode::KsElem) {
            return self.is_of_caller(def.operands[0], known);
        }
        if def.opcode != Opcode::KsDeref {
            return false;
        }
        let pointer = self.unconverted(def.operands[0]);
        let is_handed = |path: &Path| known.handed.iter().any(|&variable| *path == Path::of(variable));
        self.is_param(pointer) || known.read.get(&pointer).is_some_and(is_handed)
    }

    fn is_param(&self, value: Value) -> bool {
        matches!(self.func.values[value].def, ValueDef::Arg(block, _) if block == self.func.entry())
    }

    fn held(&self, place: Value) -> Ty {
        let ty = self.func.ty(place);
        if let TyKind::Place { of, .. } = self.types.kind(ty) { of } else { ty }
    }

    pub(super) fn may_be_null(&self, ty: Ty) -> bool {
        matches!(self.types.kind(ty), TyKind::Ptr { nullable: true, .. } | TyKind::Fn(_))
    }

    /// Whether a pointer is certainly not null.
    pub fn is_present(&self, pointer: Value, known: &Known) -> bool {
        let inner = self.unconverted(pointer);
        if !self.may_be_null(self.func.ty(inner)) {
            return true;
        }
        let is_function = self.def(inner).is_some_and(|def| def.opcode == Opcode::KsFunc);
        let is_known = |path: &Path| known.facts.present.contains(path);
        is_function || is_known(&Path::of(inner)) || known.read.get(&inner).is_some_and(is_known)
    }

    pub(super) fn note_present(&self, pointer: Value, known: &mut Known) {
        let inner = self.unconverted(pointer);
        let read = known.read.get(&inner).cloned();
        known.note_present(Path::of(inner));
        if let Some(path) = read {
            known.note_present(path);
        }
    }
}

/// Ops.
impl Follow<'_> {
    fn load(&self, data: &OpData, known: &mut Known) {
        let (place, result) = (data.operands[0], data.results[0]);
        known.forget_of(result);
        known.outcomes.remove(&result);
        let ty = self.func.ty(result);
        if let Some(outcome) = known.outcomes.get(&place).cloned() {
            known.outcomes.insert(result, outcome);
        } else if matches!(self.types.kind(ty), TyKind::Ptr { .. } | TyKind::Fn(_))
            && let Some(path) = self.path(place, known)
        {
            known.read.insert(result, path);
        }
    }

    fn store(&self, data: &OpData, known: &mut Known) {
        let (place, value) = (data.operands[0], data.operands[1]);
        let is_pointer = matches!(self.types.kind(self.func.ty(value)), TyKind::Ptr { .. } | TyKind::Fn(_));
        let present = is_pointer && self.is_present(value, known);
        let outcome = if known.addressed.contains(&place) { None } else { self.kept(data, known) };
        self.written(place, known);
        if self.is_param(value) {
            known.handed.insert(place);
        }
        if let Some(outcome) = outcome {
            known.outcomes.insert(place, outcome);
        }
        if present && let Some(path) = self.path(place, known) {
            known.note_present(path);
        }
    }

    fn copy(&self, data: &OpData, known: &mut Known) {
        let (place, from) = (data.operands[0], data.operands[1]);
        let from = self.path(from, known);
        let parts: Vec<Path> = match &from {
            Some(from) => known.facts.present.iter().filter(|path| path.begins_with(from)).cloned().collect(),
            None => Vec::new(),
        };
        self.written(place, known);
        let (Some(from), Some(to)) = (from, self.path(place, known)) else { return };
        for part in parts {
            let steps = to.steps.iter().chain(&part.steps[from.steps.len()..]).copied().collect();
            known.note_present(Path { root: to.root.clone(), steps });
        }
    }

    /// Something is written to a place.
    fn written(&self, place: Value, known: &mut Known) {
        known.outcomes.remove(&place);
        known.handed.remove(&place);
        let ty = self.held(place);
        let holds_pointer = self.types.holds(ty, &|kind| matches!(kind, TyKind::Ptr { .. }));
        if !holds_pointer && ty != Ty::U8 && !matches!(self.types.kind(ty), TyKind::Fn(_)) {
            return;
        }
        let Some(variable) = self.variable(place) else {
            return if self.is_of_caller(place, known) { known.forget_pointed() } else { known.forget_addressed() };
        };
        let leads_there = known.addressed.contains(&variable);
        let part = self.path(place, known);
        known.forget(|path| {
            let is_part = part.as_ref().map_or_else(|| path.is_of(variable), |part| path.begins_with(part));
            is_part || leads_there && path.follows_pointer()
        });
    }

    fn other(&self, data: &OpData, known: &mut Known) {
        let calls = data.opcode.has(OpTrait::Calls) || data.opcode == Opcode::HostCall;
        if calls && data.opcode != Opcode::KsPrint {
            known.forget_addressed();
        }
        for (index, &operand) in data.operands.iter().enumerate() {
            if matches!(self.types.kind(self.func.ty(operand)), TyKind::Place { .. }) && data.may_write(index) {
                self.written(operand, known);
            }
        }
    }

    /// The facts that a stored bool shows. A stored number shows facts too if a pass stores it to remember a path.
    fn kept(&self, store: &OpData, known: &Known) -> Option<Outcome> {
        let value = store.operands[1];
        let number = self.func.known(self.types, value);
        if self.func.ty(value) != Ty::BOOL {
            return number.filter(|_| store.loc.made_by.is_some()).map(|number| self.remembered(number != 0, known));
        }
        let mut outcome = Outcome::default();
        for wanted in [true, false] {
            let mut learnt = known.clone();
            let may_be = number.is_none_or(|number| (number != 0) == wanted);
            if !may_be || !self.learn(value, wanted, &mut learnt) {
                continue;
            }
            let present = learnt.facts.present.iter();
            let tested = present.filter_map(|path| self.pointer_variable(path, known));
            outcome.tests.extend(tested.map(|pointer| (pointer, wanted)));
            outcome.when[usize::from(wanted)] = Some(learnt.facts);
        }
        Some(outcome)
    }

    fn remembered(&self, value: bool, known: &Known) -> Outcome {
        let mut outcome = Outcome::default();
        outcome.when[usize::from(value)] = Some(Rc::clone(&known.facts));
        outcome
    }

    /// The variable, parameter or bound pointer that a path is as a whole, if nothing else leads to it.
    fn pointer_variable(&self, path: &Path, known: &Known) -> Option<Value> {
        let Root::Value(value) = path.root else { return None };
        let named = self.def(value).is_none_or(|def| def.opcode == Opcode::KsVar);
        (named && path.steps.is_empty() && !known.addressed.contains(&value)).then_some(value)
    }
}
