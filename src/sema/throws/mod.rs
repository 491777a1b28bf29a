//! Which functions may end in a throw, and where nothing catches it.
//!
//! `summary` reduces each body to its throws, calls and handlers. From that this module computes the errors that leave each function: it
//! follows each `throw` outwards, from the function that it leaves to the call sites. A call through a pointer may throw what any function
//! of its type throws whose address is taken.
//!
//! The checker reports an error that leaves an entry point, and records in the tree which functions may throw. In the IR a function has
//! this as `throws`, after its role; `ks.throw`, `ks.try`, `ks.defer` and a plain `ks.return` are where the text has them, so that a
//! target can emit them structured. A signal that ends a loop while a `defer` is pending is a throw that no `catch` takes
//! (`cancels.rs`, `ks.cancelled`, `ks.cancel`). The runtime and the kernel do not know about throws, so they call a wrapper of a
//! function that may throw (`lower/boundaries.rs`); it is `uncaught` as `main` is: an error that leaves it ends the process.

mod cancels;
mod report;
mod summary;

use super::env::Env;
use crate::diag::codes::refused::ThrowsIntoC;
use crate::diag::codes::types::GlobalFunction;
use crate::sema::tree::{CatchKind, FuncId, Role};
use crate::session::Session;
use crate::source::Span;
use crate::types::Ty;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use summary::{Callee, CatchNode, Node, Summary};

/// A `throw` of the program: index into `Effects::sites`.
type Site = usize;

struct Thrown {
    span: Span,
    /// None for a computed code.
    code: Option<i32>,
    /// An operation of user space that may throw any errno, as messages call it, with what to do in code of the kernel: no warning says that
    /// nothing catches its error, since the end of the process says what failed.
    outside: Option<(&'static str, &'static str)>,
}

/// The origin of a throw in a function: its own `throw`, or a call of the function that it comes from.
#[derive(Clone, Copy)]
struct Origin {
    span: Span,
    callee: Option<FuncId>,
}

/// The throws that leave a piece of a body.
type Leaving = BTreeMap<Site, Origin>;

/// A point where a throw may leave a function: a `throw` or a call.
struct Exit<'s> {
    func: FuncId,
    span: Span,
    /// The catches of every `try` around it.
    within: Vec<&'s [CatchNode]>,
}

/// All places where something may leave a function.
struct Exits<'e, 's> {
    effects: &'e Effects,
    throws: Vec<(Site, Exit<'s>)>,
    /// For each function its calls.
    calls: Vec<Vec<Exit<'s>>>,
}

struct Effects {
    sites: Vec<Thrown>,
    /// One for each function.
    funcs: Vec<Leaving>,
    /// The functions whose address is taken, by their type.
    addressed: BTreeMap<Ty, BTreeSet<FuncId>>,
}

/// Reports what nothing catches, and notes in the tree which functions may throw.
pub fn check(cx: &mut Session, env: &mut Env) {
    let mut sites = Vec::new();
    let program = &env.program;
    let summaries: Vec<Summary> = program.funcs.iter().map(|func| summary::of(program, func, &mut sites)).collect();
    let mut addressed: BTreeMap<Ty, BTreeSet<FuncId>> = BTreeMap::new();
    for func in summary::addressed(&env.program, &summaries) {
        if let Some(sig) = env.value_signature(func) {
            addressed.entry(cx.types.func(sig)).or_default().insert(func);
        }
    }
    let mut effects = Effects { sites, funcs: vec![Leaving::new(); summaries.len()], addressed };
    effects.solve(&summaries);
    report::uncaught(cx, env, &effects, &summaries);
    for summary in &summaries {
        report::inside(cx, env, &effects, &summary.nodes);
    }
    let cancelled = cancels::find(env, &effects, &summaries);
    let mut closed = BTreeSet::new();
    summaries.iter().for_each(|summary| effects.closed_tries(&summary.nodes, &mut closed));
    env.program.closed_tries = closed;
    effects.note(env, &cancelled);
    for &(ty, span) in summaries.iter().flat_map(|summary| &summary.handed_to_c) {
        if env.program.throwing.contains(&ty) {
            let ty = cx.types.name(ty);
            cx.error(span, ThrowsIntoC { ty })
                .help("catch what is thrown in the function, and move a `defer` to a function that it calls");
        }
    }
    for func in cancels::panicking(&effects, &summaries) {
        env.program.funcs[func.0 as usize].panics = true;
    }
    for func in env.program.funcs.iter().filter(|func| func.global && func.throws) {
        let why = "lets no error out: it catches what it throws".to_owned();
        cx.error(func.name_span, GlobalFunction { name: func.name.clone(), why });
    }
}

impl<'s> Exits<'_, 's> {
    fn collect(&mut self, func: FuncId, nodes: &'s [Node], within: &mut Vec<&'s [CatchNode]>) {
        for node in nodes {
            match node {
                Node::Throw { site } => {
                    let span = self.effects.sites[*site].span;
                    self.throws.push((*site, Exit { func, span, within: within.clone() }));
                }
                Node::Call { target, span } => {
                    for callee in self.effects.callees(*target) {
                        let exit = Exit { func, span: *span, within: within.clone() };
                        self.calls[callee.0 as usize].push(exit);
                    }
                }
                Node::Try { body, catches, .. } => {
                    within.push(catches);
                    self.collect(func, body, within);
                    within.pop();
                    catches.iter().for_each(|catch| self.collect(func, &catch.body, within));
                }
                // Nothing leaves it: that is an error of its own.
                Node::Defer { .. } => {}
            }
        }
    }
}

