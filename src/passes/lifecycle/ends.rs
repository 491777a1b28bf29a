//! A `main` that attaches programs and ends without waiting: the kernel detaches them at once.
//!
//! Reports as far as the answer is certain. A branch on the result of `attach` may be the path of a failure, an end with a
//! constant status other than 0 is one, and a loop may be a form of waiting.

use super::is_attach;
use crate::dataflow::{self, Analysis, Lattice, Point};
use crate::diag::codes::lifecycle::EndsAttached;
use crate::ir::callgraph::CallGraph;
use crate::ir::flow::{Edge, Graph, Step};
use crate::ir::ops::{HostCall, KsCall};
use crate::ir::{Function, Module, OpData, OpId, Opcode, Role, Symbol, Value};
use crate::session::Session;
use crate::source::Span;
use crate::tables::BUILTINS;
use crate::types::Types;
use std::collections::{BTreeMap, BTreeSet};

/// Reports a `main` that attaches programs and then certainly ends at once.
pub fn check(module: &Module, cx: &mut Session) {
    let effects = effects(module);
    for func in module.funcs.iter().filter(|func| matches!(func.role, Role::Main)) {
        let waits = effects.get(&func.name).is_some_and(|own| own.waits);
        let tests = tests(func, &effects);
        let mut main = Main { func, effects: &effects, tests };
        let graph = Graph::of(func);
        let mut found = BTreeMap::new();
        dataflow::forward(&graph, &mut main, State::Nothing).visit(&mut main, |_, (point, state)| {
            if let (Point::Op(op), State::Attached(attach)) = (point, *state)
                && func.ops[op].opcode == Opcode::KsReturn
                && succeeds(func, &cx.types, op, waits)
            {
                found.insert(op, attach);
            }
        });
        for (end, attach) in found {
            cx.warn(func.ops[end].loc.span, EndsAttached {}).note(attach, "attached here").help(
                "what is attached is detached when the process ends: wait for Ctrl-C with `wait()`, or `sleep(ms)` or `dispatch(…)` in a loop",
            );
        }
    }
}

/// The effect of an op or a function on the life of attachments.
#[derive(Clone, Copy, Default, PartialEq)]
struct Effect {
    attaches: bool,
    /// Or detaches: the program decides when it is over. Or pins what is attached.
    waits: bool,
}

type Effects = BTreeMap<Symbol, Effect>;

/// The effects of each function and its callees.
fn effects(module: &Module) -> Effects {
    let graph = CallGraph::direct(module);
    let own = module.funcs.iter().map(|func| {
        let mut all = Effect::default();
        for data in func.all() {
            let effect = effect(data, &Effects::new());
            all.attaches |= effect.attaches;
            all.waits |= effect.waits || data.opcode.is_loop();
        }
        all
    });
    let own: Vec<Effect> = own.collect();
    let reached = |has: fn(&Effect) -> bool| {
        let given: Vec<Option<()>> = own.iter().map(|effect| has(effect).then_some(())).collect();
        graph.first_reached(&given)
    };
    let (attaches, waits) = (reached(|effect| effect.attaches), reached(|effect| effect.waits));
    let of = |at: usize| Effect { attaches: attaches[at].is_some(), waits: waits[at].is_some() };
    module.funcs.iter().enumerate().map(|(at, func)| (func.name.clone(), of(at))).collect()
}

fn effect(op: &OpData, effects: &Effects) -> Effect {
    if op.opcode == Opcode::KsCall {
        return effects.get(KsCall::of(op).callee()).copied().unwrap_or_default();
    }
    let keeps = op.opcode == Opcode::HostCall && {
        let symbol = HostCall::of(op).symbol();
        BUILTINS.iter().any(|b| (b.interruptible || b.keeps_attached) && b.host == Some(symbol))
    };
    let waits = matches!(
        op.opcode,
        Opcode::HostDetach | Opcode::HostUnregister | Opcode::HostPin | Opcode::HostExec | Opcode::KsCallPointer
    );
    Effect { attaches: is_attach(op.opcode) || op.opcode == Opcode::HostRegister, waits: waits || keeps }
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    /// Nothing is attached.
    Nothing,
    /// Something is attached, and nothing has waited.
    Attached(Span),
    /// Something is attached and nothing has waited, in a branch of an op that tests whether something was attached.
    Tested(Span, OpId),
    /// The program may have waited, or nothing is attached on one of the paths.
    Unknown,
}

