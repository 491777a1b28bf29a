//! Finds, for each point of a function and its callees, which of the handles that are loaded there are attached.
//!
//! A load and an attachment are known by their ops, and variables and values by the op whose result they hold. Arguments of other callers,
//! and contents of places other than variables, are unknown. A call is followed into its function, with the facts about its arguments.

use super::is_attach;
use super::known::{Holder, Known, Site, State, Target};
use super::report::report;
use crate::dataflow::{self, Analysis, Lattice, Point};
use crate::ir::callgraph::CallGraph;
use crate::ir::flow::Graph;
use crate::ir::ops::{
    HostAttach, HostAttachMap, HostAttachName, HostAttachNumber, HostDetach, HostUpgrade, KsCall, KsStr,
};
use crate::ir::{Function, Module, OpData, OpId, Opcode, Role, Symbol, Value};
use crate::session::Session;
use crate::source::Span;
use crate::tables::OpTrait;
use crate::types::{Ty, TyKind, Types};
use std::collections::{BTreeMap, BTreeSet};

/// So many calls are followed into each other.
const MOST_CALLS: usize = 4;

/// Reports mistakes with attachments, from `main` through its calls.
pub fn check(module: &Module, cx: &mut Session) {
    let graph = CallGraph::direct(module);
    let own: Vec<Option<()>> = module.funcs.iter().map(|func| is_relevant(func).then_some(())).collect();
    let relevant: Vec<bool> = graph.first_reached(&own).iter().map(Option::is_some).collect();
    let variables = module.funcs.iter().map(|func| variables(func, &func.walk())).collect();
    let (calls, found) = (Vec::new(), BTreeMap::new());
    let mut follow = Follow { module, types: &cx.types, variables, relevant, at: 0, calls, found };
    let is_main = |at: &usize| matches!(module.funcs[*at].role, Role::Main);
    let (mains, others): (Vec<usize>, Vec<usize>) = (0..module.funcs.len()).partition(is_main);
    for at in mains.into_iter().chain(others).filter(|&at| own[at].is_some() || is_main(&at)) {
        follow.at = at;
        follow.function(Known::default(), true);
    }
    for ((at, op), found) in std::mem::take(&mut follow.found) {
        report(&module.funcs[at], op, &found, cx);
    }
}

/// Whether a function itself loads, attaches or detaches.
fn is_relevant(func: &Function) -> bool {
    let is_own = |opcode| is_attach(opcode) || matches!(opcode, Opcode::HostDetach | Opcode::HostLoad);
    func.walk().into_iter().any(|op| is_own(func.ops[op].opcode))
}

/// The variables that are only read and written as a whole.
fn variables(func: &Function, ops: &[OpId]) -> BTreeSet<Value> {
    let ops = || ops.iter().map(|&op| &func.ops[op]);
    let mut found: BTreeSet<Value> = ops().filter(|op| op.opcode == Opcode::KsVar).map(|op| op.results[0]).collect();
    for op in ops() {
        let own = matches!(op.opcode, Opcode::KsLoad | Opcode::KsStore | Opcode::KsZero);
        for operand in op.operands.iter().skip(usize::from(own)) {
            found.remove(operand);
        }
    }
    found
}

/// A mistake with a handle or link.
pub enum Problem {
    Twice { before: Span },
    MayBeTwice { before: Span },
    Never,
    NotLoaded,
    Again { before: Span },
    Used { before: Span },
}

/// A problem, and the calls by which control came there.
pub struct Found {
    pub problem: Problem,
    pub calls: Vec<Span>,
}

struct Follow<'m> {
    module: &'m Module,
    types: &'m Types,
    /// The variables of each function that are only read and written as a whole.
    variables: Vec<BTreeSet<Value>>,
    /// The functions that load, attach or detach, or that call such.
    relevant: Vec<bool>,
    /// The function that is followed.
    at: usize,
    /// The calls around it: the caller, and the call.
    calls: Vec<Site>,
    found: BTreeMap<Site, Found>,
}

