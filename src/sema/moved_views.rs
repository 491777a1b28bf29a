//! Reports uses of views of the packet after a call that may have moved the packet: of a helper whose record says so, or
//! of a function that calls one. The pass `moved-packets` does so for pointers; the IR has no views.
//!
//! Follows the typed tree of each function along its paths. Such a call invalidates a view until it gets another value.

use super::env::Env;
use super::packet_views;
use super::tree::{Block, Condition, Expr, ExprKind, Func, FuncId, LocalId, Parts, Program, Stmt, StmtKind, Visitor};
use crate::diag::codes::contexts::MovedPacket;
use crate::session::Session;
use crate::source::Span;
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn check(cx: &mut Session, env: &Env) {
    let program = &env.program;
    let moving = moving_functions(program);
    if moving.helpers_called {
        let views = packet_views::of(&cx.types, program);
        for (at, func) in program.funcs.iter().enumerate() {
            let views = views.iter().filter(|(of, _)| *of == FuncId(at as u32)).map(|&(_, local)| local).collect();
            let found = follow(&moving.funcs, func, views);
            for (used, (local, moved)) in found {
                let name = func.local(local).name.clone();
                cx.error(used, MovedPacket { name })
                    .note(moved, "this call may move the packet")
                    .help("view it again after the call");
            }
        }
    }
}

struct Moving {
    funcs: BTreeSet<FuncId>,
    helpers_called: bool,
}

/// The functions in which, or in whose callees, a helper moves the packet.
fn moving_functions(program: &Program) -> Moving {
    let calls: Vec<Calls> = program.funcs.iter().map(Calls::of).collect();
    let mut funcs = BTreeSet::new();
    loop {
        let before = funcs.len();
        for (at, calls) in calls.iter().enumerate() {
            if calls.moves || calls.funcs.iter().any(|callee| funcs.contains(callee)) {
                funcs.insert(FuncId(at as u32));
            }
        }
        if funcs.len() == before {
            return Moving { funcs, helpers_called: calls.iter().any(|calls| calls.moves) };
        }
    }
}

#[derive(Default)]
struct Calls {
    moves: bool,
    funcs: BTreeSet<FuncId>,
}

impl Calls {
    fn of(func: &Func) -> Calls {
        let mut calls = Calls::default();
        calls.block(&func.body);
        calls
    }
}

impl<'t> Visitor<'t> for Calls {
    fn expr(&mut self, expr: &'t Expr) {
        if let ExprKind::Helper { helper, .. } = &expr.kind {
            self.moves |= helper.changes_packet;
        } else if let ExprKind::Call { func, .. } = &expr.kind {
            self.funcs.insert(*func);
        }
        self.parts_of_expr(expr);
    }
}

/// The dead views, each with the call that may have moved the packet; none where control does not come.
type State = Option<BTreeMap<LocalId, Span>>;

fn join(state: State, other: State) -> State {
    match (state, other) {
        (Some(mut state), Some(other)) => {
            for (local, moved) in other {
                state.entry(local).or_insert(moved);
            }
            Some(state)
        }
        (state, other) => state.or(other),
    }
}

/// `views`: the variables that view packet bytes.
fn follow(moving: &BTreeSet<FuncId>, func: &Func, views: Vec<LocalId>) -> BTreeMap<Span, (LocalId, Span)> {
    let mut walk = Walk {
        moving,
        views,
        state: Some(BTreeMap::new()),
        ends: None,
        loops: Vec::new(),
        moves: Vec::new(),
        deferred: Vec::new(),
        found: BTreeMap::new(),
    };
    if walk.views.is_empty() {
        return walk.found;
    }
    walk.block(&func.body);
    walk.state = join(walk.state.take(), walk.ends.take());
    while let Some(block) = walk.deferred.pop() {
        walk.block(block);
    }
    walk.found
}

/// The exits of a loop, and its back edges.
#[derive(Default)]
struct Loop {
    breaks: State,
    continues: State,
}

struct Walk<'t> {
    moving: &'t BTreeSet<FuncId>,
    /// The variables that view the packet.
    views: Vec<LocalId>,
    state: State,
    /// The state at returns.
    ends: State,
    loops: Vec<Loop>,
    /// The calls so far that may move the packet.
    moves: Vec<Span>,
    deferred: Vec<&'t Block>,
    found: BTreeMap<Span, (LocalId, Span)>,
}

impl<'t> Walk<'t> {
    fn revive(&mut self, local: LocalId) {
        if let Some(state) = &mut self.state {
            state.remove(&local);
        }
    }

    fn kill(&mut self, moved: Span) {
        if let Some(state) = &mut self.state {
            state.extend(self.views.iter().map(|&local| (local, moved)));
        }
    }

    /// A loop: the part before its body, the body, until the state at its head stays as it is. `ends`: the head may leave it.
    fn repeat(&mut self, head: Option<&'t Expr>, bound: &[LocalId], body: &'t Block, ends: bool) {
        let mut start = self.state.clone();
        loop {
            self.state.clone_from(&start);
            head.iter().for_each(|head| self.expr(head));
            let left = if ends { self.state.clone() } else { None };
            bound.iter().for_each(|&local| self.revive(local));
            self.loops.push(Loop::default());
            self.block(body);
            let Loop { breaks, continues } = self.loops.pop().unwrap_or_default();
            let next = join(start.clone(), join(self.state.take(), continues));
            if next == start {
                self.state = join(left, breaks);
                return;
            }
            start = next;
        }
    }

