//! `if`, `?:` and blocks, as statements and as expressions.

use super::value::{Value, error_expr, literal_type};
use super::{Checker, Site, State};
use crate::ast;
use crate::diag::codes::types::{BranchTypes, MismatchedTypes, NoValue};
use crate::fold;
use crate::sema::tree::{Block, Condition, Const, Expr, ExprKind, If, Stmt, StmtKind};
use crate::source::Span;
use crate::types::{Space, Ty, TyKind};

/// One of the branches of an expression.
pub(super) struct Branch {
    /// Without its value.
    pub block: Block,
    /// None if it has none, or leaves before.
    pub value: Option<Value>,
    /// Control never reaches its end, as far as the source shows.
    pub leaves: bool,
    /// Control still does, see `Flow::unforeseen`.
    pub unforeseen: bool,
}

impl Checker<'_, '_> {
    /// Checks an `if` as a statement, without a value.
    pub fn if_stmt(&mut self, branch: &ast::IfExpr, span: Span) -> Expr {
        let (condition, then, otherwise) = self.branches(branch, |checker, block| checker.block(block));
        Expr { kind: ExprKind::If(Box::new(If { condition, then, otherwise })), ty: Ty::VOID, span }
    }

    /// Checks an `if` whose value is used; without `else` it is an error.
    pub fn if_value(&mut self, branch: &ast::IfExpr, expected: Option<Ty>, span: Span) -> Value {
        let (condition, then, otherwise) = self.branches(branch, |checker, block| checker.branch(block, expected));
        let Some(otherwise) = otherwise else {
            self.error(span, NoValue { what: "an `if` without `else`".into() })
                .help("where its value is used an `if` needs an `else` branch");
            return error_expr(span).into();
        };
        self.choice(condition, then, otherwise, expected, span)
    }

    /// Checks `condition ? then : otherwise`.
    pub fn ternary(
        &mut self,
        condition: &ast::Expr,
        then: &ast::Expr,
        otherwise: &ast::Expr,
        expected: Option<Ty>,
        span: Span,
    ) -> Value {
        let condition = self.truth(condition);
        let before = self.flow.clone();
        let then = self.expr_branch(then, expected);
        let after_then = std::mem::replace(&mut self.flow, before);
        let otherwise = self.expr_branch(otherwise, expected);
        self.flow = after_then.join(self.flow.clone());
        self.choice(Condition::Expr(condition), then, otherwise, expected, span)
    }

    /// Checks a block whose value is used.
    pub fn block_value(&mut self, block: &ast::Block, expected: Option<Ty>, span: Span) -> Value {
        if let Some(ty) = expected.filter(|&ty| self.cx.types.is_aggregate(ty))
            && is_zeros_of_c(block)
        {
            return self.zeros_of_c(ty, span);
        }
        let branch = self.branch(block, expected);
        let (mut blocks, ty) = self.merge(vec![branch], expected, span);
        let Some(block) = blocks.pop() else { return error_expr(span).into() };
        Expr { kind: ExprKind::Block(block), ty, span }.into()
    }

    /// Condition and branches; what the condition binds is in scope in the first one.
    fn branches<B>(
        &mut self,
        branch: &ast::IfExpr,
        check: impl Fn(&mut Self, &ast::Block) -> B,
    ) -> (Condition, B, Option<B>) {
        self.vars.blocks.push();
        let condition = self.condition(&branch.condition);
        let before = self.flow.clone();
        let then = check(self, &branch.then);
        self.pop_scope();
        let after_then = std::mem::replace(&mut self.flow, before);
        let otherwise = branch.otherwise.as_ref().map(|block| check(self, block));
        self.flow = after_then.join(self.flow.clone());
        (condition, then, otherwise)
    }

    /// Checks an expression as a branch without statements.
    pub fn expr_branch(&mut self, expr: &ast::Expr, expected: Option<Ty>) -> Branch {
        let value = self.value(expr, expected);
        self.ended(Vec::new(), Some(value), expr.span)
    }

    /// A block whose last statement, if it is an expression, is its value.
    pub fn branch(&mut self, block: &ast::Block, expected: Option<Ty>) -> Branch {
        self.vars.blocks.push();
        let (last, before) = match block.stmts.split_last() {
            Some((ast::Stmt { kind: ast::StmtKind::Expr(last), .. }, before)) => (Some(last), before),
            Some(_) | None => (None, block.stmts.as_slice()),
        };
        let stmts = self.stmts(before);
        let value = match last {
            Some(last) if self.flow.reachable => {
                self.flow.unforeseen = false;
                Some(self.value(last, expected))
            }
            Some(last) => {
                self.unreachable(last.span);
                None
            }
            None => None,
        };
        self.pop_scope();
        self.ended(stmts, value, block.span)
    }
}

