//! Which globals user space may write after the object may have been loaded, and where.
//!
//! Follows control through `main` and what it calls, as a region is entered and left. What may load the object is a
//! `load`, an access to a map or to a pinned variable. A function is looked at once for each state that it may be
//! entered in. It errs towards "may be written".

use crate::ir::callgraph::CallGraph;
use crate::ir::ops::KsCall;
use crate::ir::{Attr, Function, GlobalKind, Module, OpData, OpId, Opcode, RegionId, Role, Symbol, Value};
use crate::passes::analysis::global_uses::{global_of, roots, written};
use crate::source::Span;
use std::collections::{BTreeMap, HashMap};

/// A write after which what BPF code relied on would be wrong.
#[derive(Clone, Copy)]
pub struct Late {
    pub write: Span,
    pub cause: Cause,
}

/// Why a write may come after the object was loaded.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// This may load it before.
    Load(Span),
    /// The address of the function that writes is taken here, so it may be called at any time.
    Callable(Span),
    /// The address of what is written is taken.
    Address,
}

/// Whether the object may have been loaded, and what did it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Loaded {
    No,
    Maybe(Cause),
}

/// The state where control comes by; none if it does not.
type State = Option<Loaded>;

fn join(one: State, other: State) -> State {
    match (one, other) {
        (Some(Loaded::Maybe(_)), _) | (Some(_), None | Some(Loaded::No)) => one,
        (None, _) | (Some(Loaded::No), Some(Loaded::Maybe(_))) => other,
    }
}

/// The states in which control leaves a region.
#[derive(Clone, Copy, Default)]
struct Exits {
    end: State,
    breaks: State,
    continues: State,
    returns: State,
}

/// The first late write of each global that has one.
pub fn find(module: &Module) -> BTreeMap<Symbol, Late> {
    let graph = CallGraph::of(module);
    let mut walk = Walk {
        module,
        index: module.funcs.iter().enumerate().map(|(at, func)| (func.name.clone(), at)).collect(),
        roots: module.funcs.iter().map(|func| roots(func, &func.walk())).collect(),
        loads: Vec::new(),
        known: HashMap::new(),
        late: BTreeMap::new(),
    };
    let own: Vec<Option<Span>> = module.funcs.iter().map(|func| walk.loads_itself(func)).collect();
    walk.loads = (0..own.len())
        .map(|at| {
            let reached = graph.reach([at]);
            own.iter().enumerate().find_map(|(callee, load)| load.filter(|_| reached.contains(callee)))
        })
        .collect();
    for (at, func) in module.funcs.iter().enumerate().filter(|(_, func)| func.targets.host) {
        if matches!(func.role, Role::Main) {
            walk.call(at, Loaded::No);
        }
        for op in func.walk() {
            walk.addressed(at, op);
        }
    }
    walk.late
}

struct Walk<'m> {
    module: &'m Module,
    index: HashMap<Symbol, usize>,
    /// Of each function.
    roots: Vec<HashMap<Value, Symbol>>,
    /// What in a function, or in what it calls, may load the object.
    loads: Vec<Option<Span>>,
    /// The state after a call, by function and whether the object may have been loaded before.
    known: HashMap<(usize, bool), State>,
    late: BTreeMap<Symbol, Late>,
}

