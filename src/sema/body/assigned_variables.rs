//! Which variables a piece of a body assigns to: facts about them do not hold where it may have run.

use super::Checker;
use super::exprs::strip;
use super::loop_assumptions::Assumed;
use crate::ast;
use crate::sema::tree::LocalId;

impl Checker<'_, '_> {
    /// What is known at the start of each iteration of a loop. It assumes that pointers are not null, see
    /// `LoopAssumptions`.
    pub fn loop_head(&mut self, body: &ast::Block) -> Assumed {
        self.forget_changed(body);
        self.loop_assumptions.assume(body.span, &mut self.flow)
    }

    /// The state after any part of the body.
    pub fn forget_assigned(&mut self, body: &ast::Block) {
        for (local, value) in self.forget_changed(body) {
            if !self.is_never_null(value) {
                self.flow.not_null.remove(&local);
            }
        }
    }

    /// Forgets all but that pointers are not null; yields what the body assigns to which variables.
    fn forget_changed<'a>(&mut self, body: &'a ast::Block) -> Vec<(LocalId, &'a ast::Expr)> {
        self.forget_addressed();
        self.flow.not_null_parts.clear();
        let mut assigned = Vec::new();
        assigned_names(body, &mut assigned);
        let mut locals = Vec::new();
        for (name, value) in assigned {
            let Some(local) = self.local_of(&name) else { continue };
            self.flow.extents.remove(&local);
            self.flow.programs.remove(&local);
            // A pointer that moves is not null after it either.
            let Some(value) = value else { continue };
            self.may_be_new(local);
            self.forget_tests(local);
            if self.info(local).packet_offset.is_none() {
                self.info(local).packet = None;
            }
            self.info(local).program = None;
            self.info(local).header = None;
            locals.push((local, value));
        }
        locals
    }

    /// Whether it is a pointer that is never null: an address, or a parameter `*T`.
    fn is_never_null(&self, value: &ast::Expr) -> bool {
        let value = &strip(value).kind;
        if let ast::ExprKind::Unary { op: ast::UnaryOp::AddressOf, operand } = value {
            return !has_index(operand);
        }
        if let ast::ExprKind::Ternary { then, otherwise, .. } = value {
            return self.is_never_null(then) && self.is_never_null(otherwise);
        }
        let ast::ExprKind::Name(path) = value else { return false };
        let [name] = path.segments.as_slice() else { return false };
        let ty = self.local_of(&name.name).map(|local| self.locals[local.0 as usize].ty);
        ty.and_then(|ty| self.pointer(ty)).is_some_and(|pointer| !pointer.nullable)
    }
}

/// Behind a variable index.
fn has_index(place: &ast::Expr) -> bool {
    let place = &strip(place).kind;
    if let ast::ExprKind::Field { base, .. } = place {
        return has_index(base);
    }
    let ast::ExprKind::Index { base, index } = place else { return false };
    !matches!(strip(index).kind, ast::ExprKind::Int(_)) || has_index(base)
}

/// The variables that statements of the block assign to, and the values that they get; none where an operator changes
/// the one that they have.
fn assigned_names<'a>(block: &'a ast::Block, names: &mut Vec<(String, Option<&'a ast::Expr>)>) {
    for stmt in &block.stmts {
        assigned_in_stmt(stmt, names);
    }
}

fn assigned_in_stmt<'a>(stmt: &'a ast::Stmt, names: &mut Vec<(String, Option<&'a ast::Expr>)>) {
    use ast::StmtKind;
    match &stmt.kind {
        StmtKind::Assign { place, op, value } => {
            if let ast::ExprKind::Name(path) = &strip(place).kind {
                let value = op.is_none().then_some(value);
                names.extend(path.segments.iter().map(|segment| (segment.name.clone(), value)));
            }
            assigned_in_expr(value, names);
        }
        StmtKind::Expr(expr) => assigned_in_expr(expr, names),
        StmtKind::Var { init, otherwise, .. } => {
            if let Some(init) = init {
                assigned_in_expr(init, names);
            }
            if let Some(block) = otherwise {
                assigned_names(block, names);
            }
        }
        StmtKind::While { body, .. }
        | StmtKind::Loop { body }
        | StmtKind::Lock { body, .. }
        | StmtKind::DeferBlock(body) => assigned_names(body, names),
        StmtKind::For(stmt) => assigned_names(&stmt.body, names),
        StmtKind::Try { body, catches } => {
            assigned_names(body, names);
            for catch in catches {
                assigned_names(&catch.body, names);
            }
        }
        StmtKind::Throw(code) => assigned_in_expr(code, names),
        StmtKind::Const { .. }
        | StmtKind::Break
        | StmtKind::Continue
        | StmtKind::Return(_)
        | StmtKind::Delete(_)
        | StmtKind::DeferCall(_) => {}
    }
}

fn assigned_in_expr<'a>(expr: &'a ast::Expr, names: &mut Vec<(String, Option<&'a ast::Expr>)>) {
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
