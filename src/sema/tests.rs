//! Tests: where `test` may be called, and the `main` of an executable that runs the tests of a file.
//!
//! That executable runs one test, whose number it is told when it starts: its generated `main` calls that test. The file's own `main` is
//! checked, and is not part of it.

use super::env::{Env, FuncDecl};
use super::tree::{
    Arm, Block, Callee, Const, Expr, ExprKind, Func, FuncId, Match, Program, Role, Stmt, StmtKind, Visitor,
};
use crate::diag::codes::tests::TestElsewhere;
use crate::modules::ModuleId;
use crate::session::Session;
use crate::source::Span;
use crate::types::{FnSig, Ty};
use std::collections::BTreeSet;

/// The name of the generated `main` in the object.
const MAIN: &str = "ks_tests";

/// The tests of a program's own file, in order of the text: those of modules that it imports are of their files.
fn tests(env: &Env) -> Vec<FuncId> {
    let all = std::iter::zip(0.., std::iter::zip(&env.program.funcs, &env.funcs));
    let own = all.filter(|(_, (func, decl))| matches!(func.role, Role::Test) && decl.module == ModuleId(0));
    own.map(|(at, _)| FuncId(at)).collect()
}

/// Reports calls of `test` that `main` reaches.
pub fn check(cx: &mut Session, env: &Env) {
    let bodies: Vec<Named> = env.program.funcs.iter().map(named).collect();
    let main = env.program.funcs.iter().position(|func| matches!(func.role, Role::Main(_)));
    let mut open: Vec<usize> = main.into_iter().collect();
    let mut reached: BTreeSet<usize> = open.iter().copied().collect();
    while let Some(at) = open.pop() {
        if let Some(&span) = bodies[at].runs.first() {
            let error = cx.error(span, TestElsewhere { func: env.program.funcs[at].name.clone() });
            error.help("a function with `@test` may call it, and plain functions that only such functions call");
        }
        open.extend(bodies[at].funcs.iter().map(|func| func.0 as usize).filter(|&callee| reached.insert(callee)));
    }
}

/// Adds a `main` that calls the test which the runtime names; the file's own becomes a function that is only checked.
pub fn make_main(env: &mut Env<'_>) {
    let tests = tests(env);
    let Some(&first) = tests.first() else { return };
    let span = env.program.func(first).name_span;
    let selected = Expr::operation(Callee::TestSelected, Vec::new(), Ty::I32, span);
    let arms = std::iter::zip(0.., &tests).map(|(number, &test)| arm(&env.program, number, test)).collect();
    let none = Block { stmts: Vec::new(), value: Some(Box::new(number(0, span))), span };
    let choice = Match { subject: selected, arms, exhaustive: false, default: Some(none) };
    let choice = Expr { kind: ExprKind::Match(Box::new(choice)), ty: Ty::I32, span };
    let end = Expr::operation(Callee::TestEnd, vec![choice], Ty::I32, span);
    let body = Block { stmts: vec![Stmt { kind: StmtKind::Return(Some(end)), span }], value: None, span };
    for func in &mut env.program.funcs {
        if let Role::Main(_) = func.role {
            func.role = Role::Test;
        } else if let Role::Test = func.role {
            func.role = Role::Plain;
        }
    }
    let main = Func {
        name: "main".to_owned(),
        symbol: MAIN.to_owned(),
        name_span: span,
        span,
        role: Role::Main(None),
        params: Vec::new(),
        result: Ty::I32,
        named_result: None,
        context: None,
        locals: Vec::new(),
        body,
        throws: false,
        cancels: false,
        panics: false,
        global: false,
    };
    env.program.funcs.push(main);
    env.program.tests = tests;
    let FuncDecl { module, decl, .. } = &env.funcs[first.0 as usize];
    env.funcs.push(FuncDecl { module: *module, decl, sig: FnSig { params: Vec::new(), result: Ty::I32 } });
}

/// Calls a test; one without a result yields 0.
fn arm(program: &Program, at: i128, test: FuncId) -> Arm {
    let func = program.func(test);
    let span = func.name_span;
    let call = Expr::operation(Callee::Func(test), Vec::new(), func.result, span);
    let (stmts, value) = match func.result {
        Ty::VOID => (vec![Stmt { kind: StmtKind::Expr(call), span }], number(0, span)),
        _ => (Vec::new(), call),
    };
    let body = Block { stmts, value: Some(Box::new(value)), span };
    Arm { ranges: vec![(at, at)], body, span }
}

fn number(value: i128, span: Span) -> Expr {
    Expr { kind: ExprKind::Const(Const::Int(value)), ty: Ty::I32, span }
}

/// What a body names.
#[derive(Default)]
struct Named {
    funcs: BTreeSet<FuncId>,
    /// The calls of `test`.
    runs: Vec<Span>,
}

fn named(func: &Func) -> Named {
    let mut named = Named::default();
    named.block(&func.body);
    named
}

impl Visitor<'_> for Named {
    fn expr(&mut self, expr: &Expr) {
        self.parts_of_expr(expr);
        if let ExprKind::Operation { callee: Callee::Func(func), .. } | ExprKind::Const(Const::Func(func)) = &expr.kind
        {
            self.funcs.insert(*func);
        } else if let ExprKind::Operation { callee: Callee::Test { .. }, .. } = &expr.kind {
            self.runs.push(expr.span);
        }
    }
}
