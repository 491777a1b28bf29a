//! Which records of a function are open, submitted or lost at each point of its control flow.

use super::aliases::{Derived, Root};
use super::{Lent, Taken, ends, map_of_record};
use crate::dataflow::{self, Analysis, Facts, Lattice, Point};
use crate::diag::codes::events::{RecordGone, RecordInLoop, RecordKept, RecordOpen, RecordWanted};
use crate::ir::flow::{Edge, Graph, Step};
use crate::ir::ops::KsCall;
use crate::ir::{Function, OpData, OpId, Opcode, Symbol, Value};
use crate::passes::analysis::open_paths::{self, Question};
use crate::session::Session;
use crate::source::Span;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// What may be true of a record where control is.
#[derive(Clone, Copy, PartialEq)]
struct State {
    /// It is still to be submitted or discarded.
    open: bool,
    /// It is gone, by this op.
    gone: Option<OpId>,
}

/// The records that there are.
#[derive(Clone, Default)]
struct Records(BTreeMap<Root, State>);

impl Lattice for Records {
    fn join(&mut self, other: &Records) -> bool {
        let mut changed = false;
        for (&root, state) in &other.0 {
            let known = self.0.get(&root).copied();
            let both =
                known.map_or(*state, |known| State { open: known.open || state.open, gone: known.gone.or(state.gone) });
            changed |= known != Some(both);
            self.0.insert(root, both);
        }
        changed
    }
}

/// What an op does that submits or discards what a value points to, or calls a function that does.
enum End<'a> {
    Of(Root),
    /// The record began before a loop that is around the op.
    InLoop(Root),
    /// It is the record of another ring buffer.
    OfOther(Root, &'a Symbol),
    /// It points to a part of the record, or comes out of a function.
    Part(Root),
    NoRecord,
}

pub fn check(func: &Function, derived: &Derived, taken: &Taken, lent: &Lent, cx: &mut Session) {
    let mut start = Records::default();
    for index in 0..func.params.len() {
        let param = (func.name.clone(), index);
        if taken.contains_key(&param) || lent.contains(&param) {
            start.0.insert(Root::Param(index), State { open: taken.contains_key(&param), gone: None });
        }
    }
    let mut flow = Flow { func, derived, taken };
    let graph = Graph::of(func);
    let facts = dataflow::forward(&graph, &mut flow, start);
    let mut report = Report { func, derived, cx, reported: BTreeSet::new() };
    let mut params = Vec::new();
    facts.visit(&mut flow, |flow, (point, here)| match point {
        Point::Op(op) => {
            report.op(flow, op, here);
            // Where a tail call succeeds, control does not come back.
            let hands_over = func.ops[op].opcode == Opcode::BpfTailCall;
            for (&root, state) in here.0.iter().filter(|(_, state)| hands_over && state.open) {
                report.lost(root, state, op, Vec::new());
            }
        }
        Point::Edge(edge) => {
            for (&root, state) in here.0.iter().filter(|(_, state)| state.open) {
                match root {
                    _ if flow.is_seen(root, edge.step) => {}
                    Root::Record(_) => report.lost(root, state, edge.by, path(flow, &facts, root, edge)),
                    Root::Param(_) => params.push((root, *state, edge)),
                }
            }
        }
    });
    for (root, state, edge) in params {
        report.lost(root, &state, edge.by, path(&mut flow, &facts, root, edge));
    }
}

fn path(flow: &mut Flow<'_>, facts: &Facts<'_, Records>, root: Root, edge: &Edge) -> Vec<(Span, &'static str)> {
    let (func, derived) = (flow.func, flow.derived);
    let state = |here: &Records| here.0.get(&root).copied();
    let asked = Question {
        begins: |op| Flow::begun(func, derived, op) == Some(root),
        is_open: |here: &Records| state(here).is_some_and(|state| state.open),
        is_ended: |here: &Records| state(here).is_some_and(|state| state.gone.is_some()),
    };
    open_paths::branches(func, (flow, facts), edge, asked)
}

struct Flow<'a> {
    func: &'a Function,
    derived: &'a Derived,
    taken: &'a Taken,
}

impl Analysis for Flow<'_> {
    type State = Records;

    fn step(&mut self, op: OpId, here: &mut Records) {
        for (value, map) in ends(&self.func.ops[op], self.taken) {
            let end = self.end(op, value, &map, here);
            self.apply(op, &end, here);
        }
    }

    fn edge(&mut self, edge: &Edge, here: &mut Records) {
        here.0.retain(|&root, _| self.is_seen(root, edge.step));
        if let Step::Into(op, 0) = edge.step
            && let Some(root) = Flow::begun(self.func, self.derived, op)
        {
            here.0.insert(root, State { open: true, gone: None });
        }
    }
}

