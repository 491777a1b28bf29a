//! Which variables a piece of a body assigns to: facts about them do not hold where it may have run.

use super::exprs::strip;
use super::{Site, State};
use crate::ast;

impl State<'_, '_> {
    /// The state after any part of the body, as at the start of each iteration of a loop.
    pub fn forget_changed(&mut self, body: &ast::Block) {
        let mut assigned = Vec::new();
        assigned_names(body, &mut assigned);
        for (name, is_new) in assigned {
            let Some(local) = self.vars.local_of(&name) else { continue };
            self.flow.extents.remove(&local);
            self.flow.programs.remove(&local);
            if !is_new {
                continue;
            }
            self.may_be_new(local);
            if self.vars[local].packet_offset.is_none() {
                self.vars[local].packet = None;
            }
            self.vars[local].program = None;
            self.vars[local].header = None;
        }
    }
}

impl Site<'_, '_> {
    /// Whether `p += n` or the like changes a variable of this name anywhere in the function.
    pub fn is_moved(&self, variable: &str) -> bool {
        let mut assigned = Vec::new();
        if let Some(body) = &self.env.funcs[self.func.0 as usize].decl.body {
            assigned_names(body, &mut assigned);
        }
        assigned.iter().any(|(name, is_new)| name == variable && !is_new)
    }
}

/// The variables that statements of the block assign to, and whether they get another value, or an operator changes the one
/// that they have.
fn assigned_names(block: &ast::Block, names: &mut Vec<(String, bool)>) {
    for stmt in &block.stmts {
        assigned_in_stmt(stmt, names);
    }
}

fn assigned_in_stmt(stmt: &ast::Stmt, names: &mut Vec<(String, bool)>) {
    use ast::StmtKind;
    let kind = &stmt.kind;
    if let StmtKind::Assign { place, op, value } = kind {
        if let ast::ExprKind::Name(path) = &strip(place).kind {
            names.extend(path.segments.iter().map(|segment| (segment.name.clone(), op.is_none())));
        }
        assigned_in_expr(value, names);
    } else if let StmtKind::Expr(expr) | StmtKind::Throw(expr) = kind {
        assigned_in_expr(expr, names);
    } else if let StmtKind::Var { init, otherwise, .. } = kind {
        init.iter().for_each(|init| assigned_in_expr(init, names));
        otherwise.iter().for_each(|block| assigned_names(block, names));
    } else if let StmtKind::While { body, .. }
    | StmtKind::Loop { body }
    | StmtKind::Lock { body, .. }
    | StmtKind::OnReturn { body, .. }
    | StmtKind::DeferBlock(body) = kind
    {
        assigned_names(body, names);
    } else if let StmtKind::For(stmt) = kind {
        assigned_names(&stmt.body, names);
    } else if let StmtKind::Try { body, catches } = kind {
        assigned_names(body, names);
        catches.iter().for_each(|catch| assigned_names(&catch.body, names));
    }
}

fn assigned_in_expr(expr: &ast::Expr, names: &mut Vec<(String, bool)>) {
    if let ast::ExprKind::If(branch) = &expr.kind {
        assigned_names(&branch.then, names);
        if let Some(block) = &branch.otherwise {
            assigned_names(block, names);
        }
    } else if let ast::ExprKind::Block(block) = &expr.kind {
        assigned_names(block, names);
    } else if let ast::ExprKind::Paren(inner) = &expr.kind {
        assigned_in_expr(inner, names);
    } else if let ast::ExprKind::Match(matching) = &expr.kind {
        for arm in &matching.arms {
            match &arm.body {
                ast::ArmBody::Expr(expr) => assigned_in_expr(expr, names),
                ast::ArmBody::Block(block) => assigned_names(block, names),
                ast::ArmBody::Stmt(stmt) => assigned_in_stmt(stmt, names),
            }
        }
    }
}
