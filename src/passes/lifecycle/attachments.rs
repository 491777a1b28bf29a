//! What is attached at each point of a function, as far as that is certain: of handles that the function loaded.
//!
//! A load and an attachment are known by their ops, and variables and values by the op whose result they hold. What a function
//! is called with, or what is stored elsewhere than in a variable, is known no longer.

use super::is_attach;
use crate::dataflow::{self, Analysis, Lattice, Point};
use crate::diag::codes::lifecycle::{AttachedTwice, DetachedAgain, NeverAttached};
use crate::ir::flow::Graph;
use crate::ir::ops::{HostAttach, HostAttachMap, HostAttachName, HostAttachNumber, HostDetach, KsStr};
use crate::ir::{Function, OpData, OpId, Opcode, Symbol, Value};
use crate::session::Session;
use crate::source::Span;
use crate::tables::OpTrait;
use crate::types::{Ty, TyKind, Types};
use std::collections::{BTreeMap, BTreeSet};

pub fn check(func: &Function, cx: &mut Session) {
    let ops = func.walk();
    if !ops.iter().any(|&op| is_attach(func.ops[op].opcode) || func.ops[op].opcode == Opcode::HostDetach) {
        return;
    }
    let mut follow = Follow { func, types: &cx.types, variables: variables(func, &ops) };
    let mut found = BTreeMap::new();
    let graph = Graph::of(func);
    dataflow::forward(&graph, &mut follow, Known::default()).visit(&mut follow, |follow, (point, known)| {
        if let Point::Op(op) = point {
            found.extend(follow.problem(op, known).map(|problem| (op, problem)));
        }
    });
    for (op, problem) in found {
        report(func, op, &problem, cx);
    }
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

/// A target that is a constant.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Target {
    /// The one of the program's attribute.
    OfProgram,
    Name(Vec<u8>),
    Number(i128),
    Map(Symbol),
}

#[derive(Clone, PartialEq, Eq)]
enum State {
    /// A handle that was attached to nothing.
    Fresh,
    /// Attached; to these targets for certain, since a failure would have ended the process.
    Attached(BTreeMap<Target, Span>),
    Detached(Span),
}

/// What holds on every path.
#[derive(Clone, Default)]
struct Known {
    /// The loads and attachments whose results values and variables hold.
    held: BTreeMap<Value, OpId>,
    states: BTreeMap<OpId, State>,
    /// What programs are attached to, by any handle.
    programs: BTreeMap<Symbol, BTreeMap<Target, Span>>,
}

impl Lattice for Known {
    fn join(&mut self, other: &Known) -> bool {
        let held = keep(&mut self.held, &other.held, |one, other| (*one == *other, false));
        let states = keep(&mut self.states, &other.states, State::join);
        let programs = keep(&mut self.programs, &other.programs, |one, other| (true, keep_known(one, other)));
        held || states || programs
    }
}

impl State {
    /// Whether anything is left that holds on both paths, and whether that is less than before.
    fn join(&mut self, other: &State) -> (bool, bool) {
        if let (State::Attached(one), State::Attached(other)) = (&mut *self, other) {
            return (true, keep_known(one, other));
        }
        (*self == *other, false)
    }
}

/// The targets that are known on both paths, where they were attached on the first.
fn keep_known(one: &mut BTreeMap<Target, Span>, other: &BTreeMap<Target, Span>) -> bool {
    keep(one, other, |_, _| (true, false))
}

/// Keeps what `both` finds to hold on both paths; whether anything changed.
fn keep<K: Ord, V>(
    one: &mut BTreeMap<K, V>,
    other: &BTreeMap<K, V>,
    both: impl Fn(&mut V, &V) -> (bool, bool),
) -> bool {
    let mut changed = false;
    one.retain(|key, value| {
        let (holds, less) = other.get(key).map_or((false, false), |other| both(value, other));
        changed |= less || !holds;
        holds
    });
    changed
}

/// What is wrong with an op.
enum Problem {
    Twice { before: Span },
    Never,
    Again { before: Span },
}

struct Follow<'m> {
    func: &'m Function,
    types: &'m Types,
    variables: BTreeSet<Value>,
}

impl Analysis for Follow<'_> {
    type State = Known;

    fn step(&mut self, op: OpId, known: &mut Known) {
        let func = self.func;
        let data = &func.ops[op];
        if data.opcode == Opcode::HostLoad {
            known.make(op, data.results[0], State::Fresh);
        } else if is_attach(data.opcode) {
            known.attach(data.operands[0]);
            known.make(op, data.results[0], State::Attached(BTreeMap::new()));
        } else if data.opcode == Opcode::HostAttachCheck {
            if let Some((target, handle)) = self.certain(data) {
                known.note(&target, handle, self.program(handle, known), data.loc.span);
            }
        } else if data.opcode == Opcode::HostDetach {
            let what = HostDetach::of(data).what();
            known.detach(what, self.program(what, known), data.loc.span);
        } else if data.opcode == Opcode::KsLoad {
            let held = known.held.get(&data.operands[0]).copied();
            known.hold(data.results[0], held);
        } else if data.opcode == Opcode::KsStore && self.variables.contains(&data.operands[0]) {
            let held = known.held.get(&data.operands[1]).copied();
            known.hold(data.operands[0], held);
        } else if data.opcode == Opcode::KsZero {
            known.held.remove(&data.operands[0]);
        } else if !data.opcode.has(OpTrait::Pure) && !data.opcode.has(OpTrait::RegionEnd) {
            for &operand in data.operands.iter().filter(|&&operand| self.is_tracked(func.ty(operand))) {
                known.forget(operand, self.program(operand, known));
            }
        }
    }
}

