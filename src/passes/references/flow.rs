//! The transfer functions of ops and edges, on the cases of a function.

use super::cases::{Case, Cases, Known, Root, Status};
use super::report::Report;
use super::variables::variables;
use super::{Outcome, Outcomes, is_handed, is_object, kernel_call, live};
use crate::dataflow::{self, Analysis, Point};
use crate::diag::codes::limits::ManyReferences;
use crate::ir::flow::{Edge, Graph, Step};
use crate::ir::ops::{ArithCmp, KsCall, KsConst, KsLoad, KsStore, KsZero};
use crate::ir::{Function, Module, OpData, OpId, Opcode, Value};
use crate::session::Session;
use crate::tables::Reference;
use crate::types::{TyKind, Types};
use std::collections::{BTreeMap, BTreeSet};

/// How many parameters of a function may be null, each a case of its own.
const MAX_NULLABLE: usize = 6;

/// How often an op may be looked at in a case, in one function.
const MAX_STEPS: usize = 100_000;

/// Reports what is wrong in a function, and sums it up.
pub fn check(module: &Module, func: &Function, outcomes: &Outcomes, cx: &mut Session) -> BTreeSet<Outcome> {
    let graph = Graph::of(func);
    let mut flow = Flow::new((module, func), outcomes, &graph, &cx.types);
    let start = flow.start(&cx.types);
    let facts = dataflow::forward(&graph, &mut flow, start);
    if flow.steps == 0 {
        cx.error(func.name_span, ManyReferences { func: cx.source_name(&func.name) });
        return BTreeSet::new();
    }
    let mut report = Report::new(module, func, cx);
    let mut found = BTreeSet::new();
    let mut lost = Vec::new();
    facts.visit(&mut flow, |flow, (point, cases)| match point {
        Point::Op(op) => {
            cases.iter().for_each(|case| report.op(flow, op, case));
            cases
                .iter()
                .filter(|_| func.ops[op].opcode == Opcode::BpfTailCall)
                .for_each(|case| report.handed_over(op, case));
        }
        Point::Edge(edge) => {
            let roots: BTreeSet<Root> = cases.iter().flat_map(|case| flow.lost(edge, case)).collect();
            lost.extend(roots.into_iter().map(|root| (root, edge)));
            if edge.step == Step::Out {
                found.extend(cases.iter().map(|case| flow.outcome(edge.by, case)));
            }
        }
    });
    for (root, edge) in lost {
        report.lost(&mut flow, &facts, root, edge);
    }
    found
}

/// The transfer functions for one function.
pub struct Flow<'a> {
    module: &'a Module,
    pub func: &'a Function,
    outcomes: &'a Outcomes,
    /// The live values at the start of each node.
    live: Vec<BTreeSet<Value>>,
    /// The variables that the analysis follows, each with what it holds once it is cleared.
    variables: BTreeMap<Value, Known>,
    /// The pointers to objects.
    objects: BTreeSet<Value>,
    /// The parameters among them, at which the caller looks.
    given: BTreeSet<Value>,
    /// How many steps are left.
    steps: usize,
}

impl Analysis for Flow<'_> {
    type State = Cases;

    fn step(&mut self, op: OpId, cases: &mut Cases) {
        self.steps = self.steps.saturating_sub(cases.len());
        if self.steps == 0 {
            cases.clear();
        }
        *cases = std::mem::take(cases).into_iter().flat_map(|case| self.after(op, case)).collect();
    }

    fn edge(&mut self, edge: &Edge, cases: &mut Cases) {
        let taken = std::mem::take(cases).into_iter().filter_map(|mut case| {
            for root in self.lost(edge, &case) {
                case.status.insert(root, Status::Lost);
            }
            for locked in self.unlocked(edge) {
                case.give_back(locked, |root| matches!(root, Root::Acquired(op) if self.func.is_inside(op, locked)));
            }
            self.take(edge, &mut case).then_some(case)
        });
        let mut taken: Vec<Case> = taken.collect();
        if edge.step != Step::Out {
            for case in &mut taken {
                case.forget(&self.live[edge.to], |value| self.is_variable(value) && !self.given.contains(&value));
            }
        }
        cases.extend(taken);
    }
}

