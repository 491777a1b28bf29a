//! `var v = m.reserve()` with a null test of `v` as the next statement. With `if (v == null) return` it has the meaning of
//! `var v = m.reserve() else { return }`, and with `if (v != null) { … }` that of `if (var v = m.reserve()) { … }`.

use super::exprs::{plain_name, strip};
use super::{Checker, Site, State};
use crate::ast::{self, BinaryOp, Condition, ExprKind, StmtKind as Ast, UnaryOp};
use crate::sema::tree::{Stmt, StmtKind};
use crate::source::Span;
use crate::tables::MAP_METHODS;

/// A variable whose value has to be tested, and the branches of the `if` that tests it.
pub(super) struct TestedNext<'a> {
    name: &'a ast::Ident,
    ty: Option<&'a ast::Type>,
    init: &'a ast::Expr,
    present: Option<&'a ast::Block>,
    absent: Option<&'a ast::Block>,
    span: Span,
}

impl Checker<'_, '_> {
    pub(super) fn check_tested_next(&mut self, tested: &TestedNext, span: Span, out: &mut Vec<Stmt>) {
        let TestedNext { name, ty, init, present, absent, .. } = *tested;
        if let Some(absent) = absent.filter(|_| tested.leaves()) {
            if let Some(kind) = self.var_else(name, ty, init, absent) {
                out.push(Stmt { kind, span });
            }
            self.vars.mark_read(&name.name);
            if let Some(present) = present {
                let block = ast::Expr { kind: ExprKind::Block(present.clone()), span: present.span };
                self.stmt(&ast::Stmt { kind: Ast::Expr(block), span: present.span }, out);
            }
            return;
        }
        let nothing = ast::Block { stmts: Vec::new(), braced: true, span: tested.span };
        // A variable that is tested and nothing else is read by that.
        let is_used = present.is_some_and(|block| has_word(self.text(block.span), &name.name));
        let name = if is_used { name.clone() } else { ast::Ident { name: "_".to_owned(), span: name.span } };
        let binding = ast::Binding { name, ty: ty.cloned(), value: init.clone(), span };
        let branch = ast::IfExpr {
            condition: Condition::Bindings(vec![binding]),
            then: present.cloned().unwrap_or(nothing),
            otherwise: absent.cloned(),
        };
        let kind = StmtKind::Expr(self.if_stmt(&branch, tested.span));
        out.push(Stmt { kind, span: tested.span });
    }
}

impl State<'_, '_> {
    /// The first of the statements and the one that tests it; none if the variable lives on after the test though nothing leaves where its
    /// value is absent.
    pub(super) fn tested_next<'a>(&self, stmts: &'a [ast::Stmt]) -> Option<TestedNext<'a>> {
        let [first, test, rest @ ..] = stmts else { return None };
        let Ast::Var { name, ty, init: Some(init), otherwise: None } = &first.kind else { return None };
        let Ast::Expr(test_of) = &test.kind else { return None };
        let ExprKind::If(branch) = &strip(test_of).kind else { return None };
        let Condition::Expr(condition) = &branch.condition else { return None };
        let is_present = tests(condition, &name.name)?;
        if !self.needs_test(init) {
            return None;
        }
        let (then, otherwise) = (Some(&branch.then), branch.otherwise.as_ref());
        let (present, absent) = if is_present { (then, otherwise) } else { (otherwise, then) };
        let tested = TestedNext { name, ty: ty.as_ref(), init, present, absent, span: test.span };
        let lives_on = rest.last().is_some_and(|last| self.mentions(test.span.to(last.span), test.span, &name.name));
        (tested.leaves() || !lives_on).then_some(tested)
    }

    /// Whether no variable can hold the value untested: a record, an entry that is made where it is absent, a map in a map.
    fn needs_test(&self, init: &ast::Expr) -> bool {
        if let Some((map, _)) = self.value_entry(init) {
            return self.env.program.map(map).inner.is_some();
        }
        let ExprKind::Call { callee, .. } = &strip(init).kind else { return false };
        let ExprKind::Field { base, name, .. } = &strip(callee).kind else { return false };
        let is_optional = MAP_METHODS.iter().any(|method| method.name == name.name && method.optional);
        is_optional && self.map_named(base).is_some()
    }
}

impl Site<'_, '_> {
    /// Whether the text behind a statement has the name as a word.
    fn mentions(&self, all: Span, stmt: Span, name: &str) -> bool {
        has_word(self.text(all).get(self.text(stmt).len()..).unwrap_or_default(), name)
    }
}

impl TestedNext<'_> {
    /// Whether control never gets behind the test where the value is absent.
    fn leaves(&self) -> bool {
        let last = self.absent.and_then(|block| block.stmts.last());
        last.is_some_and(|stmt| matches!(stmt.kind, Ast::Return(_) | Ast::Break | Ast::Continue | Ast::Throw(_)))
    }
}

fn has_word(text: &str, name: &str) -> bool {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == name)
}

/// What a condition says of the variable of that name: that it is there (`v`, `v != null`), or that it is not (`!v`, `v == null`).
fn tests(condition: &ast::Expr, name: &str) -> Option<bool> {
    let is_name = |expr: &ast::Expr| plain_name(expr).is_some_and(|found| found.name == name);
    let is_null = |expr: &ast::Expr| matches!(strip(expr).kind, ExprKind::Null);
    if let ExprKind::Unary { op: UnaryOp::Not, operand } = &strip(condition).kind {
        return is_name(operand).then_some(false);
    }
    if let ExprKind::Binary { op, left, right, .. } = &strip(condition).kind {
        let with_null = is_name(left) && is_null(right) || is_null(left) && is_name(right);
        let compares = with_null && matches!(op, BinaryOp::Eq | BinaryOp::Ne);
        return compares.then_some(*op == BinaryOp::Ne);
    }
    is_name(condition).then_some(true)
}
