//! What happens to the records of a function, along its control flow.

use super::derive::{Derived, Root};
use super::{Lent, Taken, ends, map_of_record};
use crate::diag::codes::events::{RecordGone, RecordInLoop, RecordKept, RecordOpen, RecordWanted};
use crate::ir::ops::KsCall;
use crate::ir::{Function, OpData, OpId, Opcode, RegionId, Symbol, Value};
use crate::session::Session;
use crate::source::Span;
use std::collections::{BTreeMap, BTreeSet};

/// What may be true of a record where control is.
#[derive(Clone, PartialEq)]
struct State {
    /// It is still to be submitted or discarded; the branches on the way that did not do it, and which way they were left.
    open: Option<Vec<(Span, &'static str)>>,
    /// It is gone: where, and by what.
    gone: Option<(Span, String)>,
    /// How many loops were around where it began.
    depth: usize,
}

/// The records that there are; none where control does not come.
type Here = Option<BTreeMap<Root, State>>;

pub fn check(func: &Function, derived: &Derived, taken: &Taken, lent: &Lent, cx: &mut Session) {
    let mut flow = Flow { func, derived, taken, cx, depth: 0, reported: BTreeSet::new() };
    let mut start = BTreeMap::new();
    for index in 0..func.params.len() {
        let param = (func.name.clone(), index);
        if taken.contains_key(&param) || lent.contains(&param) {
            let open = taken.contains_key(&param).then(Vec::new);
            start.insert(Root::Param(index), State { open, gone: None, depth: 0 });
        }
    }
    flow.region(func.body, Some(start));
}

struct Flow<'a> {
    func: &'a Function,
    derived: &'a Derived,
    taken: &'a Taken,
    cx: &'a mut Session,
    /// How many loops are around.
    depth: usize,
    /// What was said of each record, by the number of the code and the place.
    reported: BTreeSet<(Root, &'static str, u32)>,
}

impl Flow<'_> {
    fn region(&mut self, region: RegionId, before: Here) -> Here {
        let func = self.func;
        let mut here = before;
        for &op in &func.blocks[func.only_block(region)].ops {
            here = self.op(op, here?);
        }
        here
    }

    fn op(&mut self, op: OpId, mut here: BTreeMap<Root, State>) -> Here {
        let data = &self.func.ops[op];
        self.uses(data, &here);
        for (value, map) in ends(data, self.taken) {
            self.end(data, value, &map, &mut here);
            self.taken_twice(data, value);
        }
        if data.opcode == Opcode::KsReturn {
            self.leave(data, &here, 0);
            return None;
        }
        if matches!(data.opcode, Opcode::KsBreak | Opcode::KsContinue) {
            self.leave(data, &here, self.depth);
            return None;
        }
        if matches!(data.opcode, Opcode::KsUnreachable | Opcode::HostExit) {
            return None;
        }
        if data.regions.is_empty() {
            return Some(here);
        }
        if matches!(data.opcode, Opcode::KsIf | Opcode::KsIfSome | Opcode::KsMatch) {
            return self.branches(data, here);
        }
        if matches!(data.opcode, Opcode::KsScope | Opcode::BpfLocked) {
            return data.regions.iter().try_fold(here, |here, &region| self.region(region, Some(here)));
        }
        self.turns(data, here)
    }

    /// Branches, in one of which a record may begin, and then ends.
    fn branches(&mut self, data: &OpData, here: BTreeMap<Root, State>) -> Here {
        let record = match self.derived.root(data.operands[0]) {
            Some((root @ Root::Record(reserve), _)) if data.operands[0] == self.func.ops[reserve].results[0] => {
                Some(root)
            }
            Some(_) | None => None,
        };
        let mut ways = Vec::new();
        for (index, &region) in data.regions.iter().enumerate() {
            let mut start = here.clone();
            let begins = record.filter(|_| data.opcode == Opcode::KsIfSome && index == 0);
            if let Some(root) = begins {
                start.insert(root, State { open: Some(Vec::new()), gone: None, depth: self.depth });
            }
            let mut end = self.region(region, Some(start));
            if let (Some(root), Some(end)) = (begins, &mut end)
                && let Some(state) = end.remove(&root)
            {
                let last = self.func.blocks[self.func.only_block(region)].ops.last();
                let span = last.map_or(data.loc.span, |&op| self.func.ops[op].loc.span);
                self.lost(root, &state, (span, "its block ends here"));
            }
            if let Some(end) = end {
                ways.push((index, end));
            }
        }
        join(data, ways)
    }

