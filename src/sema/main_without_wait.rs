//! Reports a `main` that attaches programs and ends without waiting: the kernel detaches them at once.
//!
//! Follows the statements of `main` as far as the answer is certain. A branch on `attach`'s result may be the path of a
//! failure, an end with a constant status other than 0 is one, and a loop may be a form of waiting.

use super::env::Env;
use super::tree::{
    Block, Catch, Condition, Const, Expr, ExprKind, FuncId, If, LocalId, Match, Program, Role, Stmt, StmtKind, Visitor,
};
use crate::diag::codes::lifecycle::EndsAttached;
use crate::session::Session;
use crate::source::Span;
use std::collections::BTreeSet;

pub(super) fn report(cx: &mut Session, env: &Env) {
    let program = &env.program;
    let facts = facts(program);
    for (func, own) in program.funcs.iter().zip(&facts).filter(|(func, _)| matches!(func.role, Role::Main(_))) {
        let (state, links) = (Some(State::Nothing), BTreeSet::new());
        let mut walk = Walk { facts: &facts, waits: own.waits, state, links, found: Vec::new() };
        walk.block(&func.body);
        let end = Span { lo: func.body.span.hi.saturating_sub(1), ..func.body.span };
        walk.ends(None, end);
        for (end, attach) in walk.found {
            cx.warn(end, EndsAttached {}).note(attach, "attached here").help(
                "what is attached is detached when the process ends: wait for Ctrl-C with `wait()`, or `sleep(ms)` or `dispatch(…)` in a loop",
            );
        }
    }
}

/// The effects of a function and its callees.
#[derive(Clone, Copy, Default, PartialEq)]
struct Facts {
    attaches: bool,
    /// Or detaches: the program decides when it is over.
    waits: bool,
}

/// Of each function.
fn facts(program: &Program) -> Vec<Facts> {
    let mut facts = vec![Facts::default(); program.funcs.len()];
    loop {
        let next = program.funcs.iter().map(|func| {
            let mut look = Look { facts: &facts, found: Facts::default() };
            look.block(&func.body);
            look.found
        });
        let next: Vec<Facts> = next.collect();
        if next == facts {
            return facts;
        }
        facts = next;
    }
}

struct Look<'f> {
    facts: &'f [Facts],
    found: Facts,
}

impl<'t> Visitor<'t> for Look<'_> {
    fn stmt(&mut self, stmt: &'t Stmt) {
        self.found.waits |= stmt.kind.is_loop();
        self.parts_of_stmt(stmt);
    }

    fn expr(&mut self, expr: &'t Expr) {
        let own = effect(expr, self.facts);
        self.found.attaches |= own.attaches;
        self.found.waits |= own.waits;
        self.parts_of_expr(expr);
    }
}

/// The effect of an expression apart from its parts.
fn effect(expr: &Expr, facts: &[Facts]) -> Facts {
    if let ExprKind::Call { func: FuncId(func), .. } = expr.kind {
        return facts[func as usize];
    }
    let waits = matches!(expr.kind, ExprKind::Dispatch { .. } | ExprKind::CallPointer { .. } | ExprKind::Detach(_));
    let keeps =
        matches!(expr.kind, ExprKind::Builtin { builtin, .. } if builtin.interruptible || builtin.keeps_attached);
    Facts { attaches: matches!(expr.kind, ExprKind::Attach { .. }), waits: waits || keeps }
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    /// Nothing is attached.
    Nothing,
    /// Something is attached, and nothing has waited.
    Attached(Span),
    /// The same, where a test of the result of an `attach` decides.
    Tested(Span),
    /// The program may have waited, or nothing is attached on one of the paths.
    Unknown,
}

struct Walk<'f> {
    facts: &'f [Facts],
    /// Whether `main` waits anywhere.
    waits: bool,
    /// None behind what leaves.
    state: Option<State>,
    /// The variables that hold whether an `attach` failed.
    links: BTreeSet<LocalId>,
    /// The ends without a wait, and what was attached before.
    found: Vec<(Span, Span)>,
}

impl<'t> Visitor<'t> for Walk<'_> {
    fn stmt(&mut self, stmt: &'t Stmt) {
        if stmt.kind.is_loop() {
            let mut look = Look { facts: self.facts, found: Facts::default() };
            look.stmt(stmt);
            if self.state != Some(State::Nothing) || look.found.attaches {
                self.state = Some(State::Unknown);
            }
            return;
        }
        if let StmtKind::Return(value) = &stmt.kind {
            value.iter().for_each(|value| self.expr(value));
            self.ends(value.as_ref(), stmt.span);
        } else if let StmtKind::Try { body, catches } = &stmt.kind {
            self.attempt(body, catches);
        } else if let StmtKind::Defer(body) = &stmt.kind {
            self.deferred(body);
        } else if let StmtKind::VarElse { binding, otherwise } = &stmt.kind {
            self.optional(&binding.source);
            let before = self.state;
            self.block(otherwise);
            self.state = before;
        } else if let StmtKind::Var { local, init: Some(value) } = &stmt.kind {
            self.assigned(*local, value);
        } else if let StmtKind::Assign { place: Expr { kind: ExprKind::Local(local), .. }, value, .. } = &stmt.kind {
            self.assigned(*local, value);
        } else {
            self.parts_of_stmt(stmt);
        }
        if let StmtKind::Throw(_) = stmt.kind {
            self.state = None;
        }
    }

    fn expr(&mut self, expr: &'t Expr) {
        if let ExprKind::If(node) = &expr.kind {
            return self.branch_if(node);
        }
        if let ExprKind::Match(node) = &expr.kind {
            return self.branch_match(node);
        }
        if let ExprKind::Logical { left, right, .. } = &expr.kind {
            self.expr(left);
            let before = self.state;
            self.expr(right);
            self.state = join(before, self.state);
            return;
        }
        self.parts_of_expr(expr);
        let effect = effect(expr, self.facts);
        self.state = match self.state {
            Some(State::Attached(_) | State::Tested(_)) if effect.waits => Some(State::Unknown),
            Some(State::Nothing) if effect.attaches && effect.waits => Some(State::Unknown),
            Some(State::Nothing) if effect.attaches => Some(State::Attached(expr.span)),
            state => state,
        };
    }
}

