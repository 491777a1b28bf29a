//! Messages about mistakes with references.

use super::cases::{Case, Cases, Known, Root};
use super::flow::Flow;
use super::{is_handed, kernel_call, of_objects};
use crate::dataflow::Facts;
use crate::diag::codes::lifecycle::{ReferenceGone, ReferenceKept, ReferenceOpen, ReferenceWanted};
use crate::diag::codes::limits::ReferenceInLoop;
use crate::ir::flow::{Edge, Step};
use crate::ir::ops::{BpfHelper, KsCall};
use crate::ir::{Function, Module, OpData, OpId, Opcode};
use crate::passes::analysis::open_paths::{self, Question};
use crate::session::Session;
use crate::source::Span;
use crate::tables::{self, OBJECT_METHODS, Reference};
use crate::types::{Space, Ty, TyKind};
use std::collections::BTreeSet;
use std::rc::Rc;

/// The label of a tail call.
const MAY_LEAVE: &str = "control may leave here";

/// Reports the mistakes of one function, each once.
pub struct Report<'a> {
    module: &'a Module,
    func: &'a Function,
    cx: &'a mut Session,
    /// The reports so far, each by its reference, kind and op, so that none is made twice.
    reported: BTreeSet<(Option<Root>, &'static str, Option<OpId>)>,
}

