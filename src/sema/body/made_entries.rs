//! `return` in a function whose result may be null: it fills the hidden last parameter and yields true, or false for `null`.

use super::exprs::strip;
use super::value::bool_expr;
use super::{Checker, State};
use crate::ast::{self, ArmBody, ExprKind as Ast, StmtKind as AstStmt};
use crate::diag::codes::types::MismatchedTypes;
use crate::sema::tree::{Expr, ExprKind, LocalId, Stmt, StmtKind};
use crate::source::Span;
use crate::types::{Ty, TyKind};

impl State<'_, '_> {
    /// Whether the function is one of `@migrate` that may drop entries.
    pub fn may_yield_null(&self) -> bool {
        let result = &self.env.funcs[self.func.0 as usize].decl.result;
        result.as_ref().is_some_and(|result| result.optional.is_some())
    }

    /// The result as declared, of such a function.
    pub fn made_name(&self) -> Option<String> {
        let span = self.env.program.func(self.func).name_span;
        let place = self.may_yield_null().then(|| self.made(span)).flatten()?;
        Some(format!("{}?", self.ty_name(place.ty)))
    }

    /// Where the result goes, and its type.
    fn made(&self, span: Span) -> Option<Expr> {
        let declared = self.env.program.func(self.func);
        let last = *declared.params.last()?;
        let pointer = declared.local(LocalId(last.0)).ty;
        let TyKind::Ptr { to, .. } = self.cx.types.kind(pointer) else { return None };
        let pointer = Box::new(Expr { kind: ExprKind::Local(last), ty: pointer, span });
        Some(Expr { kind: ExprKind::Deref(pointer), ty: to, span })
    }
}

impl Checker<'_, '_> {
    /// `return value`, `return null`. What has `null` in one of its branches returns in each of them.
    pub fn return_made(&mut self, value: Option<&ast::Expr>, span: Span, out: &mut Vec<Stmt>) {
        let Some(place) = self.made(span) else { return };
        let Some(value) = value else {
            let wanted = format!("`{}?`", self.ty_name(place.ty));
            self.error(span, MismatchedTypes { wanted, found: "no value".into() })
                .help("write the result after `return`, on the same line; `null` drops the entry");
            return;
        };
        if matches!(strip(value).kind, Ast::Null) {
            return out.push(yields(false, span));
        }
        if yields_null(value) {
            let branches = ast::Stmt { kind: AstStmt::Expr(returning(value)), span };
            return self.stmt(&branches, out);
        }
        self.kept_by_statement = Some(strip(value).span);
        let checked = self.result_value(value, place.ty);
        self.refuse_escape(&checked);
        out.push(Stmt { kind: StmtKind::Assign { place, op: None, value: checked }, span });
        out.push(yields(true, span));
    }
}

fn yields(there: bool, span: Span) -> Stmt {
    Stmt { kind: StmtKind::Return(Some(Expr { ty: Ty::BOOL, ..bool_expr(there, span) })), span }
}

/// Whether a branch of the expression is `null`.
fn yields_null(expr: &ast::Expr) -> bool {
    let of_block = |block: &ast::Block| {
        let last = block.stmts.last();
        matches!(last, Some(ast::Stmt { kind: AstStmt::Expr(value), .. }) if yields_null(value))
    };
    let kind = &strip(expr).kind;
    if let Ast::Ternary { then, otherwise, .. } = kind {
        yields_null(then) || yields_null(otherwise)
    } else if let Ast::If(node) = kind {
        of_block(&node.then) || node.otherwise.as_ref().is_some_and(of_block)
    } else if let Ast::Block(block) = kind {
        of_block(block)
    } else if let Ast::Match(node) = kind {
        node.arms.iter().any(|arm| match &arm.body {
            ArmBody::Expr(value) => yields_null(value),
            ArmBody::Block(block) => of_block(block),
            ArmBody::Stmt(_) => false,
        })
    } else {
        matches!(kind, Ast::Null)
    }
}

/// The same with a `return` in each branch.
fn returning(expr: &ast::Expr) -> ast::Expr {
    let stmt = |value: &ast::Expr| ast::Stmt { kind: AstStmt::Return(Some(value.clone())), span: value.span };
    let alone = |value: &ast::Expr| ast::Block { stmts: vec![stmt(value)], braced: true, span: value.span };
    let in_block = |block: &ast::Block| {
        let mut block = block.clone();
        if let Some(ast::Stmt { kind, .. }) = block.stmts.last_mut()
            && let AstStmt::Expr(value) = kind
        {
            *kind = AstStmt::Return(Some(value.clone()));
        }
        block
    };
    let expr = strip(expr);
    let kind = if let Ast::Ternary { condition, then, otherwise } = &expr.kind {
        Ast::If(Box::new(ast::IfExpr {
            condition: ast::Condition::Expr((**condition).clone()),
            then: alone(then),
            otherwise: Some(alone(otherwise)),
        }))
    } else if let Ast::If(node) = &expr.kind {
        Ast::If(Box::new(ast::IfExpr {
            condition: node.condition.clone(),
            then: in_block(&node.then),
            otherwise: node.otherwise.as_ref().map(in_block),
        }))
    } else if let Ast::Block(block) = &expr.kind {
        Ast::Block(in_block(block))
    } else if let Ast::Match(node) = &expr.kind {
        let arms = node.arms.iter().map(|arm| {
            let body = match &arm.body {
                ArmBody::Expr(value) => ArmBody::Stmt(Box::new(stmt(value))),
                ArmBody::Block(block) => ArmBody::Block(in_block(block)),
                ArmBody::Stmt(stmt) => ArmBody::Stmt(stmt.clone()),
            };
            ast::Arm { body, ..arm.clone() }
        });
        Ast::Match(Box::new(ast::MatchExpr { subject: node.subject.clone(), arms: arms.collect() }))
    } else {
        expr.kind.clone()
    };
    ast::Expr { kind, span: expr.span }
}