impl Walk<'_> {
    fn loads_itself(&self, func: &Function) -> Option<Span> {
        func.walk().into_iter().map(|op| &func.ops[op]).find(|op| self.may_load(op)).map(|op| op.loc.span)
    }

    /// Whether the object may be loaded by an op, or has been before it.
    fn may_load(&self, op: &OpData) -> bool {
        let pinned = |name: &Symbol| self.module.global(name).is_some_and(|g| g.kind == GlobalKind::Pinned);
        op.opcode == Opcode::HostLoad
            || global_of(op).is_some_and(pinned)
            // What is to take events is only remembered; a name is bound before there is a map.
            || !matches!(op.opcode, Opcode::MapOnEvent | Opcode::MapBind) && op.map().is_some()
    }

    /// What has an address may be written at any time; a function that an op other than a call names may be called at any
    /// time.
    fn addressed(&mut self, at: usize, op: OpId) {
        let module = self.module;
        let data = &module.funcs[at].ops[op];
        if data.opcode == Opcode::KsAddr
            && let Some(name) = self.roots[at].get(&data.operands[0])
        {
            self.late.entry(name.clone()).or_insert(Late { write: data.loc.span, cause: Cause::Address });
        }
        for func in self.named_functions(data) {
            self.call(func, Loaded::Maybe(Cause::Callable(data.loc.span)));
        }
    }

    /// The functions of user space that an op other than a call names.
    fn named_functions(&self, op: &OpData) -> Vec<usize> {
        if op.opcode == Opcode::KsCall {
            return Vec::new();
        }
        let symbols = op.attrs.iter().filter_map(|attr| if let Attr::Symbol(name) = attr { Some(name) } else { None });
        let funcs = symbols.filter_map(|name| self.index.get(name).copied());
        funcs.filter(|&func| self.module.funcs[func].targets.host).collect()
    }

    /// The state after a call.
    fn call(&mut self, func: usize, before: Loaded) -> State {
        let key = (func, before != Loaded::No);
        if let Some(&known) = self.known.get(&key) {
            return known;
        }
        // What a recursive call finds.
        let load = self.loads[func].map(|load| Loaded::Maybe(Cause::Load(load)));
        self.known.insert(key, load.or(Some(before)));
        let exits = self.region(func, self.module.funcs[func].body, Some(before));
        let after = join(exits.end, exits.returns);
        self.known.insert(key, after);
        after
    }

    fn region(&mut self, func: usize, region: RegionId, before: State) -> Exits {
        let module = self.module;
        let body = &module.funcs[func];
        let mut exits = Exits { end: before, ..Exits::default() };
        for &op in &body.blocks[body.only_block(region)].ops {
            let Some(state) = exits.end else { break };
            exits.end = self.op(func, op, state, &mut exits);
        }
        exits
    }

    /// The state after an op; ways out of what is around it go to `exits`.
    fn op(&mut self, func: usize, op: OpId, before: Loaded, exits: &mut Exits) -> State {
        let module = self.module;
        let data = &module.funcs[func].ops[op];
        let state = self.own_effect(func, op, before)?;
        let leaves = [
            (Opcode::KsReturn, &mut exits.returns),
            (Opcode::KsBreak, &mut exits.breaks),
            (Opcode::KsContinue, &mut exits.continues),
        ];
        for (opcode, to) in leaves {
            if data.opcode == opcode {
                *to = join(*to, Some(state));
                return None;
            }
        }
        if matches!(data.opcode, Opcode::KsUnreachable | Opcode::HostExit) {
            return None;
        }
        if data.regions.is_empty() {
            return Some(state);
        }
        if data.opcode == Opcode::KsScope {
            return self.scope(func, data, state, exits);
        }
        if matches!(data.opcode, Opcode::KsIf | Opcode::KsIfSome | Opcode::KsMatch) {
            return data.regions.iter().fold(None, |after, &region| {
                let inner = self.region(func, region, Some(state));
                exits.breaks = join(exits.breaks, inner.breaks);
                exits.continues = join(exits.continues, inner.continues);
                exits.returns = join(exits.returns, inner.returns);
                join(after, inner.end)
            });
        }
        self.turns(func, data, state, exits)
    }

    /// What an op does apart from its regions; none if control does not come back.
    fn own_effect(&mut self, func: usize, op: OpId, before: Loaded) -> State {
        let module = self.module;
        let data = &module.funcs[func].ops[op];
        if let Loaded::Maybe(cause) = before {
            for name in written(&module.funcs[func], op, &self.roots[func]) {
                self.late.entry(name).or_insert(Late { write: data.loc.span, cause });
            }
        }
        let loads = before == Loaded::No && self.may_load(data);
        let mut state = if loads { Loaded::Maybe(Cause::Load(data.loc.span)) } else { before };
        if data.opcode == Opcode::KsCall {
            return match self.index.get(KsCall::of(data).callee()) {
                Some(&callee) => self.call(callee, state),
                None => Some(state),
            };
        }
        if let (Loaded::No, Some(load)) = (state, self.named_functions(data).into_iter().find_map(|f| self.loads[f])) {
            state = Loaded::Maybe(Cause::Load(load));
        }
        Some(state)
    }

    /// The clean-up runs on every way out.
    fn scope(&mut self, func: usize, data: &OpData, before: Loaded, exits: &mut Exits) -> State {
        let inner = self.region(func, data.regions[0], Some(before));
        let mut clean = |state: State| self.region(func, data.regions[1], Some(state?)).end;
        exits.breaks = join(exits.breaks, clean(inner.breaks));
        exits.continues = join(exits.continues, clean(inner.continues));
        exits.returns = join(exits.returns, clean(inner.returns));
        clean(inner.end)
    }

    /// A loop: its regions one after the other, again and again.
    fn turns(&mut self, func: usize, data: &OpData, before: Loaded, exits: &mut Exits) -> State {
        let mut head = Some(before);
        loop {
            let (mut state, mut left) = (head, head);
            for &region in &data.regions {
                let inner = self.region(func, region, state);
                left = join(left, join(inner.end, inner.breaks));
                exits.returns = join(exits.returns, inner.returns);
                state = join(inner.end, inner.continues);
            }
            let next = join(head, state);
            if next == head || matches!(head, Some(Loaded::Maybe(_))) {
                return join(left, state);
            }
            head = next;
        }
    }
}
