//! Which records of a function are open, submitted or lost at each point of its control flow.

use super::aliases::{Derived, Makers, Root};
use super::report::Report;
use super::{Callees, Taken, ends, makers};
use crate::dataflow::{self, Analysis, Facts, Lattice, Point};
use crate::ir::flow::{Edge, Graph, Step};
use crate::ir::ops::{ArithCmp, KsStore};
use crate::ir::{Function, OpId, Opcode, Symbol, Value};
use crate::passes::analysis::open_paths::{self, Question};
use crate::passes::exits;
use crate::session::Session;
use crate::source::Span;
use std::collections::{BTreeMap, BTreeSet};

/// The state of a record on one path.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct State {
    /// It is still to be submitted or discarded.
    open: bool,
    /// It is gone, by this op.
    gone: Option<OpId>,
    /// Control reached a `defer` that ends it, whose flag this is.
    deferred: BTreeSet<Value>,
    /// A variable that had the pointer got null: that a variable is null says nothing of the record.
    hidden: bool,
}

impl State {
    fn begin(open: bool) -> BTreeSet<State> {
        BTreeSet::from([State { open, gone: None, deferred: BTreeSet::new(), hidden: false }])
    }
}

/// The records that there are, each with what may be true of it.
#[derive(Clone, Default)]
pub(super) struct Records(BTreeMap<Root, BTreeSet<State>>);

impl Records {
    fn states(&self, root: Root) -> impl Iterator<Item = &State> {
        self.0.get(&root).into_iter().flatten()
    }

    pub(super) fn has(&self, root: Root) -> bool {
        self.0.contains_key(&root)
    }

    pub(super) fn is_open(&self, root: Root) -> bool {
        self.states(root).any(|state| state.open)
    }

    /// The op by which it is gone on some path.
    pub(super) fn gone(&self, root: Root) -> Option<OpId> {
        self.states(root).find_map(|state| state.gone)
    }

    fn hide(&mut self, root: Root) {
        if let Some(states) = self.0.remove(&root) {
            self.0.insert(root, states.into_iter().map(|state| State { hidden: true, ..state }).collect());
        }
    }

    fn set(&mut self, root: Root, open: bool, gone: Option<OpId>) {
        let states = self.0.remove(&root).unwrap_or_default();
        let next = |state: State| State { open, gone, ..state };
        self.0.insert(root, states.into_iter().map(next).collect());
    }
}

impl Lattice for Records {
    fn join(&mut self, other: &Records) -> bool {
        let mut changed = false;
        for (&root, states) in &other.0 {
            let known = self.0.entry(root).or_default();
            let before = known.len();
            known.extend(states.iter().cloned());
            changed |= known.len() != before;
        }
        changed
    }
}

/// The effect of an op that submits or discards the pointee of a value, or calls a function that does.
pub(super) enum End<'a> {
    Of(Root),
    /// The record began before a loop that is around the op.
    InLoop(Root),
    /// It is the record of another ring buffer.
    OfOther(Root, &'a Symbol),
    /// It points to a part of the record, or comes out of a function.
    Part(Root),
    NoRecord,
}