impl Effects {
    /// Each `throw` reaches callers in the order of their distance, so that the noted path is a shortest one.
    fn solve(&mut self, summaries: &[Summary]) {
        let mut exits = Exits { effects: self, throws: Vec::new(), calls: Vec::new() };
        exits.calls.resize_with(summaries.len(), Vec::new);
        for (at, summary) in summaries.iter().enumerate() {
            exits.collect(FuncId(at as u32), &summary.nodes, &mut Vec::new());
        }
        let Exits { throws, calls, .. } = exits;
        for (site, exit) in throws {
            if self.is_caught(site, &exit) {
                continue;
            }
            self.funcs[exit.func.0 as usize].insert(site, Origin { span: exit.span, callee: None });
            let mut open = VecDeque::from([exit.func]);
            while let Some(callee) = open.pop_front() {
                for exit in &calls[callee.0 as usize] {
                    let known = self.funcs[exit.func.0 as usize].contains_key(&site);
                    if !known && !self.is_caught(site, exit) {
                        let origin = Origin { span: exit.span, callee: Some(callee) };
                        self.funcs[exit.func.0 as usize].insert(site, origin);
                        open.push_back(exit.func);
                    }
                }
            }
        }
    }

    fn is_caught(&self, site: Site, exit: &Exit) -> bool {
        exit.within.iter().any(|catches| self.takes_one_of(catches, site))
    }

    fn takes_one_of(&self, catches: &[CatchNode], site: Site) -> bool {
        catches.iter().any(|catch| self.takes(catch.takes, site))
    }

    /// The throws that leave a piece of a body, once those of all functions are known.
    fn leaving(&self, nodes: &[Node]) -> Leaving {
        let mut leaving = Leaving::new();
        for node in nodes {
            match node {
                Node::Throw { site } => {
                    leaving.entry(*site).or_insert(Origin { span: self.sites[*site].span, callee: None });
                }
                Node::Call { target, span } => {
                    for callee in self.callees(*target) {
                        for &site in self.funcs[callee.0 as usize].keys() {
                            leaving.entry(site).or_insert(Origin { span: *span, callee: Some(callee) });
                        }
                    }
                }
                Node::Try { body, catches, .. } => {
                    let mut inside = self.leaving(body);
                    inside.retain(|&site, _| !self.takes_one_of(catches, site));
                    for (site, origin) in inside {
                        leaving.entry(site).or_insert(origin);
                    }
                    for catch in catches {
                        for (site, origin) in self.leaving(&catch.body) {
                            leaving.entry(site).or_insert(origin);
                        }
                    }
                }
                // Nothing leaves it: that is an error of its own.
                Node::Defer { .. } => {}
            }
        }
        leaving
    }

    /// Adds the spans of those `try` bodies, at any depth of these nodes, whose errors the handlers beside them all take.
    fn closed_tries(&self, nodes: &[Node], closed: &mut BTreeSet<Span>) {
        for node in nodes {
            match node {
                Node::Try { body, span, catches } => {
                    if self.leaving(body).keys().all(|&site| self.takes_one_of(catches, site)) {
                        closed.insert(*span);
                    }
                    self.closed_tries(body, closed);
                    catches.iter().for_each(|catch| self.closed_tries(&catch.body, closed));
                }
                Node::Defer { body } => self.closed_tries(body, closed),
                Node::Throw { .. } | Node::Call { .. } => {}
            }
        }
    }

    /// The functions that a call may reach.
    fn callees(&self, target: Callee) -> Vec<FuncId> {
        match target {
            Callee::Func(func) => vec![func],
            Callee::Pointer(ty) => self.addressed.get(&ty).into_iter().flatten().copied().collect(),
        }
    }

    /// Whether a catch takes all that is thrown there.
    fn takes(&self, catch: CatchKind, site: Site) -> bool {
        match catch {
            CatchKind::Code(code) => self.sites[site].code == Some(code),
            CatchKind::Bind(_) | CatchKind::Any => true,
        }
    }

    /// Whether a catch takes some of it.
    fn may_take(&self, catch: CatchKind, site: Site) -> bool {
        self.takes(catch, site) || self.sites[site].code.is_none()
    }

    /// For lowering.
    fn note(&self, env: &mut Env, cancelled: &BTreeSet<FuncId>) {
        for (at, leaving) in self.funcs.iter().enumerate() {
            let func = &mut env.program.funcs[at];
            func.cancels = cancelled.contains(&FuncId(at as u32));
            func.throws = (!leaving.is_empty() || func.cancels)
                && matches!(func.role, Role::Helper | Role::Private | Role::Plain);
        }
        for (&ty, funcs) in &self.addressed {
            if funcs.iter().any(|func| env.program.func(*func).throws) {
                funcs.iter().for_each(|func| env.program.funcs[func.0 as usize].throws = true);
                env.program.throwing.insert(ty);
            }
        }
    }
}