impl<'a> Report<'a> {
    /// Has reported nothing yet.
    pub fn new(module: &'a Module, func: &'a Function, cx: &'a mut Session) -> Report<'a> {
        Report { module, func, cx, reported: BTreeSet::new() }
    }

    /// An op, in one case.
    pub fn op(&mut self, flow: &Flow<'_>, op: OpId, case: &Case) {
        let data = &self.func.ops[op];
        self.uses(flow, data, case);
        for value in flow.released(data) {
            match (case.known.get(&value), case.root(value)) {
                (Some(Known::Null), _) => {}
                (_, Some(root)) if case.is_owned(root) && !is_removal(data) => self.in_loop(op, root),
                (_, Some(root)) if case.is_borrowed(root) != is_removal(data) => self.wanted(op),
                // A reference that is gone is reported as a use.
                (_, Some(_)) => {}
                (_, None) => self.wanted(op),
            }
        }
    }

    /// Reports uses of what is gone, and where nobody can follow a pointer.
    fn uses(&mut self, flow: &Flow<'_>, data: &OpData, case: &Case) {
        if matches!(data.opcode, Opcode::KsLoad | Opcode::KsZero | Opcode::KsYield) {
            return;
        }
        for (index, &operand) in data.operands.iter().enumerate() {
            let Some(root) = case.root(operand) else { continue };
            if data.opcode == Opcode::KsStore {
                if index == 1 && !flow.is_variable(data.operands[0]) {
                    self.kept(data, root);
                }
            } else if let Some(gone) = case.gone(root) {
                self.gone(data, root, gone);
            }
        }
    }

    fn gone(&mut self, data: &OpData, root: Root, gone: OpId) {
        if !self.first(Some(root), "gone", None) {
            return;
        }
        let (what, begun) = self.describe(root);
        let (by, how) = (&self.func.ops[gone], self.released_by(gone));
        self.cx.error(data.loc.span, ReferenceGone { what, how }).note(by.loc.span, "here").note(begun.0, begun.1);
    }

    fn kept(&mut self, data: &OpData, root: Root) {
        // A parameter, or an object that the caller lends, is no reference of this function.
        if matches!(root, Root::Param(_)) || !self.first(Some(root), "kept", None) {
            return;
        }
        let (what, begun) = self.describe(root);
        let place = "in a part of a variable, or in one whose address is taken".to_owned();
        self.cx
            .error(data.loc.span, ReferenceKept { what, place })
            .note(begun.0, begun.1)
            .help("keep it in a variable of its own, of which no address is taken");
    }

    fn in_loop(&mut self, op: OpId, root: Root) {
        let began_inside = |holder: OpId| match root {
            Root::Acquired(begin) => self.func.is_inside(begin, holder),
            Root::Param(_) => false,
        };
        if self.func.loops(op).all(began_inside) || !self.first(Some(root), "loop", None) {
            return;
        }
        let (what, begun) = self.describe(root);
        self.cx
            .error(self.func.ops[op].loc.span, ReferenceInLoop { what })
            .note(begun.0, begun.1)
            .help("keep in a variable what to do, and release it after the loop; or acquire it in the loop");
    }

    fn wanted(&mut self, op: OpId) {
        if !self.first(None, "wanted", Some(op)) {
            return;
        }
        let data = &self.func.ops[op];
        let names = Rc::clone(&self.cx.names);
        if is_removal(data) {
            self.cx.error(data.loc.span, ReferenceWanted {}).remark("`remove` takes out what `first` yielded");
            return;
        }
        let error = self.cx.error(data.loc.span, ReferenceWanted {});
        if data.opcode == Opcode::KsCall {
            let callee = names.of(KsCall::of(data).callee());
            error.remark(format!("`{callee}` releases what the parameter points to"));
        }
        error.help(match of_objects(data) {
            Some(_) => {
                "only what `new`, `exchange`, `pop_front`, `pop_back` or `remove` yielded is given away or deleted"
            }
            None => "only what a function such as `bpf_sk_lookup_tcp` acquired is released",
        });
    }

    /// Where a tail call succeeds, control does not come back to what is still owned.
    pub fn handed_over(&mut self, op: OpId, case: &Case) {
        let owned: Vec<Root> = case.acquired().filter(|&root| case.is_owned(root)).collect();
        for root in owned {
            if !self.first(Some(root), "open", None) {
                continue;
            }
            let (what, begun) = self.describe(root);
            let error = self.cx.error(self.func.ops[op].loc.span, ReferenceOpen { what }).label(MAY_LEAVE);
            error.note(begun.0, begun.1).help("release it before the tail call, which does not come back");
        }
    }

    /// Control leaves the function, or the iteration, in which something was acquired, and it is still owned.
    pub fn lost(&mut self, flow: &mut Flow<'_>, facts: &Facts<'_, Cases>, root: Root, edge: &Edge) {
        if ["open", "loop", "kept"].iter().any(|said| self.reported.contains(&(Some(root), *said, None))) {
            return;
        }
        self.first(Some(root), "open", None);
        let Root::Acquired(begin) = root else { return };
        let is_open = |cases: &Cases| cases.iter().any(|case| case.is_owned(root));
        let asked = Question { begins: |op| op == begin, is_open, is_ended: |cases: &Cases| !is_open(cases) };
        let path = open_paths::branches(self.func, (flow, facts), edge, asked);
        let ((what, begun), by) = (self.describe(root), self.release(begin));
        let is_exit = edge.step == Step::Out || self.func.exit(edge.by).is_some();
        let how = if is_exit { "control leaves here" } else { "the iteration ends here" };
        let error = self.cx.error(self.func.ops[edge.by].loc.span, ReferenceOpen { what }).label(how);
        error.note(begun.0, begun.1);
        for (span, branch) in path {
            error.note(span, branch);
        }
        error.help(match edge.step {
            Step::Out => format!("every path on which it is not null releases it{by}"),
            Step::Into(..) | Step::Behind(_) | Step::Successor(_) => {
                "what an iteration acquires is released in the same iteration".to_owned()
            }
        });
    }

    /// What releases the object that an op acquired, as the end of a sentence.
    fn release(&self, op: OpId) -> String {
        let data = &self.func.ops[op];
        let Some((name, _)) = kernel_call(self.module, data) else { return String::new() };
        if let (Some(_), Some(&result)) = (written(data), data.results.first()) {
            return self.end_of(self.func.ty(result));
        }
        let of_helper = tables::helper(name).map(|_| "bpf_sk_release");
        let by = of_helper.or_else(|| tables::kfunc(name).and_then(|known| known.released_by));
        by.map_or(String::new(), |by| format!(", as by `{by}`"))
    }

    /// What ends the reference to an object of the program, or of a map, as the end of a sentence.
    fn end_of(&self, pointer: Ty) -> String {
        let TyKind::Ptr { to, space, .. } = self.cx.types.kind(pointer) else { return String::new() };
        if space == Space::Heap {
            return ": `delete` frees it, or a map gets it".to_owned();
        }
        let name = self.cx.types.name(to);
        let by = tables::KFUNCS.iter().find(|known| known.destroys == Some(name.as_str()));
        by.map_or(String::new(), |by| format!(", as by `{}`", by.name))
    }

    /// How messages name what was acquired, and where that was.
    fn describe(&self, root: Root) -> (String, (Span, String)) {
        match root {
            Root::Acquired(op) => {
                let data = &self.func.ops[op];
                if let Some((what, did)) = written(data) {
                    return (format!("what `{what}` {did}"), (data.loc.span, format!("`{what}` {did} it here")));
                }
                if is_handed(self.func, data) {
                    let what = "what the kernel hands to the function".to_owned();
                    return (what, (data.loc.span, "it is this parameter".to_owned()));
                }
                let by = match (data.map(), kernel_call(self.module, data)) {
                    (Some(map), _) => format!("{}[…]", self.cx.names.of(map)),
                    (None, Some((name, _))) => name.to_owned(),
                    (None, None) => self.cx.names.of(KsCall::of(data).callee()).to_owned(),
                };
                (format!("what `{by}` acquired"), (data.loc.span, "it is acquired here".to_owned()))
            }
            Root::Param(index) => {
                let param = &self.func.params[index];
                (format!("`{}`", param.name), (param.span, "it is the caller's".to_owned()))
            }
        }
    }

    fn released_by(&self, op: OpId) -> String {
        let data = &self.func.ops[op];
        if data.opcode == Opcode::BpfLocked {
            return "given back with the lock".to_owned();
        }
        if let Some((what, _)) = written(data) {
            return format!("given away by `{what}`");
        }
        match kernel_call(self.module, data) {
            Some(_) => "released".to_owned(),
            None => format!("released by `{}`", self.cx.names.of(KsCall::of(data).callee())),
        }
    }

    fn first(&mut self, root: Option<Root>, what: &'static str, place: Option<OpId>) -> bool {
        self.reported.insert((root, what, place))
    }
}

/// Whether an op takes what was borrowed out of a tree.
fn is_removal(op: &OpData) -> bool {
    let of = of_objects(op).and_then(tables::kfunc);
    op.opcode == Opcode::BpfObjectCall && of.is_some_and(|known| known.reference == Some(Reference::Exchanges))
}

/// The method or keyword of the language that an op with objects was written as, and the past tense of its effect, for messages.
fn written(op: &OpData) -> Option<(&'static str, &'static str)> {
    if op.opcode == Opcode::BpfHelper && **BpfHelper::of(op).helper() == *tables::EXCHANGE {
        return Some(("exchange", "took"));
    }
    let name = of_objects(op)?;
    let method = OBJECT_METHODS.iter().find(|method| method.list == Some(name) || method.tree == Some(name));
    match (method, op.opcode) {
        (Some(method), _) => Some((method.name, "yielded")),
        (None, Opcode::HostNew) => Some(("new", "made")),
        (None, _) => Some(("delete", "freed")),
    }
}
