//! Walks through a piece of the tree, in order of evaluation.

use super::{Block, Condition, Expr, Optional, OptionalKind, Parts, Stmt, StmtKind};

/// The actions at each node; by default a walk goes on to the parts.
pub trait Visitor<'t> {
    fn stmt(&mut self, stmt: &'t Stmt) {
        self.parts_of_stmt(stmt);
    }

    fn expr(&mut self, expr: &'t Expr) {
        self.parts_of_expr(expr);
    }

    fn optional(&mut self, optional: &'t Optional) {
        self.parts_of_optional(optional);
    }

    fn block(&mut self, block: &'t Block) {
        block.stmts.iter().for_each(|stmt| self.stmt(stmt));
        block.value.iter().for_each(|value| self.expr(value));
    }

    fn parts_of_stmt(&mut self, stmt: &'t Stmt) {
        match &stmt.kind {
            StmtKind::Var { init: value, .. } | StmtKind::Return(value) => {
                value.iter().for_each(|value| self.expr(value));
            }
            StmtKind::VarCopy { source, .. } => self.optional(source),
            StmtKind::VarElse { binding, otherwise } => {
                self.optional(&binding.source);
                self.block(otherwise);
            }
            StmtKind::Assign { place: first, value, .. }
            | StmtKind::MapUpdate { key: first, value, .. }
            | StmtKind::MapAssignOp { key: first, value, .. } => {
                self.expr(first);
                self.expr(value);
            }
            StmtKind::MapDelete { key: expr, .. }
            | StmtKind::MapSetInner { key: expr, .. }
            | StmtKind::Delete(expr)
            | StmtKind::Expr(expr)
            | StmtKind::Throw(expr) => self.expr(expr),
            StmtKind::MapCpuUpdate { key, cpu, value, .. } => [key, cpu, value].into_iter().for_each(|e| self.expr(e)),
            StmtKind::While { condition: first, body }
            | StmtKind::Lock { lock: first, body }
            | StmtKind::ForArray { array: first, body, .. }
            | StmtKind::ForView { view: first, body, .. }
            | StmtKind::ForBuckets { histogram: first, body, .. }
            | StmtKind::ForCpus { key: first, body, .. } => {
                self.expr(first);
                self.block(body);
            }
            StmtKind::ForOrdered { top, body, .. } => {
                top.iter().for_each(|top| self.expr(top));
                self.block(body);
            }
            StmtKind::For { low, high, body, .. } => {
                self.expr(low);
                self.expr(high);
                self.block(body);
            }
            StmtKind::Loop { body }
            | StmtKind::ForMap { body, .. }
            | StmtKind::Defer(body)
            | StmtKind::OnReturn { body, .. } => {
                self.block(body);
            }
            StmtKind::Try { body, catches } => {
                self.block(body);
                catches.iter().for_each(|catch| self.block(&catch.body));
            }
            StmtKind::Panic { args, .. } => args.iter().for_each(|arg| self.expr(arg)),
            StmtKind::Break | StmtKind::Continue => {}
        }
    }

    fn parts_of_expr(&mut self, expr: &'t Expr) {
        match expr.parts() {
            Parts::Operands(parts) => parts.into_iter().for_each(|part| self.expr(part)),
            Parts::Operation(_, args) => args.iter().for_each(|arg| self.expr(arg)),
            Parts::Optional(optional) => self.optional(optional),
            Parts::If(node) => {
                match &node.condition {
                    Condition::Expr(condition) => self.expr(condition),
                    Condition::Bindings(bindings) => bindings.iter().for_each(|b| self.optional(&b.source)),
                }
                self.block(&node.then);
                node.otherwise.iter().for_each(|block| self.block(block));
            }
            Parts::Block(block) => self.block(block),
            Parts::Match(node) => {
                self.expr(&node.subject);
                node.arms.iter().for_each(|arm| self.block(&arm.body));
                node.default.iter().for_each(|block| self.block(block));
            }
        }
    }

    fn parts_of_optional(&mut self, optional: &'t Optional) {
        match &optional.kind {
            OptionalKind::MapEntry { key: expr, .. }
            | OptionalKind::InnerMap { key: expr, .. }
            | OptionalKind::Meta { ctx: expr, .. }
            | OptionalKind::View(expr)
            | OptionalKind::Pointer(expr) => self.expr(expr),
            OptionalKind::MapEntryOr { key: first, init: second, .. }
            | OptionalKind::Packet { ctx: first, offset: second, .. } => {
                self.expr(first);
                self.expr(second);
            }
            OptionalKind::Record { tail, .. } => tail.iter().for_each(|tail| self.expr(tail)),
            OptionalKind::Builtin { args, .. } => args.iter().for_each(|arg| self.expr(arg)),
            OptionalKind::MapTake { .. } => {}
        }
    }
}