impl State<'_, '_> {
    fn choice(
        &mut self,
        condition: Condition,
        then: Branch,
        otherwise: Branch,
        expected: Option<Ty>,
        span: Span,
    ) -> Value {
        let (blocks, ty) = self.merge(vec![then, otherwise], expected, span);
        let Ok([then, otherwise]) = <[Block; 2]>::try_from(blocks) else { return error_expr(span).into() };
        let choice = If { condition, then, otherwise: Some(otherwise) };
        Expr { kind: ExprKind::If(Box::new(choice)), ty, span }.into()
    }

    /// The branch that ends here. If its value is a choice that leaves on all paths, it has none.
    pub fn ended(&self, mut stmts: Vec<Stmt>, value: Option<Value>, span: Span) -> Branch {
        let value = match value {
            Some(value) if self.flow.leaves() && leaves_always(&value.expr) => {
                let expr = Expr { ty: Ty::VOID, ..value.expr };
                stmts.push(Stmt { span: expr.span, kind: StmtKind::Expr(expr) });
                None
            }
            Some(_) | None => value,
        };
        let block = Block { stmts, value: None, span };
        Branch { block, value, leaves: self.flow.leaves(), unforeseen: self.flow.reachable }
    }

    /// Gives the values of all branches one type.
    pub fn merge(&mut self, branches: Vec<Branch>, expected: Option<Ty>, span: Span) -> (Vec<Block>, Ty) {
        let mut branches = self.without_void(branches);
        self.separate_enums(&mut branches, expected);
        let values: Vec<&Value> = branches.iter().filter_map(|b| b.value.as_ref()).collect();
        let common = self.common_type(&values, expected);
        let ty = match common {
            Ok(ty) => {
                self.check_branch_variants(&values, ty, expected);
                ty
            }
            Err((first, second)) => {
                let numbers = [first, second].iter().all(|&ty| self.is_number(ty));
                let at =
                    [first, second].map(|ty| values.iter().find(|value| value.ty() == ty).map(|value| value.span()));
                let (first, second) = (self.ty_name(first), self.ty_name(second));
                let parts = [first.clone(), second.clone()];
                let error = self.error(span, BranchTypes { first, second });
                for (at, ty) in at.into_iter().zip(parts) {
                    if let Some(at) = at {
                        error.note(at, format!("`{ty}`"));
                    }
                }
                error.help(if numbers { "convert one of them with `as`" } else { "all branches yield one type" });
                Ty::ERROR
            }
        };
        let without_end = branches.iter().any(|branch| branch.value.is_none() && !branch.leaves);
        let blocks = branches.into_iter().map(|branch| self.finish(branch, ty)).collect();
        (blocks, if without_end { Ty::ERROR } else { ty })
    }

    fn finish(&mut self, branch: Branch, ty: Ty) -> Block {
        let Branch { mut block, value, leaves, unforeseen } = branch;
        match value {
            Some(value) => {
                let value = self.coerce(value, ty);
                block.value = Some(Box::new(value));
            }
            None if !leaves => {
                self.error(block.span, NoValue { what: "this branch".into() }).help(
                    "its last statement must be the value, or it must leave, such as by `return`, `break` or `throw`",
                );
            }
            None if unforeseen && ty != Ty::VOID => {
                let zero = Expr { kind: ExprKind::Const(Const::Zero), ty, span: block.span };
                block.value = Some(Box::new(zero));
            }
            None => {}
        }
        block
    }
}

impl Site<'_, '_> {
    /// `{}` and `{0}`, which C has for a value of zeros.
    fn zeros_of_c(&mut self, ty: Ty, span: Span) -> Value {
        let name = self.ty_name(ty);
        let kind = self.cx.types.kind(ty);
        let instead = if matches!(kind, TyKind::Array(..)) {
            Some("[]")
        } else if matches!(kind, TyKind::Str(_)) {
            Some("\"\"")
        } else {
            None
        };
        let error = self.error(span, MismatchedTypes { wanted: format!("`{name}`"), found: "a block".into() });
        if let Some(text) = instead {
            error.help(format!("`{name}` of zeros is `{text}`")).fix(span, text);
        } else {
            error.help(format!("a variable without a value is all zeros: `var name: {name}`"));
        }
        error_expr(span).into()
    }

    /// If some branches yield a value all must.
    fn without_void(&mut self, mut branches: Vec<Branch>) -> Vec<Branch> {
        let yields = |branch: &Branch| branch.value.as_ref().is_some_and(|value| value.ty() != Ty::VOID);
        if branches.iter().any(yields) {
            for value in branches.iter_mut().filter_map(|branch| branch.value.as_mut()) {
                let placeholder = error_expr(value.span());
                let expr = std::mem::replace(&mut value.expr, placeholder);
                value.expr = self.no_void(expr);
            }
        }
        branches
    }