impl<'a> Flow<'a> {
    fn new(
        (module, func): (&'a Module, &'a Function),
        outcomes: &'a Outcomes,
        graph: &Graph,
        types: &Types,
    ) -> Flow<'a> {
        let (live, variables) = (live::at_starts(func, graph), variables((module, func), types));
        let operands = func.walk().into_iter().flat_map(|op| func.ops[op].operands.clone());
        let objects = operands.filter(|&value| is_object(module, types, func.ty(value))).collect();
        let given = BTreeSet::new();
        let mut flow = Flow { module, func, outcomes, live, variables, objects, given, steps: MAX_STEPS };
        flow.given = flow.given().map(|(_, place)| place).collect();
        flow.live.iter_mut().for_each(|live| live.extend(&flow.given));
        flow
    }

    /// Whether the analysis knows all writes to the variable.
    pub fn is_variable(&self, place: Value) -> bool {
        self.variables.contains_key(&place)
    }

    /// The parameters that point to objects, null or not.
    fn start(&self, types: &Types) -> Cases {
        // Nothing is thrown yet.
        let mut first = Case::default();
        first.known.extend(self.given().map(|(_, place)| (place, Known::Number(0))));
        let mut cases = vec![first];
        let mut nullable = 0;
        for (index, param) in
            self.func.params.iter().enumerate().filter(|(_, param)| is_object(self.module, types, param.ty))
        {
            let value = self.func.param(index);
            let may_be_null = matches!(types.kind(param.ty), TyKind::Ptr { nullable: true, .. });
            nullable += usize::from(may_be_null);
            if may_be_null && nullable > MAX_NULLABLE {
                continue;
            }
            let nulls = cases.iter().filter(|_| may_be_null).cloned().map(|mut case| {
                case.known.insert(value, Known::Null);
                case.nulls.insert(index, true);
                case
            });
            let nulls: Vec<Case> = nulls.collect();
            for case in &mut cases {
                case.known.insert(value, Known::Object(Some(Root::Param(index))));
                case.status.insert(Root::Param(index), Status::Owned);
                if may_be_null {
                    case.nulls.insert(index, false);
                }
            }
            cases.extend(nulls);
        }
        cases.into_iter().collect()
    }

    /// The parameters that are places of numbers.
    fn given(&self) -> impl Iterator<Item = (usize, Value)> {
        let params = (0..self.func.params.len()).map(|index| (index, self.func.param(index)));
        params.filter(|(_, param)| self.is_variable(*param))
    }

    /// The operands whose objects an op releases.
    pub fn released(&self, op: &OpData) -> Vec<Value> {
        if let Some((_, Reference::Releases | Reference::Exchanges)) = kernel_call(self.module, op) {
            return self.object_argument(op).into_iter().collect();
        }
        let Some(outcomes) = self.called(op) else { return Vec::new() };
        let params: BTreeSet<usize> = outcomes.iter().flat_map(|outcome| &outcome.released).copied().collect();
        params.into_iter().map(|param| KsCall::of(op).args()[param]).collect()
    }

    /// The pointer to an object that the kernel gets from an op.
    fn object_argument(&self, op: &OpData) -> Option<Value> {
        op.operands.iter().copied().find(|value| self.objects.contains(value))
    }

    fn called(&self, op: &OpData) -> Option<&'a BTreeSet<Outcome>> {
        if op.opcode == Opcode::KsCall { self.outcomes.get(KsCall::of(op).callee()) } else { None }
    }

    /// The cases behind an op, of one before it.
    fn after(&self, op: OpId, mut case: Case) -> Vec<Case> {
        let data = &self.func.ops[op];
        if let Some(outcomes) = self.called(data) {
            let mut cases: Vec<Case> =
                outcomes.iter().filter_map(|outcome| returned(op, data, outcome, &case)).collect();
            // In the callback that a loop becomes, the verifier does not know what the callee left in memory.
            if self.func.loops(op).next().is_some() {
                let places = data.operands.iter().filter(|&&place| self.is_variable(place));
                places.for_each(|&place| cases.iter_mut().for_each(|case| case.set(place, None)));
            }
            return cases;
        }
        if data.opcode == Opcode::KsCall {
            data.operands.iter().filter(|&&place| self.is_variable(place)).for_each(|&place| case.set(place, None));
        }
        if let Some((_, reference)) = kernel_call(self.module, data) {
            let of = self.object_argument(data).and_then(|value| case.root(value));
            return refer(op, data, (reference, of), case);
        }
        if is_handed(self.func, data) {
            case.status.insert(Root::Acquired(op), Status::Owned);
            case.set(data.results[0], Some(Known::Object(Some(Root::Acquired(op)))));
        } else if data.opcode == Opcode::KsStore {
            let view = KsStore::of(data);
            if self.is_variable(view.place()) {
                let known = case.known.get(&view.value()).copied();
                case.set(view.place(), known);
            }
        } else if data.opcode == Opcode::KsZero {
            let place = KsZero::of(data).place();
            if let Some(&zero) = self.variables.get(&place) {
                case.set(place, Some(zero));
            }
        } else if let [result] = data.results[..] {
            let known = self.value(data, &case);
            case.set(result, known);
        }
        vec![case]
    }

    /// What an op yields that neither calls nor stores.
    fn value(&self, op: &OpData, case: &Case) -> Option<Known> {
        let of = |value: Value| case.known.get(&value).copied();
        if op.opcode == Opcode::KsNull {
            return Some(Known::Null);
        }
        if op.opcode == Opcode::KsConst {
            let number = KsConst::of(op).value();
            return Some(Known::Number(number));
        }
        if op.opcode == Opcode::KsLoad {
            return of(KsLoad::of(op).place());
        }
        if matches!(op.opcode, Opcode::ArithCast | Opcode::MemSome) {
            return of(op.operands[0]).filter(|known| *known != Known::NotZero);
        }
        let equal = match (op.opcode, of(*op.operands.first()?)?, of(*op.operands.get(1)?)?) {
            (Opcode::ArithCmp | Opcode::ArithXor, Known::Number(left), Known::Number(right)) => left == right,
            (Opcode::ArithCmp, Known::NotZero, Known::Number(0)) => false,
            (Opcode::ArithCmp, Known::Null, Known::Null) => true,
            (Opcode::ArithCmp, Known::Null, Known::Object(_)) | (Opcode::ArithCmp, Known::Object(_), Known::Null) => {
                false
            }
            (_, _, _) => return None,
        };
        let asked = if op.opcode == Opcode::ArithCmp { ArithCmp::of(op).pred() } else { "ne" };
        let holds = match asked {
            "eq" => equal,
            "ne" => !equal,
            _ => return None,
        };
        Some(Known::Number(holds.into()))
    }

    /// Whether control may take the edge in this case, and what is known then.
    fn take(&self, edge: &Edge, case: &mut Case) -> bool {
        let by = &self.func.ops[edge.by];
        let (Step::Into(op, _) | Step::Behind(op)) = edge.step else { return true };
        let data = &self.func.ops[op];
        if data.opcode == Opcode::KsIf && edge.by == op {
            let outcome = matches!(edge.step, Step::Into(_, 0));
            self.learn(op, outcome, case);
            return allows(case, data.operands[0], outcome);
        }
        if data.opcode == Opcode::KsIfSome && edge.by == op {
            let is_there = matches!(edge.step, Step::Into(_, 0));
            let known = case.known.get(&data.operands[0]).copied();
            let arg = self.func.blocks[self.func.only_block(data.regions[0])].args.first();
            if let Some(&arg) = arg.filter(|_| is_there) {
                case.set(arg, known);
            }
            return match known {
                Some(Known::Null) => !is_there,
                Some(Known::Object(_)) => is_there,
                Some(Known::Number(_) | Known::NotZero) | None => true,
            };
        }
        if by.opcode != Opcode::KsYield || self.func.around(edge.by) != Some(op) {
            return true;
        }
        if data.opcode == Opcode::KsWhile && self.region(edge.by, op) == Some(0) {
            return allows(case, by.operands[0], matches!(edge.step, Step::Into(..)));
        }
        if let Step::Behind(_) = edge.step {
            for (&result, value) in std::iter::zip(&data.results, &by.operands) {
                let known = case.known.get(value).copied();
                case.set(result, known);
            }
        }
        true
    }

    /// Notes the fact that a test of a number shows about the variable from which it was read right before: a call may have stored an
    /// unknown number there.
    fn learn(&self, op: OpId, outcome: bool, case: &mut Case) {
        let func = self.func;
        let def = |value: Value, opcode: Opcode| func.def(value).filter(|&def| func.ops[def].opcode == opcode);
        let Some(test) = def(func.ops[op].operands[0], Opcode::ArithCmp) else { return };
        let test = ArithCmp::of(&func.ops[test]);
        let zero = def(test.right(), Opcode::KsConst).filter(|&zero| KsConst::of(&func.ops[zero]).value() == 0);
        let Some(read) = def(test.left(), Opcode::KsLoad).filter(|_| zero.is_some()) else { return };
        // The read, the constant and the comparison.
        if func.ops[read].block != func.ops[op].block || func.position(read) + 3 != func.position(op) {
            return;
        }
        let (place, pred) = (KsLoad::of(&func.ops[read]).place(), test.pred());
        let is_number = matches!(self.variables.get(&place), Some(Known::Number(_)));
        if is_number && !case.known.contains_key(&place) && matches!(pred, "eq" | "ne") {
            case.set(place, Some(if (pred == "eq") == outcome { Known::Number(0) } else { Known::NotZero }));
        }
    }

    /// The index of the region of `holder` that an op is in.
    fn region(&self, op: OpId, holder: OpId) -> Option<usize> {
        let inner = std::iter::successors(Some(op), |&op| self.func.around(op));
        let inner = inner.take_while(|&op| op != holder).last()?;
        let region = self.func.blocks[self.func.ops[inner].block].region;
        self.func.ops[holder].regions.iter().position(|&of| of == region)
    }

    /// The references that nobody can release behind an edge.
    fn lost(&self, edge: &Edge, case: &Case) -> Vec<Root> {
        let by = &self.func.ops[edge.by];
        let returned = (by.opcode == Opcode::KsReturn).then(|| by.operands.first().and_then(|&value| case.root(value)));
        case.acquired().filter(|&root| self.ends(edge, root) && returned.flatten() != Some(root)).collect()
    }

    /// The `lock` blocks that control leaves by an edge.
    fn unlocked(&self, edge: &Edge) -> Vec<OpId> {
        let inside = |op: OpId, locked: OpId| self.func.is_inside(op, locked);
        let leaves = |&locked: &OpId| match edge.step {
            Step::Out => true,
            Step::Successor(_) => false,
            Step::Into(to, _) => to != locked && !inside(to, locked),
            Step::Behind(to) => to == locked || !inside(to, locked),
        };
        let around = std::iter::successors(self.func.around(edge.by), |&op| self.func.around(op));
        around.filter(|&op| self.func.ops[op].opcode == Opcode::BpfLocked).filter(leaves).collect()
    }

    /// Whether control leaves the function by an edge, or the iteration in which something was acquired.
    fn ends(&self, edge: &Edge, root: Root) -> bool {
        let Root::Acquired(op) = root else { return false };
        let Some(innermost) = self.func.loops(op).next() else { return edge.step == Step::Out };
        let inside = |op: OpId| op == innermost || self.func.is_inside(op, innermost);
        match edge.step {
            Step::Out => true,
            Step::Successor(_) => false,
            Step::Into(to, region) if to == innermost => {
                self.region(edge.by, innermost).is_some_and(|from| region <= from)
            }
            Step::Into(to, _) => !inside(to),
            Step::Behind(to) => to == innermost || !inside(to),
        }
    }

    /// The case in which control leaves the function, as callers see it.
    fn outcome(&self, by: OpId, case: &Case) -> Outcome {
        let gone = case.status.iter().filter(|(_, status)| matches!(status, Status::Gone(_)));
        let released = gone.filter_map(|(root, _)| if let Root::Param(index) = root { Some(*index) } else { None });
        let by = &self.func.ops[by];
        let result = if by.opcode == Opcode::KsReturn { by.operands.first() } else { None };
        let known = result.and_then(|value| case.known.get(value)).copied();
        let thrown = self.given().map(|(index, place)| (index, case.known.get(&place).copied())).collect();
        Outcome { nulls: case.nulls.clone(), released: released.collect(), thrown, result: known }
    }
}