impl<'a> Flow<'a> {
    /// The record that begins where the first region of an op does.
    fn begun(func: &Function, derived: &Derived, op: OpId) -> Option<Root> {
        let data = &func.ops[op];
        let (root, _) = derived.root(*data.operands.first().filter(|_| data.opcode == Opcode::KsIfSome)?)?;
        matches!(root, Root::Record(reserve) if data.operands[0] == func.ops[reserve].results[0]).then_some(root)
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

    /// Whether a record has its name where an edge leads.
    fn is_seen(&self, root: Root, step: Step) -> bool {
        match root {
            Root::Record(_) => self.around(step).any(|op| Flow::begun(self.func, self.derived, op) == Some(root)),
            Root::Param(_) => step != Step::Out,
        }
    }

    fn end(&self, op: OpId, value: Value, map: &Symbol, here: &Records) -> End<'a> {
        let Some((root, whole)) = self.derived.root(value).filter(|(root, _)| here.0.contains_key(root)) else {
            return End::NoRecord;
        };
        let of = match root {
            Root::Record(reserve) => Some(map_of_record(self.func, reserve)),
            Root::Param(index) => self.taken.get(&(self.func.name.clone(), index)),
        };
        if !whole {
            return End::Part(root);
        }
        if let Some(of) = of.filter(|of| *of != map) {
            return End::OfOther(root, of);
        }
        let mut around = std::iter::successors(self.func.around(op), |&op| self.func.around(op));
        let mut inside = around.by_ref().take_while(|&op| Flow::begun(self.func, self.derived, op) != Some(root));
        let in_loop = inside.any(|op| self.func.ops[op].opcode.is_loop());
        if in_loop && here.0[&root].gone.is_none() { End::InLoop(root) } else { End::Of(root) }
    }

    fn apply(&self, op: OpId, end: &End<'_>, here: &mut Records) {
        let (End::Of(root) | End::InLoop(root)) = end else { return };
        let gone = matches!(end, End::Of(_)).then_some(op);
        here.0.insert(*root, State { open: false, gone });
    }
}

struct Report<'a> {
    func: &'a Function,
    derived: &'a Derived,
    cx: &'a mut Session,
    /// What was said of each record, by the number of the code and the place.
    reported: BTreeSet<(Root, &'static str, u32)>,
}

