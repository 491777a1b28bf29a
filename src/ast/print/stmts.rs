//! Statements.

use super::Printer;
use crate::ast::*;

impl Printer<'_> {
    /// With braces, or the one statement without.
    pub fn block(&mut self, block: &Block) {
        match &block.stmts[..] {
            [stmt] if !block.braced => {
                self.inline(stmt.span.lo);
                self.stmt(stmt);
            }
            stmts => {
                let ends = [block.span.lo, block.span.hi.saturating_sub(1)];
                self.braced(ends, stmts, |stmt| stmt.span, |_| "", Self::stmt);
            }
        }
    }

    /// With braces it does not stay on one line.
    pub fn block_on_lines(&mut self, block: &Block) {
        if !block.braced || block.stmts.is_empty() {
            return self.block(block);
        }
        let ends = [block.span.lo, block.span.hi.saturating_sub(1)];
        self.on_lines(ends, &block.stmts, |stmt| stmt.span, |_| "", Self::stmt);
    }

    /// Prints a statement without the newline after it.
    pub fn stmt(&mut self, stmt: &Stmt) {
        if self.overflow {
            return;
        }
        match &stmt.kind {
            StmtKind::Var { name, ty, init, otherwise } => {
                self.var_keyword(name.span);
                self.declared(name, ty, init.as_ref());
                if let Some(block) = otherwise {
                    self.before_continuation(block.span.lo);
                    self.push("else ");
                    self.block(block);
                }
            }
            StmtKind::Const { name, ty, value } => {
                self.push("const ");
                self.declared(name, ty, Some(value));
            }
            StmtKind::Assign { place, op, value } => {
                self.expr(place);
                self.push(" ");
                self.push(op.map_or("", BinaryOp::text));
                self.push("= ");
                self.expr(value);
            }
            StmtKind::Expr(expr) => self.expr(expr),
            StmtKind::While { condition, body } => self.headed("while", condition, body),
            StmtKind::Lock { place, body } => self.headed("lock", place, body),
            StmtKind::Loop { body } => {
                self.push("loop ");
                self.block(body);
            }
            StmtKind::For(for_stmt) => self.for_stmt(for_stmt),
            StmtKind::Break => self.push("break"),
            StmtKind::Continue => self.push("continue"),
            StmtKind::Return(None) => self.push("return"),
            StmtKind::Return(Some(value)) => self.keyword("return ", value),
            StmtKind::Delete(place) => self.keyword("delete ", place),
            StmtKind::Throw(code) => self.keyword("throw ", code),
            StmtKind::DeferCall(call) => self.keyword("defer ", call),
            StmtKind::DeferDelete(what) => self.keyword("defer delete ", what),
            StmtKind::DeferBlock(block) => {
                self.push("defer ");
                self.block(block);
            }
            StmtKind::OnReturn { param, body } => {
                self.push("on return ");
                if let Some(param) = param {
                    self.push("(");
                    self.push(&param.name.name);
                    self.push(": ");
                    self.ty(&param.ty);
                    self.push(") ");
                }
                self.block(body);
            }
            StmtKind::Try { body, catches } => self.try_stmt(body, catches),
        }
    }

    /// `name: T = value`
    pub fn declared(&mut self, name: &Ident, ty: &Option<Type>, value: Option<&Expr>) {
        self.push(&name.name);
        self.type_of(ty);
        if let Some(value) = value {
            self.keyword(" = ", value);
        }
    }

    fn keyword(&mut self, keyword: &str, operand: &Expr) {
        self.push(keyword);
        self.expr(operand);
    }

    fn headed(&mut self, keyword: &str, head: &Expr, body: &Block) {
        self.push(keyword);
        self.push(" ");
        self.condition(head);
        self.push(" ");
        self.block(body);
    }

    fn for_stmt(&mut self, for_stmt: &ForStmt) {
        self.push("for ");
        let last = match &for_stmt.over {
            ForOver::Range { high, .. } => high,
            ForOver::Each(all) => all,
        };
        self.head(last.span.hi, |this| {
            this.list(&for_stmt.names, |this, name| this.push(&name.name));
            this.push(" in ");
            match &for_stmt.over {
                ForOver::Range { low, high, inclusive } => this.range(low, high, *inclusive),
                ForOver::Each(all) => this.expr(all),
            }
        });
        self.push(" ");
        self.block(&for_stmt.body);
    }

    fn try_stmt(&mut self, body: &Block, catches: &[Catch]) {
        self.push("try ");
        self.block(body);
        for catch in catches {
            self.before_continuation(catch.span.lo);
            self.push("catch ");
            match &catch.pattern {
                CatchPattern::Any(_) => self.push("_"),
                CatchPattern::Value(value) => self.expr(value),
            }
            self.push(" ");
            self.block(&catch.body);
        }
    }
}
