//! What is thrown through calls: which functions may end in a throw, and where nothing catches it.
//!
//! Bodies are summed up as what may throw in them and what catches it (`summary`). What leaves each function follows from
//! that, in rounds, until nothing changes: calls of each other may go round. A call through a pointer may throw what any
//! function of its type throws whose address is taken.

mod cancels;
mod report;
mod summary;

use super::env::Env;
use super::tree::{CatchKind, FuncId, Role};
use crate::session::Session;
use crate::source::Span;
use crate::types::Ty;
use std::collections::{BTreeMap, BTreeSet};
use summary::{Node, Summary, Target};

/// A `throw` of the program: index into `Effects::sites`.
type Site = usize;

struct Thrown {
    span: Span,
    /// None for a computed code.
    code: Option<i32>,
}

/// Where a function comes by what it throws: its own `throw`, or a call of the function that it comes from.
#[derive(Clone, Copy)]
struct Origin {
    span: Span,
    callee: Option<FuncId>,
}

/// What leaves a piece of a body.
type Leaving = BTreeMap<Site, Origin>;

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
    effects.note(env, &cancelled);
}

impl Effects {
    fn solve(&mut self, summaries: &[Summary]) {
        let mut changed = !self.sites.is_empty();
        while changed {
            changed = false;
            for (at, summary) in summaries.iter().enumerate() {
                let leaving = self.leaving(&summary.nodes);
                let before = self.funcs[at].len();
                for (site, origin) in leaving {
                    // The first one found is the shortest way.
                    self.funcs[at].entry(site).or_insert(origin);
                }
                changed |= self.funcs[at].len() > before;
            }
        }
    }

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
                Node::Try { body, catches } => {
                    let mut inside = self.leaving(body);
                    inside.retain(|&site, _| !catches.iter().any(|catch| self.takes(catch.takes, site)));
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

    /// The functions that a call may reach.
    fn callees(&self, target: Target) -> Vec<FuncId> {
        match target {
            Target::Func(func) => vec![func],
            Target::Pointer(ty) => self.addressed.get(&ty).into_iter().flatten().copied().collect(),
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
            func.throws = (!leaving.is_empty() || func.cancels) && matches!(func.role, Role::Helper | Role::Plain);
        }
        for (&ty, funcs) in &self.addressed {
            if funcs.iter().any(|func| env.program.func(*func).throws) {
                funcs.iter().for_each(|func| env.program.funcs[func.0 as usize].throws = true);
                env.program.throwing.insert(ty);
            }
        }
    }
}