pub(super) fn check(func: &Function, derived: &Derived, callees: Callees<'_>, cx: &mut Session) {
    let Callees { taken, lent, makers } = callees;
    let mut start = Records::default();
    for index in 0..func.params.len() {
        let param = (func.name.clone(), index);
        if taken.contains_key(&param) || lent.contains(&param) {
            start.0.insert(Root::Param(index), State::begin(taken.contains_key(&param)));
        }
    }
    let calls = makers::kept_calls(func, derived, makers);
    let mut kept = kept(func, derived);
    kept.extend(calls.iter().map(|&call| (Root::Record(call), call)));
    let flags = flags(func, derived, taken);
    let mut flow = Flow { func, derived, taken, makers, flags, kept, calls };
    let graph = Graph::of(func);
    let facts = dataflow::forward(&graph, &mut flow, start);
    let mut report = Report::new(func, derived, cx);
    let mut params = Vec::new();
    facts.visit(&mut flow, |flow, (point, here)| match point {
        Point::Op(op) => {
            // The variable gets the next record.
            let again = Root::Record(op);
            if flow.kept.contains_key(&again) && here.is_open(again) {
                report.lost(again, here.gone(again), op, Vec::new());
            }
            report.op(flow, op, here);
            // Where a tail call succeeds, control does not come back.
            let hands_over = func.ops[op].opcode == Opcode::BpfTailCall;
            for &root in here.0.keys().filter(|&&root| hands_over && here.is_open(root)) {
                report.lost(root, here.gone(root), op, Vec::new());
            }
        }
        Point::Edge(edge) => {
            for (&root, states) in &here.0 {
                if !states.iter().any(|state| state.open && !flow.is_kept(root, state, edge.step)) {
                    continue;
                }
                match root {
                    Root::Record(_) => report.lost(root, here.gone(root), edge.by, path(flow, &facts, root, edge)),
                    Root::Param(_) => params.push((root, here.gone(root), edge)),
                }
            }
        }
    });
    for (root, gone, edge) in params {
        report.lost(root, gone, edge.by, path(&mut flow, &facts, root, edge));
    }
}

/// The records that outlive the branch in which it is known that they are there: a variable has the pointer, or null. Each with
/// the op of that branch.
fn kept(func: &Function, derived: &Derived) -> BTreeMap<Root, OpId> {
    let branches = func.walk().into_iter().filter_map(|op| Some((Flow::begun(func, derived, op)?, op)));
    let outlives = |root, op: OpId| {
        let result = func.ops[op].results.first();
        result.and_then(|&result| derived.root(result)) == Some((root, true))
    };
    branches.filter(|&(root, op)| outlives(root, op)).collect()
}

/// The value that a condition compares with null, and whether it holds for null.
fn null_test(func: &Function, condition: Value) -> Option<(Value, bool)> {
    let data = &func.ops[func.def(condition)?];
    let operand = |at: usize| data.operands.get(at).copied();
    let is = |value: Value, opcode: Opcode| func.def(value).is_some_and(|def| func.ops[def].opcode == opcode);
    if data.opcode == Opcode::MemIsNull {
        return Some((operand(0)?, true));
    }
    let (left, right) = (operand(0)?, operand(1)?);
    if data.opcode == Opcode::ArithXor && is(right, Opcode::KsConst) {
        return null_test(func, left).map(|(value, of_null)| (value, !of_null));
    }
    if data.opcode != Opcode::ArithCmp {
        return None;
    }
    let view = ArithCmp::of(data);
    let value = if is(right, Opcode::KsNull) {
        left
    } else if is(left, Opcode::KsNull) {
        right
    } else {
        return None;
    };
    match view.pred() {
        "eq" => Some((value, true)),
        "ne" => Some((value, false)),
        _ => None,
    }
}

/// The flags that `exits` made for what is deferred, each with the records that this ends.
fn flags(func: &Function, derived: &Derived, taken: &Taken) -> BTreeMap<Value, BTreeSet<Root>> {
    let mut flags: BTreeMap<Value, BTreeSet<Root>> = BTreeMap::new();
    for op in func.walk() {
        let Some(flag) = flag(func, op) else { continue };
        let mut inside = Vec::new();
        func.walk_region(func.ops[op].regions[0], &mut inside);
        let ended = inside.iter().flat_map(|&op| ends(&func.ops[op], taken));
        let roots: BTreeSet<Root> = ended.filter_map(|(value, _)| Some(derived.root(value)?.0)).collect();
        if !roots.is_empty() {
            flags.insert(flag, roots);
        }
    }
    flags
}

