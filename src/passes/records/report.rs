//! Messages about mistakes with records.

use super::aliases::{Derived, Root};
use super::ends;
use super::flow::{End, Flow, Records};
use crate::diag::codes::events::{RecordGone, RecordInLoop, RecordKept, RecordOpen, RecordWanted};
use crate::ir::ops::KsCall;
use crate::ir::{Function, OpData, OpId, Opcode, Symbol, Value};
use crate::session::Session;
use crate::source::Span;
use std::collections::BTreeSet;
use std::rc::Rc;

pub(super) struct Report<'a> {
    func: &'a Function,
    derived: &'a Derived,
    cx: &'a mut Session,
    /// The reports so far, each by the record, the number of the code and the place.
    reported: BTreeSet<(Root, &'static str, u32)>,
}

impl<'a> Report<'a> {
    pub(super) fn new(func: &'a Function, derived: &'a Derived, cx: &'a mut Session) -> Report<'a> {
        Report { func, derived, cx, reported: BTreeSet::new() }
    }

    pub(super) fn op(&mut self, flow: &Flow<'_>, op: OpId, here: &Records) {
        let (data, mut here) = (&self.func.ops[op], here.clone());
        self.uses(data, &here, flow.handed_over(op));
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
    pub(super) fn lost(&mut self, root: Root, gone: Option<OpId>, by: OpId, path: Vec<(Span, &'static str)>) {
        // A wrong end of the record was reported.
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
        let ((what, begun), gone) = (self.describe(root), gone.map(|gone| self.ended(gone)));
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
    fn uses(&mut self, data: &OpData, here: &Records, handed_over: Option<Root>) {
        for (index, &operand) in data.operands.iter().enumerate() {
            let Some((root, _)) = self.derived.root(operand) else { continue };
            if !here.has(root) {
                continue;
            }
            // That a variable exists is no use of what it points to.
            let assigned = data.opcode == Opcode::KsStore && index == 0 && self.derived.is_name(operand);
            if let Some(gone) = here.gone(root).filter(|_| !assigned && data.opcode != Opcode::KsZero)
                && self.first(root, "gone", None)
            {
                let ((what, begun), (gone, how)) = (self.describe(root), self.ended(gone));
                self.cx.error(data.loc.span, RecordGone { what, how }).note(gone, "here").note(begun.0, begun.1);
            }
            let is_lent = !here.is_open(root) && here.gone(root).is_none();
            if let Some(place) = self.kept(data, index, is_lent).filter(|_| handed_over != Some(root))
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
        let joined = || {
            let around = self.func.regions[self.func.blocks[data.block].region].parent?;
            self.derived.root(*self.func.ops[around].results.get(index)?)
        };
        if data.opcode == Opcode::KsYield && is_pointer(operand) && joined().is_none() {
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
                let what = format!("a record of `{}`", self.cx.names.of(self.derived.map(reserve)));
                let is_call = self.func.ops[reserve].opcode == Opcode::KsCall;
                let how = if is_call { "it is returned here" } else { "it is reserved here" };
                (what, (self.func.ops[reserve].loc.span, how.to_owned()))
            }
            Root::Param(index) => {
                let param = &self.func.params[index];
                let name = self.cx.names.of(&self.func.name);
                let begun = format!("a record that `{name}` takes from its callers, since it ends it");
                (format!("`{}`", param.name), (param.span, begun))
            }
        }
    }

    /// Whether the report about the record, or about it at this place, is made for the first time.
    fn first(&mut self, root: Root, what: &'static str, place: Option<Span>) -> bool {
        self.reported.insert((root, what, place.map_or(0, |span| span.lo)))
    }
}