impl Follow<'_> {
    fn is_tracked(&self, ty: Ty) -> bool {
        let kind = self.types.kind(ty);
        let of = if let TyKind::Place { of, .. } | TyKind::Ptr { to: of, .. } = kind { of } else { ty };
        of == Ty::LINK || self.types.is_handle(of)
    }

    /// The program that a handle is of, or that a link attaches.
    fn program(&self, what: Value, known: &Known) -> Option<Symbol> {
        let made = &self.func.ops[*known.held.get(&what)?];
        if is_attach(made.opcode) {
            let load = &self.func.ops[*known.held.get(&made.operands[0])?];
            return load.program().cloned();
        }
        made.program().cloned()
    }

    /// The constant target of an attachment that does not fail, and its handle.
    fn certain(&self, check: &OpData) -> Option<(Target, Value)> {
        let attach = &self.func.ops[self.func.def(check.operands[0])?];
        if !is_attach(attach.opcode) {
            return None;
        }
        let handle = attach.operands[0];
        let (target, options) = if attach.opcode == Opcode::HostAttach {
            (Target::OfProgram, HostAttach::of(attach).options())
        } else if attach.opcode == Opcode::HostAttachName {
            let view = HostAttachName::of(attach);
            let name = &self.func.ops[self.func.def(view.target())?];
            if name.opcode != Opcode::KsStr {
                return None;
            }
            (Target::Name(KsStr::of(name).bytes().to_vec()), view.options())
        } else if attach.opcode == Opcode::HostAttachMap {
            let view = HostAttachMap::of(attach);
            (Target::Map(view.map().clone()), view.options())
        } else {
            let view = HostAttachNumber::of(attach);
            (Target::Number(self.func.known(self.types, view.target())?), view.options())
        };
        // Options make others of what is attached to one target.
        if !options.is_empty() {
            return None;
        }
        Some((target, handle))
    }

    fn problem(&self, op: OpId, known: &Known) -> Option<Problem> {
        let data = &self.func.ops[op];
        if data.opcode == Opcode::HostAttachCheck {
            let (target, handle) = self.certain(data)?;
            let before = known.clone().note(&target, handle, self.program(handle, known), data.loc.span)?;
            return Some(Problem::Twice { before });
        }
        if data.opcode != Opcode::HostDetach {
            return None;
        }
        let made = known.held.get(&HostDetach::of(data).what())?;
        match known.states.get(made)? {
            State::Fresh => Some(Problem::Never),
            State::Detached(before) => Some(Problem::Again { before: *before }),
            State::Attached(_) => None,
        }
    }
}

impl Known {
    /// A variable or a value gets a value.
    fn hold(&mut self, holder: Value, made: Option<OpId>) {
        match made {
            Some(made) => self.held.insert(holder, made),
            None => self.held.remove(&holder),
        };
    }

    /// An op makes a handle or a link; what it made in an iteration before is known no longer.
    fn make(&mut self, op: OpId, result: Value, state: State) {
        self.held.retain(|_, made| *made != op);
        self.held.insert(result, op);
        self.states.insert(op, state);
    }

    fn state(&mut self, of: Value) -> Option<&mut State> {
        self.states.get_mut(self.held.get(&of)?)
    }

    /// An attachment that may fail.
    fn attach(&mut self, handle: Value) {
        match self.state(handle) {
            Some(state @ (State::Fresh | State::Detached(_))) => *state = State::Attached(BTreeMap::new()),
            Some(State::Attached(_)) => {}
            // It may be any of them.
            None => self.states.clear(),
        }
    }

    /// The same did not fail; where the program was attached to this target before, if it was.
    fn note(&mut self, target: &Target, handle: Value, program: Option<Symbol>, span: Span) -> Option<Span> {
        let Some(State::Attached(targets)) = self.state(handle) else { return None };
        let before = targets.insert(target.clone(), span);
        let by_others = self.programs.entry(program?).or_default();
        before.or(by_others.insert(target.clone(), span))
    }

    fn detach(&mut self, what: Value, program: Option<Symbol>, span: Span) {
        self.forget_program(program);
        match self.held.get(&what) {
            Some(&made) => drop(self.states.insert(made, State::Detached(span))),
            None => self.states.clear(),
        }
    }

    /// Others may attach and detach it from here on.
    fn forget(&mut self, what: Value, program: Option<Symbol>) {
        self.forget_program(program);
        match self.held.get(&what) {
            Some(made) => drop(self.states.remove(made)),
            None => self.states.clear(),
        }
    }

    fn forget_program(&mut self, program: Option<Symbol>) {
        match program {
            Some(program) => drop(self.programs.remove(&program)),
            None => self.programs.clear(),
        }
    }
}

fn report(func: &Function, op: OpId, problem: &Problem, cx: &mut Session) {
    let data = &func.ops[op];
    match *problem {
        Problem::Twice { before } => {
            let handle = func.def(data.operands[0]).and_then(|attach| func.def(func.ops[attach].operands[0]));
            let name = handle.map_or_else(String::new, |op| cx.sources.text(func.ops[op].loc.span).to_owned());
            cx.error(data.loc.span, AttachedTwice { name })
                .note(before, "attached here")
                .help("one program can be attached to several targets, to each of them once");
        }
        Problem::Never => {
            let name = name(func, data, cx);
            cx.error(data.loc.span, NeverAttached { name }).help("`attach` comes before");
        }
        Problem::Again { before } => {
            let name = name(func, data, cx);
            cx.warn(data.loc.span, DetachedAgain { name }).note(before, "detached here");
        }
    }
}

/// What is detached, as it is written.
fn name(func: &Function, detach: &OpData, cx: &Session) -> String {
    let made = func.def(HostDetach::of(detach).what()).map(|op| &func.ops[op]);
    made.map_or_else(String::new, |op| cx.sources.text(op.loc.span).to_owned())
}