/// The flag that decides whether a `ks.if` does what is deferred.
fn flag(func: &Function, op: OpId) -> Option<Value> {
    let data = &func.ops[op];
    let condition = func.def(*data.operands.first().filter(|_| data.opcode == Opcode::KsIf)?)?;
    let read = func.def(*func.ops[condition].operands.first()?)?;
    let place = *func.ops[read].operands.first().filter(|_| func.ops[read].opcode == Opcode::KsLoad)?;
    exits::is_defer_flag(func, place).then_some(place)
}

fn path(flow: &mut Flow<'_>, facts: &Facts<'_, Records>, root: Root, edge: &Edge) -> Vec<(Span, &'static str)> {
    let (func, derived) = (flow.func, flow.derived);
    let asked = Question {
        begins: |op| Flow::begun(func, derived, op) == Some(root) || root == Root::Record(op),
        is_open: |here: &Records| here.is_open(root),
        is_ended: |here: &Records| here.gone(root).is_some(),
    };
    open_paths::branches(func, (flow, facts), edge, asked)
}

pub(super) struct Flow<'a> {
    func: &'a Function,
    derived: &'a Derived,
    pub(super) taken: &'a Taken,
    makers: &'a Makers,
    /// The flags of deferred code, each with the records that the code ends.
    flags: BTreeMap<Value, BTreeSet<Root>>,
    kept: BTreeMap<Root, OpId>,
    /// The calls whose records may be null until something tests them.
    calls: BTreeSet<OpId>,
}

impl Analysis for Flow<'_> {
    type State = Records;

    fn step(&mut self, op: OpId, here: &mut Records) {
        if self.kept.contains_key(&Root::Record(op)) {
            here.0.remove(&Root::Record(op));
        }
        if self.calls.contains(&op) {
            here.0.insert(Root::Record(op), State::begin(true));
        }
        if let Some(root) = self.handed_over(op).filter(|&root| here.is_open(root)) {
            here.set(root, false, Some(op));
        }
        for (value, map) in ends(&self.func.ops[op], self.taken) {
            let end = self.end(op, value, &map, here);
            self.apply(op, &end, here);
        }
        let data = &self.func.ops[op];
        if let Some(root) = self.emptied(op) {
            here.hide(root);
        }
        if data.opcode == Opcode::KsStore {
            let flag = KsStore::of(data).place();
            for root in self.flags.get(&flag).into_iter().flatten() {
                let Some(states) = here.0.remove(root) else { continue };
                let next = states.into_iter().map(|mut state| {
                    state.deferred.insert(flag);
                    state
                });
                here.0.insert(*root, next.collect());
            }
        }
    }

    fn edge(&mut self, edge: &Edge, here: &mut Records) {
        for (&root, states) in &mut here.0 {
            states.retain(|state| self.is_kept(root, state, edge.step) && self.takes(root, state, edge));
        }
        here.0.retain(|_, states| !states.is_empty());
        if let Step::Into(op, 0) = edge.step
            && let Some(root) = Flow::begun(self.func, self.derived, op)
            && !matches!(root, Root::Record(call) if self.calls.contains(&call))
        {
            here.0.insert(root, State::begin(true));
        }
    }
}

impl<'a> Flow<'a> {
    /// The record that begins where the first region of an op does.
    fn begun(func: &Function, derived: &Derived, op: OpId) -> Option<Root> {
        let data = &func.ops[op];
        let (root, _) = derived.root(*data.operands.first().filter(|_| data.opcode == Opcode::KsIfSome)?)?;
        matches!(root, Root::Record(reserve) if makers::tested(func, data.operands[0]) == func.ops[reserve].results[0])
            .then_some(root)
    }

    /// The ops that hold a point of control, and the one by which it comes there.
    fn around(&self, step: Step) -> impl Iterator<Item = OpId> {
        let first = match step {
            Step::Into(op, _) => Some(op),
            Step::Behind(op) => self.func.around(op),
            Step::Successor(_) | Step::Out => None,
        };
        std::iter::successors(first, |&op| self.func.around(op))
    }

