//! What is wrong with references, as messages.

use super::cases::{Case, Cases, Known, Root};
use super::flow::Flow;
use super::{is_handed, kernel_call};
use crate::dataflow::Facts;
use crate::diag::codes::lifecycle::{ReferenceGone, ReferenceKept, ReferenceOpen, ReferenceWanted};
use crate::diag::codes::limits::ReferenceInLoop;
use crate::ir::flow::{Edge, Step};
use crate::ir::ops::KsCall;
use crate::ir::{Function, Module, OpData, OpId, Opcode};
use crate::passes::analysis::open_paths::{self, Question};
use crate::session::Session;
use crate::source::Span;
use crate::tables;
use std::collections::BTreeSet;
use std::rc::Rc;

/// The label of a tail call.
const MAY_LEAVE: &str = "control may leave here";

pub struct Report<'a> {
    module: &'a Module,
    func: &'a Function,
    cx: &'a mut Session,
    /// What was said, of which reference, and where.
    reported: BTreeSet<(Option<Root>, &'static str, Option<OpId>)>,
}

impl<'a> Report<'a> {
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
                (_, Some(root)) if case.is_owned(root) => self.in_loop(op, root),
                // What is gone is reported as a use.
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
        // What is lent by the caller, or is a parameter, is no reference of this function.
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
        let error = self.cx.error(data.loc.span, ReferenceWanted {});
        if data.opcode == Opcode::KsCall {
            let callee = names.of(KsCall::of(data).callee());
            error.remark(format!("`{callee}` releases what the parameter points to"));
        }
        error.help("only what a function such as `bpf_sk_lookup_tcp` acquired is released");
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
        let Some((name, _)) = kernel_call(self.module, &self.func.ops[op]) else { return String::new() };
        let of_helper = tables::helper(name).map(|_| "bpf_sk_release");
        let by = of_helper.or_else(|| tables::kfunc(name).and_then(|known| known.released_by));
        by.map_or(String::new(), |by| format!(", as by `{by}`"))
    }

    /// How messages name what was acquired, and where that was.
    fn describe(&self, root: Root) -> (String, (Span, String)) {
        match root {
            Root::Acquired(op) => {
                let data = &self.func.ops[op];
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
        match kernel_call(self.module, data) {
            Some(_) => "released".to_owned(),
            None => format!("released by `{}`", self.cx.names.of(KsCall::of(data).callee())),
        }
    }

    fn first(&mut self, root: Option<Root>, what: &'static str, place: Option<OpId>) -> bool {
        self.reported.insert((root, what, place))
    }
}