impl Lattice for State {
    fn join(&mut self, other: &State) -> bool {
        let joined = match (*self, *other) {
            (one, other) if one == other => one,
            (State::Attached(attach), State::Attached(_) | State::Tested(..)) => State::Attached(attach),
            (State::Tested(attach, _), State::Attached(_) | State::Tested(..)) => State::Attached(attach),
            (State::Nothing | State::Unknown, _) | (_, State::Nothing | State::Unknown) => State::Unknown,
        };
        std::mem::replace(self, joined) != joined
    }
}

struct Main<'m> {
    func: &'m Function,
    effects: &'m Effects,
    /// The ops that test whether something was attached.
    tests: BTreeSet<OpId>,
}

impl Analysis for Main<'_> {
    type State = State;

    fn step(&mut self, op: OpId, state: &mut State) {
        let data = &self.func.ops[op];
        let mut effect = effect(data, self.effects);
        effect.waits |= data.opcode.is_loop();
        *state = match *state {
            State::Attached(_) | State::Tested(..) if effect.waits => State::Unknown,
            State::Nothing if effect.attaches && effect.waits => State::Unknown,
            State::Nothing if effect.attaches => State::Attached(data.loc.span),
            state @ (State::Nothing | State::Attached(_) | State::Tested(..) | State::Unknown) => state,
        };
    }

    fn edge(&mut self, edge: &Edge, state: &mut State) {
        *state = match (edge.step, *state) {
            (Step::Into(op, _), State::Attached(attach)) if self.tests.contains(&op) => State::Tested(attach, op),
            (Step::Behind(op), State::Tested(attach, by)) if op == by => State::Attached(attach),
            (Step::Behind(op), State::Attached(_) | State::Tested(..)) if self.func.ops[op].opcode.is_loop() => {
                State::Unknown
            }
            (Step::Into(..) | Step::Behind(_) | Step::Successor(_) | Step::Out, state) => state,
        };
    }
}

/// The branches of a function whose condition depends on whether something was attached, or on whether something was thrown.
fn tests(func: &Function, effects: &Effects) -> BTreeSet<OpId> {
    let ops = func.walk();
    let mut dependent: BTreeSet<Value> = BTreeSet::new();
    loop {
        let before = dependent.len();
        for data in ops.iter().map(|&op| &func.ops[op]) {
            let ends = data.regions.iter().filter_map(|&region| func.blocks[func.only_block(region)].ops.last());
            let yielded = ends.into_iter().flat_map(|&end| &func.ops[end].operands);
            if effect(data, effects).attaches
                || data.operands.iter().chain(yielded).any(|value| dependent.contains(value))
            {
                dependent.extend(&data.results);
                // A variable that is assigned.
                dependent.extend(data.operands.first().filter(|_| data.opcode == Opcode::KsStore));
            }
        }
        if dependent.len() == before {
            break;
        }
    }
    let is_test = |op: &OpId| {
        let data = &func.ops[*op];
        // A test that a pass made is of whether something was thrown.
        matches!(data.opcode, Opcode::KsIf | Opcode::KsMatch)
            && (data.loc.made_by.is_some() || dependent.contains(&data.operands[0]))
    };
    ops.into_iter().filter(is_test).collect()
}

/// Whether a `main` that ends so may have done what it is for.
fn succeeds(func: &Function, types: &Types, end: OpId, waits: bool) -> bool {
    let value = func.ops[end].operands.first();
    let statuses = value.map_or_else(Vec::new, |&value| statuses(func, types, value));
    let fails = !statuses.is_empty() && statuses.iter().all(|status| status.is_some_and(|status| status != 0));
    let is_zero = !statuses.is_empty() && statuses.iter().all(|status| *status == Some(0));
    !fails && (is_zero || !waits)
}

/// The constants that a value may be, none in place of one that is not constant; for a variable, all values that are stored to it.
fn statuses(func: &Function, types: &Types, value: Value) -> Vec<Option<i128>> {
    let load = func.def(value).map(|op| &func.ops[op]).filter(|op| op.opcode == Opcode::KsLoad);
    let Some(place) = load.map(|load| load.operands[0]) else { return vec![func.known(types, value)] };
    let stores = func.all().filter(|op| op.operands.first() == Some(&place));
    let stored = stores.filter(|op| matches!(op.opcode, Opcode::KsStore | Opcode::KsZero | Opcode::KsAssignOp));
    stored.map(|op| if op.opcode == Opcode::KsZero { Some(0) } else { func.known(types, op.operands[1]) }).collect()
}