    /// A loop ends nothing that began before it, so one turn stands for all.
    fn turns(&mut self, data: &OpData, here: BTreeMap<Root, State>) -> Here {
        self.depth += 1;
        for &region in &data.regions {
            self.region(region, Some(here.clone()));
        }
        self.depth -= 1;
        Some(here)
    }

    /// Reports what is lost where control leaves all loops deeper than that.
    fn leave(&mut self, data: &OpData, here: &BTreeMap<Root, State>, depth: usize) {
        for (&root, state) in here.iter().filter(|(_, state)| state.depth >= depth) {
            self.lost(root, state, (data.loc.span, "control leaves here"));
        }
    }

    fn lost(&mut self, root: Root, state: &State, (span, how): (Span, &str)) {
        let Some(ways) = &state.open else { return };
        // What ends it wrongly was reported.
        let ended = |(of, what, _): &(Root, &str, u32)| *of == root && *what == "end";
        if self.reported.iter().any(ended) || !self.first(root, "open", None) {
            return;
        }
        let (what, begun) = self.describe(root);
        let error = self.cx.error(span, RecordOpen { what }).label(how);
        error.note(begun.0, begun.1);
        for &(span, way) in ways {
            error.note(span, way);
        }
        if let Some((gone, how)) = &state.gone {
            error.note(*gone, format!("on another path it is {how} here"));
        }
        error.help("every path from `reserve` on ends the record, by `submit` or `discard`");
    }