/// Whether a condition may have this outcome in a case.
fn allows(case: &Case, condition: Value, outcome: bool) -> bool {
    !matches!(case.known.get(&condition), Some(Known::Number(number)) if (*number != 0) != outcome)
}

/// The cases behind the call of a helper that does something with references.
fn refer(op: OpId, data: &OpData, (reference, of): (Reference, Option<Root>), mut case: Case) -> Vec<Case> {
    if let (Reference::Releases | Reference::Exchanges, Some(root)) = (reference, of) {
        case.status.insert(root, Status::Gone(op));
    }
    // An object taken out of a list or tree ends the borrows from it (`invalidate_non_owning_refs`).
    if data.opcode == Opcode::BpfObjectCall && matches!(reference, Reference::Acquires | Reference::Exchanges) {
        case.give_back(op, |_| true);
    }
    let (object, status) = match reference {
        Reference::Releases => return vec![case],
        Reference::Acquires | Reference::Exchanges => (Some(Root::Acquired(op)), Some(Status::Owned)),
        Reference::Borrows => (Some(Root::Acquired(op)), Some(Status::Borrowed)),
        Reference::Derives => (of, None),
    };
    let mut null = case.clone();
    null.set(data.results[0], Some(Known::Null));
    if let Some(status) = status {
        case.status.insert(Root::Acquired(op), status);
    }
    case.set(data.results[0], Some(Known::Object(object)));
    vec![null, case]
}