impl Walk<'_> {
    fn assigned(&mut self, local: LocalId, value: &Expr) {
        self.expr(value);
        if self.depends(value) {
            self.links.insert(local);
        } else {
            self.links.remove(&local);
        }
    }

    /// Whether a value depends on whether something was attached.
    fn depends(&self, value: &Expr) -> bool {
        struct Depends<'w, 'f> {
            walk: &'w Walk<'f>,
            found: bool,
        }
        impl<'t> Visitor<'t> for Depends<'_, '_> {
            fn expr(&mut self, expr: &'t Expr) {
                let is_link = matches!(&expr.kind, ExprKind::Local(local) if self.walk.links.contains(local));
                self.found |= is_link || effect(expr, self.walk.facts).attaches;
                self.parts_of_expr(expr);
            }
        }
        let mut depends = Depends { walk: self, found: false };
        depends.expr(value);
        depends.found
    }

    fn branch_if(&mut self, node: &If) {
        let tested = match &node.condition {
            Condition::Expr(condition) => {
                self.expr(condition);
                self.depends(condition)
            }
            Condition::Bindings(bindings) => {
                bindings.iter().for_each(|binding| self.optional(&binding.source));
                false
            }
        };
        self.branches(tested, [Some(&node.then), node.otherwise.as_ref()].into_iter());
    }

    fn branch_match(&mut self, node: &Match) {
        self.expr(&node.subject);
        let tested = self.depends(&node.subject);
        let uncovered = (node.default.is_none() && !node.exhaustive).then_some(None);
        let arms = node
            .arms
            .iter()
            .map(|arm| Some(&arm.body))
            .chain([node.default.as_ref()].into_iter().filter(Option::is_some));
        self.branches(tested, arms.chain(uncovered));
    }

    /// One of the branches is taken; `None` is one that does nothing.
    fn branches<'b>(&mut self, tested: bool, branches: impl Iterator<Item = Option<&'b Block>>) {
        let before = self.state;
        let inner = match before {
            Some(State::Attached(attach)) if tested => Some(State::Tested(attach)),
            state => state,
        };
        let mut after = None;
        for branch in branches {
            self.state = inner;
            branch.into_iter().for_each(|branch| self.block(branch));
            after = join(after, self.state);
        }
        self.state = match after {
            Some(State::Tested(_)) => before,
            after => after,
        };
    }

    /// Control may leave the body before any of its statements.
    fn attempt(&mut self, body: &Block, catches: &[Catch]) {
        let before = self.state;
        self.block(body);
        let thrown = if self.state == before { before } else { Some(State::Unknown) };
        let mut after = self.state;
        for catch in catches {
            self.state = thrown;
            self.block(&catch.body);
            after = join(after, self.state);
        }
        self.state = after;
    }

    /// A wait at the end happens before all is detached.
    fn deferred(&mut self, body: &Block) {
        let mut look = Look { facts: self.facts, found: Facts::default() };
        look.block(body);
        if look.found.waits {
            self.state = Some(State::Unknown);
        }
    }

    /// `main` ends, with this value or that of its named result.
    fn ends(&mut self, value: Option<&Expr>, span: Span) {
        let constant = value.and_then(constant);
        let fails = constant.is_some_and(|status| status != 0);
        if let Some(State::Attached(attach)) = self.state
            && !fails
            && (constant == Some(0) || !self.waits)
        {
            self.found.push((span, attach));
        }
        self.state = None;
    }
}

fn constant(value: &Expr) -> Option<i128> {
    if let ExprKind::Const(number) = &value.kind {
        return if let Const::Int(number) = number { Some(*number) } else { number.is_zero().then_some(0) };
    }
    if let ExprKind::Cast(inner) | ExprKind::Neg(inner) = &value.kind { constant(inner) } else { None }
}

fn join(one: Option<State>, other: Option<State>) -> Option<State> {
    match (one, other) {
        (None, state) | (state, None) => state,
        (Some(one), Some(other)) if one == other => Some(one),
        (Some(State::Attached(attach)), Some(State::Attached(_) | State::Tested(_))) => Some(State::Attached(attach)),
        (Some(State::Tested(attach)), Some(State::Attached(_) | State::Tested(_))) => Some(State::Attached(attach)),
        (Some(_), Some(_)) => Some(State::Unknown),
    }
}
