//! What happens to the records of a function, along its control flow.

use super::derive::{Derived, Root};
use super::{Lent, Taken, ends, map_of_record};
use crate::diag::codes::events::{RecordGone, RecordInLoop, RecordKept, RecordOpen, RecordWanted};
use crate::ir::ops::KsCall;
use crate::ir::{Exit, Function, OpData, OpId, Opcode, RegionId, Symbol, Value};
use crate::session::Session;
use crate::source::Span;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

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

type Records = BTreeMap<Root, State>;

/// The records that there are; none where control does not come.
type Here = Option<Records>;

/// Control on its way out of what is around an op.
struct Out {
    op: OpId,
    exit: Exit,
    here: Records,
}

/// One of the ways that come together; what is said of it where another has ended a record that it has not.
struct Way {
    note: Option<(Span, &'static str)>,
    here: Records,
}

pub fn check(func: &Function, derived: &Derived, taken: &Taken, lent: &Lent, cx: &mut Session) {
    let mut flow = Flow { func, derived, taken, cx, depth: 0, outs: Vec::new(), reported: BTreeSet::new() };
    let mut start = BTreeMap::new();
    for index in 0..func.params.len() {
        let param = (func.name.clone(), index);
        if taken.contains_key(&param) || lent.contains(&param) {
            let open = taken.contains_key(&param).then(Vec::new);
            start.insert(Root::Param(index), State { open, gone: None, depth: 0 });
        }
    }
    flow.region(func.body, Some(start));
    for out in std::mem::take(&mut flow.outs) {
        let leaves = (func.ops[out.op].loc.span, "control leaves here");
        out.here.iter().for_each(|(&root, state)| flow.lost(root, state, leaves));
    }
}

struct Flow<'a> {
    func: &'a Function,
    derived: &'a Derived,
    taken: &'a Taken,
    cx: &'a mut Session,
    /// How many loops are around.
    depth: usize,
    /// Exits that have not come to where they lead yet.
    outs: Vec<Out>,
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

    fn op(&mut self, op: OpId, mut here: Records) -> Here {
        let data = &self.func.ops[op];
        self.uses(data, &here);
        for (value, map) in ends(data, self.taken) {
            self.end(data, value, &map, &mut here);
            self.taken_twice(data, value);
        }
        if let Some(exit) = self.func.exit(op) {
            self.outs.push(Out { op, exit, here });
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
        if data.opcode == Opcode::KsScope {
            return self.scope(data, here);
        }
        if data.opcode.is_loop() {
            return self.turns(data, here);
        }
        self.body(data, here)
    }

    /// A clean-up, on every way out of the body.
    fn scope(&mut self, data: &OpData, here: Records) -> Here {
        let outside = self.outs.len();
        let end = self.region(data.regions[0], Some(here));
        for out in self.outs.split_off(outside) {
            if let Some(here) = self.region(data.regions[1], Some(out.here)) {
                self.outs.push(Out { here, ..out });
            }
        }
        self.region(data.regions[1], end)
    }

    /// A block, or what else has one region: after it come its end and what leaves it for there.
    fn body(&mut self, data: &OpData, here: Records) -> Here {
        let outside = self.outs.len();
        let end = self.region(data.regions[0], Some(here));
        let mut ways: Vec<Way> = end.into_iter().map(|here| Way { note: None, here }).collect();
        for out in self.outs.split_off(outside) {
            match out.exit.beyond(data.opcode, 0) {
                Some(exit) => self.outs.push(Out { exit, ..out }),
                None => {
                    let note = Some((self.func.ops[out.op].loc.span, "where control leaves here"));
                    ways.push(Way { note, here: out.here });
                }
            }
        }
        join(ways)
    }

    /// Branches, in one of which a record may begin, and then ends.
    fn branches(&mut self, data: &OpData, here: Records) -> Here {
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
            let outside = self.outs.len();
            let mut end = self.region(region, Some(start));
            if let Some(root) = begins {
                self.out_of_sight(root, outside);
            }
            if let (Some(root), Some(end)) = (begins, &mut end)
                && let Some(state) = end.remove(&root)
            {
                let last = self.func.blocks[self.func.only_block(region)].ops.last();
                let span = last.map_or(data.loc.span, |&op| self.func.ops[op].loc.span);
                self.lost(root, &state, (span, "its block ends here"));
            }
            if let Some(here) = end {
                ways.push(Way { note: Some((data.loc.span, taken_where(data, index))), here });
            }
        }
        join(ways)
    }

    /// Exits, those from index `outside` on, leave the region where a record has its name.
    fn out_of_sight(&mut self, root: Root, outside: usize) {
        for at in outside..self.outs.len() {
            if let Some(state) = self.outs[at].here.remove(&root) {
                let span = self.func.ops[self.outs[at].op].loc.span;
                self.lost(root, &state, (span, "control leaves here"));
            }
        }
    }

    /// A loop ends nothing that began before it, so one turn stands for all, and what leaves it by `break` knows no more.
    fn turns(&mut self, data: &OpData, here: Records) -> Here {
        let outside = self.outs.len();
        self.depth += 1;
        for &region in &data.regions {
            self.region(region, Some(here.clone()));
        }
        self.depth -= 1;
        for out in self.outs.split_off(outside) {
            if let Some(exit) = out.exit.beyond(data.opcode, 0) {
                self.outs.push(Out { exit, ..out });
            }
        }
        Some(here)
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
    fn uses(&mut self, data: &OpData, here: &Records) {
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
    fn end(&mut self, data: &OpData, value: Value, map: &Symbol, here: &mut Records) {
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
            return self.wanted(data, map, &format!("it is one of `{}`", self.cx.names.of(of)));
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
            format!("taken by `{}`", self.cx.names.of(KsCall::of(data).callee()))
        };
        (state.open, state.gone) = (None, Some((span, how)));
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

/// What may be true where ways come together.
fn join(ways: Vec<Way>) -> Here {
    let ended: BTreeSet<Root> = ways
        .iter()
        .flat_map(|way| way.here.iter().filter(|(_, state)| state.gone.is_some()).map(|(&root, _)| root))
        .collect();
    let mut joined: Here = None;
    for mut way in ways {
        for (root, state) in &mut way.here {
            // The way is a part of the path of a record that it left open while another ended it.
            if let (Some(path), true) = (&mut state.open, ended.contains(root)) {
                path.extend(way.note);
            }
        }
        let Some(known) = &mut joined else {
            joined = Some(way.here);
            continue;
        };
        for (root, state) in way.here {
            match known.get_mut(&root) {
                Some(before) => {
                    before.open = before.open.take().or(state.open);
                    before.gone = before.gone.take().or(state.gone);
                }
                None => {
                    known.insert(root, state);
                }
            }
        }
    }
    joined
}

/// How messages name a way of a branch.
fn taken_where(data: &OpData, index: usize) -> &'static str {
    match (data.opcode, index) {
        (Opcode::KsMatch, _) => "where another arm is taken",
        (Opcode::KsIfSome, 0) => "where it is there",
        (Opcode::KsIfSome, _) => "where it is not there",
        (_, 0) => "where this is true",
        (_, _) => "where this is false",
    }
}
