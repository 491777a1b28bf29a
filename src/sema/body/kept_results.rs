//! `var r = other(ctx)`, after which only `return r` follows: what a variable gets that is returned at once is in tail position.

use super::Checker;
use super::exprs::plain_name;
use super::value::local;
use crate::ast::{self, StmtKind as Ast};
use crate::sema::tree::{Expr, ExprKind, LocalId, Stmt, StmtKind};

/// Scopes around a statement of the function's own block: that of the parameters, and the block's.
const OUTERMOST: usize = 2;

impl Checker<'_, '_> {
    /// Notes the calls whose results the next statement returns.
    pub fn note_kept(&mut self, stmt: &ast::Stmt, next: Option<&ast::Stmt>) {
        if let Ast::Var { name, init: Some(init), otherwise: None, .. } = &stmt.kind {
            if next.is_some_and(|next| returned_name(next) == Some(&name.name)) {
                self.note_returned(init);
            }
        } else if let Ast::Assign { place, op: None, value } = &stmt.kind
            && let Some(name) = plain_name(place)
            && let Some(local) = self.local_of(&name.name)
            // What is deferred may look at the variable.
            && !self.defers.any()
            && self.is_returned_next(&name.name, local, next)
        {
            self.note_returned(value);
        }
    }

    /// Whether the variable is what the next statement returns, or the end of the body.
    fn is_returned_next(&self, name: &str, local: LocalId, next: Option<&ast::Stmt>) -> bool {
        let is_result = self.env.program.func(self.func).named_result == Some(local);
        match next {
            Some(ast::Stmt { kind: Ast::Return(None), .. }) => is_result,
            Some(next) => returned_name(next).is_some_and(|returned| returned == name),
            None => is_result && self.scopes.len() == OUTERMOST,
        }
    }

    /// A returned value; instead of a variable that the statement before sets to the result of a tail call, that call.
    pub fn kept(&self, value: Expr, before: &mut Vec<Stmt>) -> Expr {
        let Some(wanted) = variable(&value) else { return value };
        let is_kept = |of: Option<LocalId>, kept: &Expr| of == Some(wanted) && self.has_tail_call(kept);
        let last = before.pop_if(|stmt| {
            if let StmtKind::Var { local, init: Some(init) } = &stmt.kind {
                return is_kept(Some(*local), init);
            }
            let StmtKind::Assign { place, op: None, value } = &stmt.kind else { return false };
            is_kept(local(place), value)
        });
        match last.map(|stmt| stmt.kind) {
            Some(StmtKind::Var { init: Some(kept), .. } | StmtKind::Assign { value: kept, .. }) => {
                in_place(value, kept)
            }
            Some(_) | None => value,
        }
    }
}

/// The name that a `return` returns.
fn returned_name(stmt: &ast::Stmt) -> Option<&String> {
    let Ast::Return(Some(value)) = &stmt.kind else { return None };
    plain_name(value).map(|name| &name.name)
}

/// The variable that a value is, apart from conversions.
fn variable(value: &Expr) -> Option<LocalId> {
    if let ExprKind::Cast(inner) = &value.kind { variable(inner) } else { local(value) }
}

/// The value with another one for its variable.
fn in_place(value: Expr, kept: Expr) -> Expr {
    let ExprKind::Cast(inner) = value.kind else { return kept };
    Expr { kind: ExprKind::Cast(Box::new(in_place(*inner, kept))), ty: value.ty, span: value.span }
}