impl Analysis for Follow<'_> {
    type State = Known;

    fn step(&mut self, op: OpId, known: &mut Known) {
        let func = self.func();
        let data = &func.ops[op];
        let site = (self.at, op);
        if data.opcode == Opcode::HostLoad {
            known.make(site, self.holder(data.results[0]), State::Fresh);
        } else if is_attach(data.opcode) {
            known.attach(self.holder(data.operands[0]));
            known.make(site, self.holder(data.results[0]), State::Attached(BTreeMap::new()));
        } else if data.opcode == Opcode::HostAttachCheck {
            if let Some((target, handle)) = self.certain(data) {
                known.note(&target, self.holder(handle), self.program(handle, known), data.loc.span);
            }
        } else if data.opcode == Opcode::HostDetach {
            let what = HostDetach::of(data).what();
            let links = self.links_of(what, known);
            known.detach(self.holder(what), &links, self.program(what, known), data.loc.span);
        } else if data.opcode == Opcode::HostUpgrade {
            let handle = HostUpgrade::of(data).handle();
            known.rename(self.holder(handle), self.program(handle, known));
        } else if data.opcode == Opcode::KsLoad {
            let held = known.held.get(&self.holder(data.operands[0])).copied();
            known.hold(self.holder(data.results[0]), held);
        } else if data.opcode == Opcode::KsStore && self.is_variable(data.operands[0]) {
            let held = known.held.get(&self.holder(data.operands[1])).copied();
            known.hold(self.holder(data.operands[0]), held);
        } else if data.opcode == Opcode::KsZero {
            let place = data.operands[0];
            known.held.remove(&self.holder(place));
            if self.is_variable(place) && self.is_tracked(func.ty(place)) {
                known.make(site, self.holder(place), State::Empty);
            }
        } else if let (Opcode::HostCall, [link]) = (data.opcode, data.results.as_slice())
            && func.ty(*link) == Ty::LINK
        {
            // An event that counts without a program.
            known.make(site, self.holder(*link), State::Attached(BTreeMap::new()));
        } else if let Some(callee) = self.callee(data) {
            self.call(op, callee, known, false);
        } else if may_detach(data) {
            for &operand in data.operands.iter().filter(|&&operand| self.is_tracked(func.ty(operand))) {
                known.forget(self.holder(operand), self.program(operand, known));
            }
        }
    }
}

/// Whether an op may attach or detach what it is given. The runtime's functions do not.
fn may_detach(data: &OpData) -> bool {
    let runtime = [
        Opcode::HostCall,
        Opcode::HostFill,
        Opcode::HostAsk,
        Opcode::HostFormat,
        Opcode::HostCCall,
        Opcode::HostPin,
        Opcode::HostUnpin,
        Opcode::HostUnpinName,
        Opcode::HostLinkStatus,
        Opcode::HostExec,
        Opcode::HostPython,
    ];
    let passes = data.opcode.has(OpTrait::Pure) || data.opcode.has(OpTrait::RegionEnd);
    !passes && !runtime.contains(&data.opcode)
}