/// The case behind a call with this outcome, if it is possible with these arguments.
fn returned(op: OpId, data: &OpData, outcome: &Outcome, case: &Case) -> Option<Case> {
    let args = KsCall::of(data).args();
    let known = |param: usize| case.known.get(&args[param]).copied();
    let possible = outcome.nulls.iter().all(|(&param, &null)| match known(param) {
        Some(Known::Null) => null,
        Some(Known::Object(_)) => !null,
        Some(Known::Number(_) | Known::NotZero) | None => true,
    });
    let mut next = possible.then(|| case.clone())?;
    for root in outcome.released.iter().filter_map(|&param| case.root(args[param])) {
        next.status.insert(root, Status::Gone(op));
    }
    for (&param, &thrown) in &outcome.thrown {
        next.set(args[param], thrown);
    }
    if let &[result] = data.results.as_slice() {
        let known = match outcome.result {
            Some(Known::Object(Some(Root::Acquired(_)))) => {
                next.status.insert(Root::Acquired(op), Status::Owned);
                Some(Known::Object(Some(Root::Acquired(op))))
            }
            Some(Known::Object(Some(Root::Param(param)))) => Some(known(param).unwrap_or(Known::Object(None))),
            other => other,
        };
        next.set(result, known);
    }
    Some(next)
}
