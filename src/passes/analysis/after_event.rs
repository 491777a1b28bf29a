//! Finds ops of user space that may run after an event, such as a load of the object.
//!
//! Follows control through `main` and what it calls. A function is looked at once for each state that it may be entered in.
//! It errs towards "may be after".

use crate::dataflow::{self, Analysis, Lattice, Point};
use crate::ir::callgraph::CallGraph;
use crate::ir::flow::Graph;
use crate::ir::ops::KsCall;
use crate::ir::{Attr, Function, Module, OpData, OpId, Opcode, Role, Symbol};
use crate::source::Span;
use std::collections::{HashMap, HashSet};

/// Why the event may have come before.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// This may be it.
    Event(Span),
    /// The address of the function that control is in is taken here, so it may be called at any time.
    Callable(Span),
}

/// An event, and what is asked of the ops that come after it.
pub trait Watch {
    /// The op is the event, or shows that it was before.
    fn begins(&self, op: &OpData) -> bool;

    /// Control may reach an op of a function after the event. Reported more than once.
    fn after(&mut self, func: usize, op: OpId, cause: Cause);
}

/// Whether the event may have come before, and what it was.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    No,
    Maybe(Cause),
}

/// The state where control comes by; none if it does not.
type State = Option<Before>;

impl Lattice for State {
    /// The cause that was found first stays.
    fn join(&mut self, other: &State) -> bool {
        let known = *self;
        if known.is_none() || matches!((known, other), (Some(Before::No), Some(Before::Maybe(_)))) {
            *self = *other;
        }
        *self != known
    }
}

/// Reports all ops of user space that may run after the event to `watch`.
pub fn follow(module: &Module, watch: &mut impl Watch) {
    let graph = CallGraph::of(module);
    let begins = |func: &Function| {
        let ops = func.all();
        ops.into_iter().find(|op| watch.begins(op)).map(|op| op.loc.span)
    };
    let own: Vec<Option<Span>> = module.funcs.iter().map(begins).collect();
    let mut walk = Walk {
        module,
        index: module.funcs.iter().enumerate().map(|(at, func)| (func.name.clone(), at)).collect(),
        events: graph.first_reached(&own),
        handed: module.funcs.iter().map(handed).collect(),
        in_dispatch: None,
        known: HashMap::new(),
        watch,
    };
    walk.in_dispatch = walk.event_of_handlers();
    for (at, func) in module.funcs.iter().enumerate().filter(|(_, func)| func.targets.any(|on| !on.in_kernel)) {
        if matches!(func.role, Role::Main) {
            walk.call(at, Before::No);
        }
        for op in func.walk() {
            walk.callable(&func.ops[op]);
        }
    }
}

/// The ops of a function that name a handler of events and do nothing else: it runs in `dispatch` alone.
fn handed(func: &Function) -> HashSet<OpId> {
    let uses = func.uses();
    let is_handed = |op: &OpId| {
        let data = &func.ops[*op];
        let users = data.results.first().map_or(&[][..], |&result| uses.users(result));
        let only = users.iter().all(|&user| func.ops[user].opcode == Opcode::MapOnEvent);
        data.opcode == Opcode::KsFunc && only && !users.is_empty()
    };
    func.walk().into_iter().filter(is_handed).collect()
}

struct Walk<'m, W> {
    module: &'m Module,
    index: HashMap<Symbol, usize>,
    /// The ops in a function, or in its callees, that may be the event.
    events: Vec<Option<Span>>,
    /// By function.
    handed: Vec<HashSet<OpId>>,
    /// The ops in a handler that may be the event.
    in_dispatch: Option<Span>,
    /// The state after a call, by function and whether the event may have come before.
    known: HashMap<(usize, bool), State>,
    watch: &'m mut W,
}

impl<W: Watch> Walk<'_, W> {
    /// A function that an op other than a call names may be called at any time.
    fn callable(&mut self, op: &OpData) {
        for func in self.named_functions(op) {
            self.call(func, Before::Maybe(Cause::Callable(op.loc.span)));
        }
    }

    /// The functions of user space that an op other than a call names.
    fn named_functions(&self, op: &OpData) -> Vec<usize> {
        if op.opcode == Opcode::KsCall {
            return Vec::new();
        }
        let symbols = op.attrs.iter().filter_map(|attr| if let Attr::Symbol(name) = attr { Some(name) } else { None });
        let funcs = symbols.filter_map(|name| self.index.get(name).copied());
        funcs.filter(|&func| self.module.funcs[func].targets.any(|on| !on.in_kernel)).collect()
    }

    fn event_of_handlers(&self) -> Option<Span> {
        let ops = self.module.funcs.iter().zip(&self.handed).flat_map(|(func, handed)| {
            let in_order = func.walk().into_iter().filter(|op| handed.contains(op));
            in_order.map(|op| &func.ops[op])
        });
        ops.flat_map(|op| self.named_functions(op)).find_map(|func| self.events[func])
    }

    /// The state after a call.
    fn call(&mut self, func: usize, before: Before) -> State {
        let key = (func, before != Before::No);
        if let Some(&known) = self.known.get(&key) {
            return known;
        }
        // The result for a recursive call.
        let event = self.events[func].map(|event| Before::Maybe(Cause::Event(event)));
        self.known.insert(key, event.or(Some(before)));
        let graph = Graph::of(&self.module.funcs[func]);
        let mut inside = Inside { walk: self, func };
        let states = dataflow::forward(&graph, &mut inside, Some(before));
        states.visit(&mut inside, |inside, (point, &state)| {
            if let (Point::Op(op), Some(Before::Maybe(cause))) = (point, state) {
                inside.walk.watch.after(func, op, cause);
            }
        });
        let after = states.at_end().copied().flatten();
        self.known.insert(key, after);
        after
    }

    /// The state after an op; none if control does not return from it.
    fn effect(&mut self, func: usize, op: OpId, before: Before) -> State {
        let module = self.module;
        let data = &module.funcs[func].ops[op];
        let begins = before == Before::No && self.watch.begins(data);
        let mut state = if begins { Before::Maybe(Cause::Event(data.loc.span)) } else { before };
        if data.opcode == Opcode::KsCall {
            return match self.index.get(KsCall::of(data).callee()) {
                Some(&callee) => self.call(callee, state),
                None => Some(state),
            };
        }
        let named = if data.opcode == Opcode::MapListen {
            // `dispatch` follows, which calls handlers.
            self.in_dispatch
        } else if self.handed[func].contains(&op) {
            None
        } else {
            self.named_functions(data).into_iter().find_map(|named| self.events[named])
        };
        if let (Before::No, Some(event)) = (state, named) {
            state = Before::Maybe(Cause::Event(event));
        }
        Some(state)
    }
}

/// A function that is being followed.
struct Inside<'w, 'm, W> {
    walk: &'w mut Walk<'m, W>,
    func: usize,
}

impl<W: Watch> Analysis for Inside<'_, '_, W> {
    type State = State;

    fn step(&mut self, op: OpId, state: &mut State) {
        *state = state.and_then(|before| self.walk.effect(self.func, op, before));
    }
}