impl<'m> Follow<'m> {
    fn func(&self) -> &'m Function {
        &self.module.funcs[self.at]
    }

    fn holder(&self, value: Value) -> Holder {
        (self.calls.len(), value)
    }

    fn is_variable(&self, place: Value) -> bool {
        self.variables[self.at].contains(&place)
    }

    /// Follows the function: the facts at its returns, joined, and the site that made its result, if all returns have the same. None if it
    /// does
    /// not return.
    fn function(&mut self, start: Known, reports: bool) -> Option<(Known, Option<Site>)> {
        let graph = Graph::of(self.func());
        let mut end: Option<(Known, Option<Site>)> = None;
        dataflow::forward(&graph, self, start).visit(self, |follow, (point, known)| {
            let Point::Op(op) = point else { return };
            let data = &follow.func().ops[op];
            if reports {
                follow.look(op, known);
            }
            if data.opcode == Opcode::KsReturn {
                let result = data.operands.first().and_then(|&value| known.held.get(&follow.holder(value)).copied());
                match &mut end {
                    Some((all, of_all)) => {
                        all.join(known);
                        *of_all = of_all.filter(|site| Some(*site) == result);
                    }
                    None => end = Some((known.clone(), result)),
                }
            }
        });
        end
    }

    /// A function of the program that is followed.
    fn callee(&self, data: &OpData) -> Option<usize> {
        if data.opcode != Opcode::KsCall {
            return None;
        }
        let name = KsCall::of(data).callee();
        let callee = self.module.funcs.iter().position(|func| func.name == *name)?;
        self.relevant[callee].then_some(callee)
    }

    /// A call of a function that may attach and detach.
    fn call(&mut self, op: OpId, callee: usize, known: &mut Known, reports: bool) {
        let (caller, data) = (self.at, &self.func().ops[op]);
        let is_running = callee == caller || self.calls.iter().any(|(at, _)| *at == callee);
        if is_running || self.calls.len() == MOST_CALLS {
            known.forget_all();
            data.results.iter().for_each(|&result| known.hold(self.holder(result), None));
            return;
        }
        let target = &self.module.funcs[callee];
        let params = &target.blocks[target.entry()].args;
        let mut start = known.clone();
        for (&param, &operand) in params.iter().zip(&data.operands) {
            let held = known.held.get(&self.holder(operand)).copied();
            start.hold((self.calls.len() + 1, param), held);
        }
        self.calls.push((caller, op));
        self.at = callee;
        let end = self.function(start, reports);
        self.at = caller;
        self.calls.pop();
        let Some((end, result)) = end else { return };
        *known = end;
        let depth = self.calls.len();
        known.held.retain(|(of, _), _| *of <= depth);
        for &value in &data.results {
            known.hold(self.holder(value), result);
        }
    }

    fn is_tracked(&self, ty: Ty) -> bool {
        let kind = self.types.kind(ty);
        let of = if let TyKind::Place { of, .. } | TyKind::Ptr { to: of, .. } = kind { of } else { ty };
        of == Ty::LINK || self.types.is_handle(of)
    }

    fn op(&self, (at, op): Site) -> &'m OpData {
        &self.module.funcs[at].ops[op]
    }

    /// The program that a handle is of, or that a link attaches.
    fn program(&self, what: Value, known: &Known) -> Option<Symbol> {
        self.op(*known.held.get(&self.holder(what))?).program().cloned()
    }

    /// The links of a handle in this function.
    fn links_of(&self, handle: Value, known: &Known) -> Vec<Site> {
        let Some(made) = known.held.get(&self.holder(handle)) else { return Vec::new() };
        let func = self.func();
        let of_handle = |op: &OpId| {
            let data = &func.ops[*op];
            is_attach(data.opcode) && known.held.get(&self.holder(data.operands[0])) == Some(made)
        };
        func.walk().into_iter().filter(of_handle).map(|op| (self.at, op)).collect()
    }

    /// The constant target of an attachment that does not fail, and its handle.
    fn certain(&self, check: &OpData) -> Option<(Target, Value)> {
        let func = self.func();
        let attach = &func.ops[func.def(check.operands[0])?];
        if !is_attach(attach.opcode) {
            return None;
        }
        let handle = attach.operands[0];
        let (target, options) = if attach.opcode == Opcode::HostAttach {
            (Target::OfProgram, HostAttach::of(attach).options())
        } else if attach.opcode == Opcode::HostAttachName {
            let view = HostAttachName::of(attach);
            let name = &func.ops[func.def(view.target())?];
            if name.opcode != Opcode::KsStr {
                return None;
            }
            (Target::Name(KsStr::of(name).bytes().to_vec()), view.options())
        } else if attach.opcode == Opcode::HostAttachMap {
            let view = HostAttachMap::of(attach);
            (Target::Map(view.map().clone()), view.options())
        } else {
            let view = HostAttachNumber::of(attach);
            (Target::Number(func.known(self.types, view.target())?), view.options())
        };
        // Options make others of what is attached to one target.
        if !options.is_empty() {
            return None;
        }
        Some((target, handle))
    }

    /// Notes the mistakes in an op, and those in the function that it calls.
    fn look(&mut self, op: OpId, known: &Known) {
        let data = &self.func().ops[op];
        if let Some(callee) = self.callee(data) {
            self.call(op, callee, &mut known.clone(), true);
        }
        if let Some(problem) = self.problem(op, known) {
            let calls = self.calls.iter().rev().map(|&site| self.op(site).loc.span).collect();
            self.found.entry((self.at, op)).or_insert(Found { problem, calls });
        }
    }

    fn problem(&self, op: OpId, known: &Known) -> Option<Problem> {
        let data = &self.func().ops[op];
        let state = |value: Value| known.state(self.holder(value));
        if data.opcode == Opcode::HostAttachCheck {
            let (target, handle) = self.certain(data)?;
            let (holder, program) = (self.holder(handle), self.program(handle, known));
            if let Some(before) = known.clone().note(&target, holder, program, data.loc.span) {
                return Some(Problem::Twice { before });
            }
            let before = known.may_be_attached(&target, holder).filter(|_| self.is_unconditional(op))?;
            return Some(Problem::MayBeTwice { before });
        }
        let what = data.operands.iter().copied().find(|&operand| self.is_tracked(self.func().ty(operand)))?;
        if is_attach(data.opcode) {
            return matches!(state(what)?, State::Empty).then_some(Problem::NotLoaded);
        }
        if data.opcode == Opcode::HostDetach {
            return match state(what)? {
                State::Fresh => Some(Problem::Never),
                State::Empty => Some(Problem::NotLoaded),
                State::Detached(before) => Some(Problem::Again { before: *before }),
                State::Attached(_) => None,
            };
        }
        let uses = matches!(data.opcode, Opcode::HostCall | Opcode::HostFill | Opcode::HostPin);
        if uses
            && self.func().ty(what) == Ty::LINK
            && let State::Detached(before) = state(what)?
        {
            return Some(Problem::Used { before: *before });
        }
        None
    }

    /// Whether no branch decides about an op, in its function: else the branches before it may decide the same.
    fn is_unconditional(&self, op: OpId) -> bool {
        let func = self.func();
        let mut around = std::iter::successors(func.around(op), |&op| func.around(op));
        !around.any(|op| matches!(func.ops[op].opcode, Opcode::KsIf | Opcode::KsMatch))
    }
}
