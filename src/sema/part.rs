//! The part of a program without errors, if some bodies have errors: the checks after this stage look at that part, so that one run reports
//! their errors too.
//!
//! A function is left out if its body has errors, or if it calls or names one that is left out. Where a function of the kernel's side is
//! left out, nobody knows which sides the other functions run on, unless code of that side that is right reaches them. So the part has
//! whole call trees alone, and reports about it are true of the program.

use super::body::Body;
use crate::sema::tree::{Block, Callee, Const, Expr, ExprKind, Func, FuncId, Program, Role, Stmt, StmtKind, Visitor};
use crate::source::Span;
use std::collections::BTreeSet;

/// The part of a program that has no errors.
pub struct Part {
    /// The functions that are left out have empty bodies, in which control does not reach the end.
    pub program: Program,
    /// Where the functions are that are left out.
    left_out: Vec<Span>,
}

impl Part {
    /// Whether the place is in a function that belongs to the part.
    pub fn has(&self, span: Span) -> bool {
        let within = |outer: &Span| outer.file == span.file && outer.lo <= span.lo && span.hi <= outer.hi;
        !self.left_out.iter().any(within)
    }
}

/// The functions that are left out, of a program whose functions have these bodies: none for one with errors.
pub fn left_out(program: &Program, bodies: &[Option<Body>]) -> BTreeSet<FuncId> {
    let named: Vec<BTreeSet<FuncId>> = bodies.iter().map(|body| body.as_ref().map(names).unwrap_or_default()).collect();
    let ids = || (0..bodies.len() as u32).map(FuncId);
    let mut out: BTreeSet<FuncId> = ids().filter(|id| bodies[id.0 as usize].is_none()).collect();
    let mut grows = true;
    while grows {
        let further: Vec<FuncId> =
            ids().filter(|id| !out.contains(id) && !named[id.0 as usize].is_disjoint(&out)).collect();
        grows = !further.is_empty();
        out.extend(further);
    }
    if out.iter().any(|&id| is_of_kernel(program.func(id))) {
        let mut open: Vec<FuncId> = ids().filter(|id| !out.contains(id) && is_of_kernel(program.func(*id))).collect();
        let mut reached = BTreeSet::new();
        while let Some(id) = open.pop() {
            if reached.insert(id) {
                open.extend(&named[id.0 as usize]);
            }
        }
        out.extend(ids().filter(|id| !reached.contains(id)));
    }
    out
}

/// The part of a program whose functions have got their bodies, but for those that are left out.
pub fn without(program: Program, out: &BTreeSet<FuncId>) -> Part {
    let mut part = Part { program, left_out: Vec::new() };
    for id in out {
        let func = &mut part.program.funcs[id.0 as usize];
        part.left_out.push(func.span);
        func.body = endless(func.span);
    }
    part
}

fn is_of_kernel(func: &Func) -> bool {
    match func.role {
        Role::Program(_) | Role::Helper | Role::Kfunc(_) | Role::Private => true,
        Role::Plain | Role::Main(_) | Role::Test => false,
    }
}

/// A body that fits any result.
fn endless(span: Span) -> Block {
    let body = Block { stmts: Vec::new(), value: None, span };
    Block { stmts: vec![Stmt { kind: StmtKind::Loop { body }, span }], value: None, span }
}

/// The functions that a body calls or names.
fn names(body: &Body) -> BTreeSet<FuncId> {
    let mut names = Names::default();
    names.block(&body.block);
    names.0
}

#[derive(Default)]
struct Names(BTreeSet<FuncId>);

impl Names {
    fn in_const(&mut self, value: &Const) {
        if let Const::Func(func) = value {
            self.0.insert(*func);
        }
        value.parts().iter().for_each(|part| self.in_const(part));
    }
}

impl Visitor<'_> for Names {
    fn expr(&mut self, expr: &Expr) {
        self.parts_of_expr(expr);
        if let ExprKind::Operation { callee, .. } = &expr.kind {
            if let Callee::Func(func) | Callee::Load(func) | Callee::Object { less: Some(func), .. } = callee {
                self.0.insert(*func);
            } else if let Callee::New { init, .. } = callee {
                self.in_const(init);
            }
        } else if let ExprKind::Const(value) = &expr.kind {
            self.in_const(value);
        }
    }
}