    /// Whether a record has its name where an edge leads, or something deferred has.
    fn is_kept(&self, root: Root, state: &State, step: Step) -> bool {
        match root {
            Root::Record(_) if !state.deferred.is_empty() || self.kept.contains_key(&root) => step != Step::Out,
            Root::Record(_) => self.around(step).any(|op| Flow::begun(self.func, self.derived, op) == Some(root)),
            Root::Param(_) => step != Step::Out,
        }
    }

    /// Whether control takes an edge on a path with this state: what ends a record is done if its flag is set.
    fn takes(&self, root: Root, state: &State, edge: &Edge) -> bool {
        let Step::Into(op, region) = edge.step else { return true };
        if !state.hidden && self.is_absent(root, op, region) {
            return false;
        }
        match flag(self.func, op).filter(|flag| self.flags.get(flag).is_some_and(|roots| roots.contains(&root))) {
            Some(flag) => state.deferred.contains(&flag) == (region == 0),
            None => true,
        }
    }

    /// The record that an op returns to the function's callers.
    pub(super) fn handed_over(&self, op: OpId) -> Option<Root> {
        makers::handed_over(self.func, self.derived, self.makers, op)
    }

    /// Whether there is no record in the region of a branch: the pointer is null there.
    fn is_absent(&self, root: Root, op: OpId, region: usize) -> bool {
        let data = &self.func.ops[op];
        if !self.kept.contains_key(&root) {
            return false;
        }
        if data.opcode == Opcode::KsIfSome && matches!(root, Root::Record(call) if self.calls.contains(&call)) {
            return region == 1 && self.derived.root(data.operands[0]) == Some((root, true));
        }
        if data.opcode != Opcode::KsIf {
            return false;
        }
        if matches!(root, Root::Record(call) if makers::is_throw_of(self.func, call, op)) {
            return region == 0;
        }
        let Some((value, of_null)) = null_test(self.func, data.operands[0]) else { return false };
        self.derived.root(value) == Some((root, true)) && of_null == (region == 0)
    }

    /// The record whose pointer a variable had, which gets null.
    fn emptied(&self, op: OpId) -> Option<Root> {
        let data = &self.func.ops[op];
        let stores = data.opcode == Opcode::KsStore && self.derived.root(data.operands[1]).is_none();
        let is_null = data.opcode == Opcode::KsZero || stores;
        let place = *data.operands.first().filter(|place| is_null && self.derived.is_name(**place))?;
        self.derived.root(place).map(|(root, _)| root)
    }

    pub(super) fn end(&self, op: OpId, value: Value, map: &Symbol, here: &Records) -> End<'a> {
        let Some((root, whole)) = self.derived.root(value).filter(|(root, _)| here.has(*root)) else {
            return End::NoRecord;
        };
        let of = match root {
            Root::Record(record) => Some(self.derived.map(record)),
            Root::Param(index) => self.taken.get(&(self.func.name.clone(), index)),
        };
        if !whole {
            return End::Part(root);
        }
        if let Some(of) = of.filter(|of| *of != map) {
            return End::OfOther(root, of);
        }
        let around = std::iter::successors(self.func.around(op), |&op| self.func.around(op));
        let begun = self.kept.get(&root);
        let is_around = |op: OpId| match begun {
            Some(&begun) => self.func.is_inside(begun, op),
            None => Flow::begun(self.func, self.derived, op) == Some(root),
        };
        let in_loop = around.take_while(|&op| !is_around(op)).any(|op| self.func.ops[op].opcode.is_loop());
        if in_loop && here.gone(root).is_none() { End::InLoop(root) } else { End::Of(root) }
    }

    pub(super) fn apply(&self, op: OpId, end: &End<'_>, here: &mut Records) {
        let (End::Of(root) | End::InLoop(root)) = end else { return };
        let gone = matches!(end, End::Of(_)).then_some(op);
        here.set(*root, false, gone);
    }
}
