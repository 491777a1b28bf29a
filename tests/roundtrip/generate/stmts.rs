//! Statements.

use super::Generator;
use ksc::ast::*;

impl Generator {
    pub fn block(&mut self) -> Block {
        let stmts = self.deeper(|this| this.many(3, Self::stmt)).unwrap_or_default();
        Block { stmts, braced: true, span: Self::span() }
    }

    /// The body after a header in parentheses.
    fn body(&mut self) -> Block {
        if self.random.one_in(2) {
            return self.block();
        }
        let kind = self.short_stmt();
        Block { stmts: vec![Stmt { kind, span: Self::span() }], braced: false, span: Self::span() }
    }

    pub fn stmt(&mut self) -> Stmt {
        let kind = self.deeper(Self::stmt_kind).unwrap_or_else(|| self.short_stmt());
        Stmt { kind, span: Self::span() }
    }

    /// One that an `else` can follow: nothing in it would take it.
    fn short_stmt(&mut self) -> StmtKind {
        let value = Self::make(self.atom());
        match self.random.below(6) {
            0 => StmtKind::Return(None),
            1 => StmtKind::Return(Some(value)),
            2 => StmtKind::Break,
            3 => StmtKind::Continue,
            4 => StmtKind::Throw(value),
            _ => StmtKind::Assign { place: self.place(), op: None, value },
        }
    }

    fn place(&mut self) -> Expr {
        let mut place = Self::make(ExprKind::Name(Path { segments: vec![self.used()], span: Self::span() }));
        if self.random.one_in(3) {
            let index = Box::new(Self::make(self.atom()));
            place = Self::make(ExprKind::Index { base: Box::new(place), index });
        }
        if self.random.one_in(3) {
            let name = self.word();
            place = Self::make(ExprKind::Field { base: Box::new(place), name, arrow: self.random.one_in(2) });
        }
        if self.random.one_in(6) {
            place = Self::make(ExprKind::Unary { op: UnaryOp::Deref, operand: Box::new(place) });
        }
        place
    }

    fn stmt_kind(&mut self) -> StmtKind {
        let ops = [BinaryOp::Add, BinaryOp::Sub, BinaryOp::Shl, BinaryOp::Shr, BinaryOp::BitAnd, BinaryOp::BitXor];
        match self.random.below(16) {
            0 | 1 => StmtKind::Var {
                name: self.name(),
                ty: self.some(2, Self::ty),
                init: self.some(2, Self::expr),
                otherwise: None,
            },
            2 => {
                let init = Some(self.place());
                StmtKind::Var { name: self.name(), ty: None, init, otherwise: Some(self.block()) }
            }
            3 => StmtKind::Const { name: self.name(), ty: self.some(2, Self::ty), value: self.expr() },
            4 => {
                let op = self.some(2, |this| this.random.pick(&ops));
                StmtKind::Assign { place: self.place(), op, value: self.expr() }
            }
            5 => StmtKind::While { condition: self.expr(), body: self.body() },
            6 => StmtKind::Loop { body: self.block() },
            7 => StmtKind::For(self.for_stmt()),
            8 => StmtKind::Return(self.some(2, Self::expr)),
            9 => StmtKind::Delete(self.place()),
            10 => self.try_stmt(),
            11 => self.defer(),
            12 => StmtKind::Lock { place: self.place(), body: self.block() },
            13 => {
                // `if (c) x else y`
                let otherwise = self.some(2, Self::body);
                let (condition, then) = (Condition::Expr(self.expr()), self.body());
                StmtKind::Expr(Self::make(ExprKind::If(Box::new(IfExpr { condition, then, otherwise }))))
            }
            _ => StmtKind::Expr(self.statement_expr()),
        }
    }

    fn defer(&mut self) -> StmtKind {
        if self.random.one_in(2) {
            return StmtKind::DeferBlock(self.block());
        }
        let args = self.many(2, |this| Arg { name: None, value: this.expr() });
        let callee = Box::new(self.place());
        if matches!(callee.kind, ExprKind::Unary { .. }) {
            return StmtKind::DeferCall(*callee);
        }
        StmtKind::DeferCall(Self::make(ExprKind::Call { callee, args }))
    }

    fn for_stmt(&mut self) -> ForStmt {
        if self.random.one_in(2) {
            let over = ForOver::Range { low: self.expr(), high: self.expr(), inclusive: self.random.one_in(2) };
            return ForStmt { names: vec![self.name()], over, body: self.body() };
        }
        let mut names = vec![self.name()];
        names.extend(self.some(2, Self::name));
        ForStmt { names, over: ForOver::Each(self.expr()), body: self.body() }
    }

    fn try_stmt(&mut self) -> StmtKind {
        let mut catches = self.many(2, Self::catch);
        catches.push(self.catch());
        StmtKind::Try { body: self.block(), catches }
    }

    fn catch(&mut self) -> Catch {
        let pattern = if self.random.one_in(3) {
            CatchPattern::Any(Self::span())
        } else {
            // A name there may be a declaration, which no keyword is the name of.
            let code = if self.random.one_in(2) { self.int() } else { ExprKind::Name(self.path()) };
            CatchPattern::Value(Self::make(code))
        };
        Catch { pattern, body: self.block(), span: Self::span() }
    }
}