impl Report<'_> {
    fn op(&mut self, flow: &Flow<'_>, op: OpId, here: &Records) {
        let (data, mut here) = (&self.func.ops[op], here.clone());
        self.uses(data, &here);
        for (value, map) in ends(data, flow.taken) {
            let end = flow.end(op, value, &map, &here);
            self.end(data, &map, &end);
            flow.apply(op, &end, &mut here);
            self.taken_twice(data, value);
        }
    }

    fn end(&mut self, data: &OpData, map: &Symbol, end: &End<'_>) {
        if let End::OfOther(root, _) | End::Part(root) = end {
            self.first(*root, "end", None);
        }
        match end {
            End::Of(_) => {}
            End::NoRecord => self.wanted(data, map, "it is no pointer that `reserve` yielded"),
            End::Part(_) => self.wanted(data, map, "it points to a part of one, or comes out of a function"),
            End::OfOther(_, of) => self.wanted(data, map, &format!("it is one of `{}`", self.cx.names.of(of))),
            End::InLoop(root) => {
                if self.first(*root, "end", None) {
                    let (what, begun) = self.describe(*root);
                    self.cx.error(data.loc.span, RecordInLoop { what }).note(begun.0, begun.1).help(
                        "keep in a variable what to do with it, and do that after the loop; or reserve it in the loop",
                    );
                }
            }
        }
    }

    /// Control leaves the region where an open record has its name.
    fn lost(&mut self, root: Root, state: &State, by: OpId, path: Vec<(Span, &'static str)>) {
        // What ends it wrongly was reported.
        let ended = |(of, what, _): &(Root, &str, u32)| *of == root && *what == "end";
        if self.reported.iter().any(ended) || !self.first(root, "open", None) {
            return;
        }
        let how = if self.func.ops[by].opcode == Opcode::BpfTailCall {
            "control may leave here"
        } else if self.func.exit(by).is_some() {
            "control leaves here"
        } else {
            "its block ends here"
        };
        let ((what, begun), gone) = (self.describe(root), state.gone.map(|gone| self.ended(gone)));
        let error = self.cx.error(self.func.ops[by].loc.span, RecordOpen { what }).label(how);
        error.note(begun.0, begun.1);
        for (span, branch) in path {
            error.note(span, branch);
        }
        if let Some((gone, how)) = gone {
            error.note(gone, format!("on another path it is {how} here"));
        }
        error.help("every path from `reserve` on ends the record, by `submit` or `discard`");
    }

    /// Where a record ended, and by what.
    fn ended(&self, op: OpId) -> (Span, String) {
        let data = &self.func.ops[op];
        let how = if data.opcode == Opcode::MapSubmit {
            "submitted".to_owned()
        } else if data.opcode == Opcode::MapDiscard {
            "discarded".to_owned()
        } else {
            format!("taken by `{}`", self.cx.names.of(KsCall::of(data).callee()))
        };
        (data.loc.span, how)
    }

    /// Reports uses of records that are gone, and what keeps pointers to them.
    fn uses(&mut self, data: &OpData, here: &Records) {
        for (index, &operand) in data.operands.iter().enumerate() {
            let Some((root, _)) = self.derived.root(operand) else { continue };
            let Some(state) = here.0.get(&root) else { continue };
            // That a variable exists is no use of what it points to.
            let assigned = data.opcode == Opcode::KsStore && index == 0 && self.derived.is_name(operand);
            if let Some(gone) = state.gone.filter(|_| !assigned && data.opcode != Opcode::KsZero)
                && self.first(root, "gone", None)
            {
                let ((what, begun), (gone, how)) = (self.describe(root), self.ended(gone));
                self.cx.error(data.loc.span, RecordGone { what, how }).note(gone, "here").note(begun.0, begun.1);
            }
            let is_lent = !state.open && state.gone.is_none();
            if let Some(place) = self.kept(data, index, is_lent)
                && self.first(root, "kept", Some(data.loc.span))
            {
                let (what, begun) = self.describe(root);
                self.cx
                    .error(data.loc.span, RecordKept { what, place: place.to_owned() })
                    .note(begun.0, begun.1)
                    .help("use it under its name, or by a variable that is assigned once");
            }
        }
    }

    /// Where an op leaves a pointer that it uses, if nobody can follow it from there.
    fn kept(&self, data: &OpData, index: usize, is_lent: bool) -> Option<&'static str> {
        let is_pointer = |value: Value| {
            let ty = self.cx.types.kind(self.func.ty(value));
            matches!(ty, crate::types::TyKind::Ptr { .. })
        };
        let operand = data.operands[index];
        if data.opcode == Opcode::KsStore && index == 1 && is_pointer(operand) {
            return (!self.derived.is_name(data.operands[0]))
                .then_some("in a variable that holds other pointers too, or in a part of one");
        }
        // A caller knows which of its arguments the call may yield.
        if data.opcode == Opcode::KsReturn && is_pointer(operand) && !is_lent {
            return Some("by the caller, as a result");
        }
        if data.opcode == Opcode::KsYield && is_pointer(operand) {
            return Some("in one value with other pointers");
        }
        let address = data.opcode == Opcode::KsAddr && self.derived.is_name(operand);
        address.then_some("in a variable whose address is taken")
    }

    /// A call hands over a record, and with it other pointers to the same.
    fn taken_twice(&mut self, data: &OpData, value: Value) {
        let Some((root, _)) = self.derived.root(value) else { return };
        let same = |&&operand: &&Value| self.derived.root(operand).is_some_and(|(other, _)| other == root);
        if data.operands.iter().filter(same).count() > 1 && self.first(root, "gone", None) {
            let (what, begun) = self.describe(root);
            let callee = self.cx.names.of(KsCall::of(data).callee());
            let how = format!("taken by `{callee}`, which gets another pointer into it");
            self.cx.error(data.loc.span, RecordGone { what, how }).note(begun.0, begun.1);
        }
    }

    fn wanted(&mut self, data: &OpData, map: &Symbol, why: &str) {
        let names = Rc::clone(&self.cx.names);
        let map = names.of(map);
        let error = self.cx.error(data.loc.span, RecordWanted { map: map.to_owned(), why: why.to_owned() });
        if data.opcode == Opcode::KsCall {
            let callee = names.of(KsCall::of(data).callee());
            error.remark(format!("`{callee}` submits or discards what the parameter points to"));
        }
        error.help(format!("`if (var e = {map}.reserve()) {{ … }}` makes one"));
    }

    /// How messages name a record, and where it began.
    fn describe(&self, root: Root) -> (String, (Span, String)) {
        match root {
            Root::Record(reserve) => {
                let what = format!("a record of `{}`", self.cx.names.of(map_of_record(self.func, reserve)));
                (what, (self.func.ops[reserve].loc.span, "it is reserved here".to_owned()))
            }
            Root::Param(index) => {
                let param = &self.func.params[index];
                let name = self.cx.names.of(&self.func.name);
                let begun = format!("a record that `{name}` takes from its callers, since it ends it");
                (format!("`{}`", param.name), (param.span, begun))
            }
        }
    }

    /// Whether this is said of the record, or of it at a place, for the first time.
    fn first(&mut self, root: Root, what: &'static str, place: Option<Span>) -> bool {
        self.reported.insert((root, what, place.map_or(0, |span| span.lo)))
    }
}