    /// Reports uses of records that are gone, and what keeps pointers to them.
    fn uses(&mut self, data: &OpData, here: &BTreeMap<Root, State>) {
        for (index, &operand) in data.operands.iter().enumerate() {
            let Some((root, _)) = self.derived.root(operand) else { continue };
            let Some(state) = here.get(&root) else { continue };
            // That a variable exists is no use of what it points to.
            let assigned = data.opcode == Opcode::KsStore && index == 0 && self.derived.is_name(operand);
            if let Some((gone, how)) = state.gone.clone().filter(|_| !assigned && data.opcode != Opcode::KsZero)
                && self.first(root, "gone", None)
            {
                let (what, begun) = self.describe(root);
                self.cx.error(data.loc.span, RecordGone { what, how }).note(gone, "here").note(begun.0, begun.1);
            }
            let is_lent = state.open.is_none() && state.gone.is_none();
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
        // What a call may yield of its arguments, callers know.
        if data.opcode == Opcode::KsReturn && is_pointer(operand) && !is_lent {
            return Some("by the caller, as a result");
        }
        if data.opcode == Opcode::KsYield && is_pointer(operand) {
            return Some("in one value with other pointers");
        }
        let address = data.opcode == Opcode::KsAddr && self.derived.is_name(operand);
        address.then_some("in a variable whose address is taken")
    }

    /// An op submits or discards what a value points to, or calls a function that does.
    fn end(&mut self, data: &OpData, value: Value, map: &Symbol, here: &mut BTreeMap<Root, State>) {
        let span = data.loc.span;
        let (root, whole) = match self.derived.root(value) {
            Some((root, whole)) if here.contains_key(&root) => (root, whole),
            Some(_) | None => return self.wanted(data, map, "it is no pointer that `reserve` yielded"),
        };
        let of = match root {
            Root::Record(reserve) => Some(map_of_record(self.func, reserve)),
            Root::Param(index) => self.taken.get(&(self.func.name.clone(), index)),
        };
        let misused = !whole || of.is_some_and(|of| of != map);
        if misused {
            self.first(root, "end", None);
        }
        if !whole {
            return self.wanted(data, map, "it points to a part of one, or comes out of a function");
        }
        if let Some(of) = of.filter(|of| *of != map) {
            return self.wanted(data, map, &format!("it is one of `{of}`"));
        }
        let depth = self.depth;
        let Some(state) = here.get_mut(&root) else { return };
        if state.depth < depth && state.gone.is_none() {
            state.open = None;
            if self.first(root, "end", None) {
                let (what, begun) = self.describe(root);
                self.cx.error(span, RecordInLoop { what }).note(begun.0, begun.1).help(
                    "keep in a variable what to do with it, and do that after the loop; or reserve it in the loop",
                );
            }
            return;
        }
        let how = if data.opcode == Opcode::MapSubmit {
            "submitted".to_owned()
        } else if data.opcode == Opcode::MapDiscard {
            "discarded".to_owned()
        } else {
            format!("taken by `{}`", KsCall::of(data).callee())
        };
        (state.open, state.gone) = (None, Some((span, how)));
    }

    /// A call hands over a record, and with it other pointers to the same.
    fn taken_twice(&mut self, data: &OpData, value: Value) {
        let Some((root, _)) = self.derived.root(value) else { return };
        let same = |&&operand: &&Value| self.derived.root(operand).is_some_and(|(other, _)| other == root);
        if data.operands.iter().filter(same).count() > 1 && self.first(root, "gone", None) {
            let (what, begun) = self.describe(root);
            let how = format!("taken by `{}`, which gets another pointer into it", KsCall::of(data).callee());
            self.cx.error(data.loc.span, RecordGone { what, how }).note(begun.0, begun.1);
        }
    }

    fn wanted(&mut self, data: &OpData, map: &Symbol, why: &str) {
        let error = self.cx.error(data.loc.span, RecordWanted { map: map.to_string(), why: why.to_owned() });
        if data.opcode == Opcode::KsCall {
            error.remark(format!("`{}` submits or discards what the parameter points to", KsCall::of(data).callee()));
        }
        error.help(format!("`if (var e = {map}.reserve()) {{ … }}` makes one"));
    }

    /// How messages name a record, and where it began.
    fn describe(&self, root: Root) -> (String, (Span, String)) {
        match root {
            Root::Record(reserve) => {
                let what = format!("a record of `{}`", map_of_record(self.func, reserve));
                (what, (self.func.ops[reserve].loc.span, "it is reserved here".to_owned()))
            }
            Root::Param(index) => {
                let param = &self.func.params[index];
                let begun = format!("a record that `{}` takes from its callers, since it ends it", self.func.name);
                (format!("`{}`", param.name), (param.span, begun))
            }
        }
    }

    /// Whether this is said of the record, or of it at a place, for the first time.
    fn first(&mut self, root: Root, what: &'static str, place: Option<Span>) -> bool {
        self.reported.insert((root, what, place.map_or(0, |span| span.lo)))
    }
}

/// What may be true after branches, by those that come to their end.
fn join(data: &OpData, ways: Vec<(usize, BTreeMap<Root, State>)>) -> Here {
    let ended = |root: &Root| ways.iter().any(|(_, way)| way.get(root).is_some_and(|state| state.gone.is_some()));
    let mut joined: Here = None;
    for (index, way) in &ways {
        let Some(known) = &mut joined else {
            let mut first = way.clone();
            for (root, state) in &mut first {
                note_way(data, *index, state, ended(root));
            }
            joined = Some(first);
            continue;
        };
        for (root, state) in way {
            let mut state = state.clone();
            note_way(data, *index, &mut state, ended(root));
            match known.get_mut(root) {
                Some(before) => {
                    before.open = before.open.take().or(state.open);
                    before.gone = before.gone.take().or(state.gone);
                }
                None => {
                    known.insert(*root, state);
                }
            }
        }
    }
    joined
}

/// Adds the branch to the path of a record that it left open while another ended it.
fn note_way(data: &OpData, index: usize, state: &mut State, ended: bool) {
    let Some(path) = state.open.as_mut().filter(|_| ended) else { return };
    let way = match (data.opcode, index) {
        (Opcode::KsMatch, _) => "where another arm is taken",
        (Opcode::KsIfSome, 0) => "where it is there",
        (Opcode::KsIfSome, _) => "where it is not there",
        (_, 0) => "where this is true",
        (_, _) => "where this is false",
    };
    path.push((data.loc.span, way));
}