    /// Each block from one state; without `all`, none of them may be what runs.
    fn branches(&mut self, blocks: impl Iterator<Item = &'t Block>, all: bool) {
        let before = self.state.take();
        let mut after = if all { None } else { before.clone() };
        for block in blocks {
            self.state.clone_from(&before);
            self.block(block);
            after = join(after, self.state.take());
        }
        self.state = after;
    }

    fn try_(&mut self, body: &'t Block, catches: impl Iterator<Item = &'t Block>) {
        let (before, moves) = (self.state.clone(), self.moves.len());
        self.block(body);
        let end = self.state.take();
        let mut thrown = join(before, end.clone());
        for &moved in &self.moves[moves..] {
            thrown = join(thrown, Some(self.views.iter().map(|&local| (local, moved)).collect()));
        }
        let mut after = end;
        for catch in catches {
            self.state.clone_from(&thrown);
            self.block(catch);
            after = join(after, self.state.take());
        }
        self.state = after;
    }

    fn bindings(&mut self, condition: &'t Condition) {
        match condition {
            Condition::Expr(condition) => self.expr(condition),
            Condition::Bindings(bindings) => {
                for binding in bindings {
                    self.optional(&binding.source);
                    self.revive(binding.local);
                }
            }
        }
    }
}

impl<'t> Visitor<'t> for Walk<'t> {
    fn stmt(&mut self, stmt: &'t Stmt) {
        match &stmt.kind {
            StmtKind::Var { local, .. } | StmtKind::VarCopy { local, .. } => {
                self.parts_of_stmt(stmt);
                self.revive(*local);
            }
            StmtKind::VarElse { binding, otherwise } => {
                self.optional(&binding.source);
                self.branches([otherwise].into_iter(), false);
                self.revive(binding.local);
            }
            StmtKind::Assign { place: Expr { kind: ExprKind::Local(local), .. }, op: None, value } => {
                self.expr(value);
                self.revive(*local);
            }
            StmtKind::While { condition, body } => self.repeat(Some(condition), &[], body, true),
            StmtKind::Loop { body } => self.repeat(None, &[], body, false),
            StmtKind::For { local, low, high, body, .. } => {
                self.expr(low);
                self.expr(high);
                self.repeat(None, &[*local], body, true);
            }
            StmtKind::ForMap { key, value, body, .. } => self.repeat(None, &[*key, *value], body, true),
            StmtKind::ForCpus { key, cpu, value, body, .. } => {
                self.expr(key);
                self.repeat(None, &[*cpu, *value], body, true);
            }
            StmtKind::ForArray { array, index, value, body }
            | StmtKind::ForView { view: array, index, value, body } => {
                self.repeat(Some(array), &[*index, *value], body, true);
            }
            StmtKind::Break => {
                let state = self.state.take();
                if let Some(around) = self.loops.last_mut() {
                    around.breaks = join(around.breaks.take(), state);
                }
            }
            StmtKind::Continue => {
                let state = self.state.take();
                if let Some(around) = self.loops.last_mut() {
                    around.continues = join(around.continues.take(), state);
                }
            }
            StmtKind::Return(_) | StmtKind::Throw(_) => {
                self.parts_of_stmt(stmt);
                self.ends = join(self.ends.take(), self.state.take());
            }
            StmtKind::Try { body, catches } => self.try_(body, catches.iter().map(|catch| &catch.body)),
            StmtKind::Defer(block) => self.deferred.push(block),
            StmtKind::Assign { .. }
            | StmtKind::MapUpdate { .. }
            | StmtKind::MapAssignOp { .. }
            | StmtKind::MapDelete { .. }
            | StmtKind::Delete(_)
            | StmtKind::Expr(_)
            | StmtKind::Lock { .. }
            | StmtKind::MapSetInner { .. }
            | StmtKind::MapCpuUpdate { .. } => self.parts_of_stmt(stmt),
        }
    }

    fn expr(&mut self, expr: &'t Expr) {
        if let ExprKind::Local(local) = &expr.kind {
            if let Some(&moved) = self.state.as_ref().and_then(|state| state.get(local)) {
                self.found.insert(expr.span, (*local, moved));
                self.revive(*local);
            }
            return;
        }
        if let ExprKind::Logical { left, right, .. } = &expr.kind {
            self.expr(left);
            let before = self.state.clone();
            self.expr(right);
            self.state = join(before, self.state.take());
            return;
        }
        match expr.parts() {
            Parts::If(node) => {
                self.bindings(&node.condition);
                let blocks = [&node.then].into_iter().chain(&node.otherwise);
                self.branches(blocks, node.otherwise.is_some());
            }
            Parts::Match(node) => {
                self.expr(&node.subject);
                let blocks = node.arms.iter().map(|arm| &arm.body).chain(&node.default);
                self.branches(blocks, node.exhaustive || node.default.is_some());
            }
            Parts::Operands(_) | Parts::Effect(_) | Parts::Optional(_) | Parts::Block(_) => self.parts_of_expr(expr),
        }
        let by_helper = matches!(&expr.kind, ExprKind::Helper { helper, .. } if helper.changes_packet);
        if by_helper || matches!(&expr.kind, ExprKind::Call { func, .. } if self.moving.contains(func)) {
            self.moves.push(expr.span);
            self.kill(expr.span);
        }
    }
}
