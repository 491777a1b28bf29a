//! `r = other(ctx)`, after which only `return r` follows, also at the end of branches: the value of a variable that is returned at once is
//! in tail position. The pass `tail-position` returns it where it is.

use super::State;
use super::exprs::{plain_name, strip};
use crate::ast::{self, ArmBody, CatchPattern, Condition, ExprKind, StmtKind as Ast};

/// Scopes around a statement of the function's own block: that of the parameters, and the block's.
const OUTERMOST: usize = 2;

impl State<'_, '_> {
    /// Notes the calls whose results the next statement returns.
    pub fn note_kept(&mut self, stmt: &ast::Stmt, next: Option<&ast::Stmt>) {
        if let Ast::Var { name, init: Some(init), otherwise: None, .. } = &stmt.kind {
            if next.is_some_and(|next| returned_name(next) == Some(&name.name)) {
                self.note_returned(init);
            }
        } else if let Some(name) = self.returned_next(next)
            && self.vars.local_of(&name).is_some()
            // Deferred code may look at the variable.
            && !self.defers.any()
        {
            self.note_end(stmt, &name);
        }
    }

    /// The variable that the next statement returns, or the end of the body.
    fn returned_next(&self, next: Option<&ast::Stmt>) -> Option<String> {
        let result = self.env.program.func(self.func).named_result;
        let result = result.map(|local| self.vars[local].name.clone());
        match next {
            Some(ast::Stmt { kind: Ast::Return(None), .. }) => result,
            Some(next) => returned_name(next).cloned(),
            None => result.filter(|_| self.vars.blocks.len() == OUTERMOST),
        }
    }

    /// A statement after which the variable is returned.
    fn note_end(&mut self, stmt: &ast::Stmt, name: &str) {
        if let Ast::Assign { place, op: None, value } = &stmt.kind {
            if plain_name(place).is_some_and(|assigned| assigned.name == name) {
                self.note_returned(value);
            }
        } else if let Ast::Try { body, catches } = &stmt.kind {
            self.note_end_of_block(body, name);
            for catch in catches.iter().filter(|catch| !is_caught(&catch.pattern, name)) {
                self.note_end_of_block(&catch.body, name);
            }
        } else if let Ast::Expr(value) = &stmt.kind {
            self.note_ends_of_branches(strip(value), name);
        }
    }

    fn note_ends_of_branches(&mut self, value: &ast::Expr, name: &str) {
        if let ExprKind::If(branch) = &value.kind {
            if !is_bound(&branch.condition, name) {
                self.note_end_of_block(&branch.then, name);
            }
            branch.otherwise.iter().for_each(|block| self.note_end_of_block(block, name));
        } else if let ExprKind::Block(block) = &value.kind {
            self.note_end_of_block(block, name);
        } else if let ExprKind::Match(matching) = &value.kind {
            for arm in &matching.arms {
                match &arm.body {
                    ArmBody::Stmt(stmt) => self.note_end(stmt, name),
                    ArmBody::Block(block) => self.note_end_of_block(block, name),
                    ArmBody::Expr(_) => {}
                }
            }
        }
    }

    fn note_end_of_block(&mut self, block: &ast::Block, name: &str) {
        if !block.stmts.iter().any(|stmt| is_declared(stmt, name))
            && let Some(last) = block.stmts.last()
        {
            self.note_end(last, name);
        }
    }
}

/// Whether a statement declares another variable or constant of this name.
fn is_declared(stmt: &ast::Stmt, name: &str) -> bool {
    matches!(&stmt.kind, Ast::Var { name: declared, .. } | Ast::Const { name: declared, .. } if declared.name == name)
}

fn is_bound(condition: &Condition, name: &str) -> bool {
    matches!(condition, Condition::Bindings(bindings) if bindings.iter().any(|binding| binding.name.name == name))
}

fn is_caught(pattern: &CatchPattern, name: &str) -> bool {
    matches!(pattern, CatchPattern::Value(value) if plain_name(value).is_some_and(|caught| caught.name == name))
}

/// The name that a `return` returns.
fn returned_name(stmt: &ast::Stmt) -> Option<&String> {
    let Ast::Return(Some(value)) = &stmt.kind else { return None };
    plain_name(value).map(|name| &name.name)
}