    /// The type that values of several branches have in common; else two that have none.
    fn common_type(&mut self, values: &[&Value], expected: Option<Ty>) -> Result<Ty, (Ty, Ty)> {
        if values.iter().any(|v| v.is_error()) {
            return Ok(Ty::ERROR);
        }
        let mut common = None;
        for value in values.iter().filter(|v| !v.untyped && v.ty() != Ty::NULL) {
            common = Some(match common {
                None => value.ty(),
                Some(before) => self.join_types(before, value.ty()).ok_or((before, value.ty()))?,
            });
        }
        let numbers: Vec<i128> =
            values.iter().filter(|v| v.untyped).filter_map(|v| super::value::number(&v.expr)).collect();
        if let Some(ty) = common
            && !self.is_number(ty)
            && let Some(literal) = values.iter().find(|v| v.untyped)
        {
            let first = values.first().is_some_and(|v| v.untyped);
            return Err(if first { (literal.ty(), ty) } else { (ty, literal.ty()) });
        }
        let null = values.iter().any(|v| v.ty() == Ty::NULL);
        let Some(mut common) = common else {
            return Ok(self.open_type(&numbers, null, expected));
        };
        if let TyKind::Ptr { to, space, .. } = self.cx.types.kind(common)
            && null
        {
            common = self.cx.types.ptr(to, space, true);
        }
        if let Some((bits, signed)) = self.cx.types.as_int(common)
            && let Some(number) = numbers.iter().find(|&&n| !fold::fits(n, bits, signed))
        {
            return Ok(self.join_types(common, literal_type(*number)).unwrap_or(common));
        }
        Ok(common)
    }

    /// Whether a literal can become one.
    fn is_number(&self, ty: Ty) -> bool {
        self.cx.types.as_int(ty).is_some() || matches!(self.cx.types.kind(ty), TyKind::Be { .. } | TyKind::F64)
    }

    /// The type where all values are open.
    fn open_type(&mut self, numbers: &[i128], null: bool, expected: Option<Ty>) -> Ty {
        if numbers.is_empty() {
            return if null { expected.unwrap_or(Ty::NULL) } else { expected.unwrap_or(Ty::VOID) };
        }
        if let Some(ty) = expected
            && self.is_number(ty)
        {
            return ty;
        }
        let mut types = [Ty::U32, Ty::I32, Ty::U64, Ty::I64].into_iter();
        let all_fit = |ty: &Ty| {
            let Some((bits, signed)) = self.cx.types.as_int(*ty) else { return false };
            numbers.iter().all(|&n| fold::fits(n, bits, signed))
        };
        types.find(all_fit).unwrap_or(Ty::U64)
    }

    /// The common type of two types, without loss of values; if there is none, as in arithmetic.
    fn join_types(&mut self, left: Ty, right: Ty) -> Option<Ty> {
        if left == right {
            return Some(left);
        }
        if let Some(ty) = self.larger_string(left, right) {
            return Some(ty);
        }
        let types = &mut self.cx.types;
        if let (Some((left_bits, left_signed)), Some((right_bits, right_signed))) =
            (types.as_int(left), types.as_int(right))
        {
            let bits = left_bits.max(right_bits);
            let signed = match left_bits.cmp(&right_bits) {
                std::cmp::Ordering::Less => right_signed,
                std::cmp::Ordering::Equal => left_signed && right_signed,
                std::cmp::Ordering::Greater => left_signed,
            };
            return Some(types.int(bits, signed));
        }
        if let (
            TyKind::Ptr { to: left_to, space: left_space, nullable: left_null },
            TyKind::Ptr { to: right_to, space: right_space, nullable: right_null },
        ) = (types.kind(left), types.kind(right))
            && left_to == right_to
        {
            let space = match (left_space, right_space) {
                (Space::BtfTrusted, Space::BtfUntrusted) | (Space::BtfUntrusted, Space::BtfTrusted) => {
                    Space::BtfUntrusted
                }
                _ if left_space == right_space => left_space,
                _ => Space::Any,
            };
            return Some(types.ptr(left_to, space, left_null || right_null));
        }
        None
    }
}

/// `{}` or `{0}`
fn is_zeros_of_c(block: &ast::Block) -> bool {
    match &block.stmts[..] {
        [] => true,
        [ast::Stmt { kind: ast::StmtKind::Expr(value), .. }] => {
            matches!(&value.kind, ast::ExprKind::Int(literal) if literal.value == 0)
        }
        _ => false,
    }
}

/// Whether no path through a choice or a block has a value.
fn leaves_always(expr: &Expr) -> bool {
    let leaves = |block: &Block| block.value.as_ref().is_none_or(|value| leaves_always(value));
    if expr.ty == Ty::ERROR {
        return false;
    }
    if let ExprKind::If(node) = &expr.kind {
        return leaves(&node.then) && node.otherwise.as_ref().is_some_and(leaves);
    }
    if let ExprKind::Match(node) = &expr.kind {
        return node.arms.iter().all(|arm| leaves(&arm.body)) && node.default.as_ref().is_none_or(leaves);
    }
    if let ExprKind::Block(block) = &expr.kind { leaves(block) } else { false }
}
