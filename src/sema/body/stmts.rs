//! Blocks and statements.

use super::assign::Assignment;
use super::exprs::strip;
use super::value::{cast, constant, error_expr, has_effect, literal_type};
use super::variables::LocalKind;
use super::{Checker, Site, State};
use crate::ast::{self, Ident, StmtKind as Ast};
use crate::diag::codes::names::{NotConstant, UnusedResult};
use crate::diag::codes::types::{ElseMustLeave, NoEffect, NoValue, UnknownTypeOf};
use crate::sema::consts::CONSTANTS;
use crate::sema::tree::{Block, Callee, Const, Expr, ExprKind, Stmt, StmtKind};
use crate::sema::trusted::Holder;
use crate::sema::types::{self, Position};
use crate::source::Span;
use crate::types::{Space, Ty};

impl Checker<'_, '_> {
    /// Checks a block, with a scope of its own.
    pub fn block(&mut self, block: &ast::Block) -> Block {
        self.vars.blocks.push();
        let stmts = self.stmts(&block.stmts);
        self.pop_scope();
        Block { stmts, value: None, span: block.span }
    }

    /// Statements of the innermost scope. Statements that control never reaches are checked but left out of the tree.
    pub fn stmts(&mut self, stmts: &[ast::Stmt]) -> Vec<Stmt> {
        let mut out = Vec::new();
        let mut rest = stmts.iter().enumerate();
        while let Some((index, stmt)) = rest.next() {
            if !self.flow.reachable {
                self.unreachable(stmt.span);
                self.flow.reachable = true;
                self.last_value = None;
                let mut dropped = Vec::new();
                for stmt in &stmts[index..] {
                    self.stmt(stmt, &mut dropped);
                }
                self.flow.reachable = false;
                return out;
            }
            self.flow.unforeseen = false;
            if let Some(tested) = self.tested_next(&stmts[index..]) {
                stmts[index..].iter().take(2).for_each(|stmt| self.note_names(stmt));
                self.check_tested_next(&tested, stmt.span, &mut out);
                rest.next();
                continue;
            }
            self.note_kept(stmt, stmts.get(index + 1));
            self.stmt(stmt, &mut out);
        }
        out
    }

    /// Checks a statement and appends what it becomes: one statement, a few, or none.
    pub fn stmt(&mut self, stmt: &ast::Stmt, out: &mut Vec<Stmt>) {
        let span = stmt.span;
        self.note_names(stmt);
        self.fill_gap(stmt);
        let kind = match &stmt.kind {
            Ast::Var { name, ty, init, otherwise: None } => {
                return self.var(name, ty.as_ref(), init.as_ref(), span, out);
            }
            Ast::Var { name, ty, init: Some(init), otherwise: Some(otherwise) } => {
                self.var_else(name, ty.as_ref(), init, otherwise)
            }
            Ast::Var { name, init: None, otherwise: Some(_), .. } => {
                let what = format!("`var {}` without `= …`", name.name);
                self.error(name.span, NoValue { what })
                    .help("`else` says what to do where a value is absent: `var v = m[k] else { … }`");
                None
            }
            Ast::Const { name, ty, value } => {
                self.local_const(name, ty.as_ref(), value);
                None
            }
            Ast::Assign { place, op, value } => {
                return self.assign(Assignment { place, op: *op, value, span }, out);
            }
            Ast::Expr(ast::Expr { kind: ast::ExprKind::Unread(names), .. }) => {
                self.unread(names);
                self.flow.unforeseen = true;
                None
            }
            Ast::Expr(expr) if self.is_unreturned(expr, span) => return self.unreturned(expr),
            Ast::Expr(expr) => self.expr_stmt(expr),
            Ast::While { condition, body } => Some(self.while_stmt(condition, body)),
            Ast::Loop { body } => Some(self.loop_stmt(body)),
            Ast::For(stmt) => self.for_stmt(stmt),
            Ast::Break => self.break_stmt(span),
            Ast::Continue => self.continue_stmt(span),
            Ast::Return(value) => return self.return_stmt(value.as_ref(), span, out),
            Ast::Delete(what) => self.delete(what, span),
            Ast::Try { body, catches } => Some(self.try_stmt(body, catches)),
            Ast::Throw(code) => Some(self.throw_stmt(code)),
            Ast::DeferCall(call) => return self.defer_call(call, span, out),
            Ast::DeferDelete(what) => return self.defer_delete(what, span, out),
            Ast::DeferBlock(block) => self.defer_block(block, span),
            Ast::OnReturn { param, body } => self.on_return(param.as_ref(), body, span),
            Ast::Lock { place, body } => self.lock_stmt(place, body),
        };
        if let Some(kind) = kind {
            out.push(Stmt { kind, span });
        }
    }

    fn var(&mut self, name: &Ident, ty: Option<&ast::Type>, init: Option<&ast::Expr>, span: Span, out: &mut Vec<Stmt>) {
        let declared = ty.map(|ty| self.resolve_local(ty)).map(|ty| self.held(name.span, ty));
        let Some(init) = init else {
            if declared.is_none() {
                self.error(span, UnknownTypeOf { name: name.name.clone() }).help("give it a type or a value");
            }
            if declared == Some(Ty::BYTES) {
                self.error(span, NoValue { what: format!("`var {}` without `= …`", name.name) })
                    .help("a `bytes` views what it begins with, or parts of that");
            }
            let local = self.declare(&name.name, declared.unwrap_or(Ty::ERROR), name.span, LocalKind::Var);
            out.push(Stmt { kind: StmtKind::Var { local, init: None }, span });
            return;
        };
        if let Some(entry) = self.value_entry(init) {
            return self.var_copy(name, declared, entry, init, out);
        }
        if declared.is_none() && self.var_position(name, init, span, out).is_some() {
            return;
        }
        if declared.is_none() && self.var_program(name, init) {
            return;
        }
        self.bound = Some((strip(init).span, name.name.clone()));
        self.kept_by_statement = Some(strip(init).span);
        let header = self.packet_header(init);
        let must_test = header.is_some();
        let value = header.unwrap_or_else(|| self.value(init, declared));
        let untyped = value.untyped;
        let points_to = |ty| self.pointer(ty).map(|pointer| pointer.to);
        let is_header = matches!(&value.expr.kind, ExprKind::PacketPointer(of) if of.is_header())
            && declared.is_none_or(|ty| points_to(ty) == points_to(value.ty()));
        let is_bytes = |ty| points_to(ty) == Some(Ty::U8);
        // A pointer that the verifier does not track takes the declared type; probe reads (`bpf_probe_read_kernel`) load its fields.
        let space = |ty| self.pointer(ty).map(|pointer| pointer.space);
        let is_foreign = space(value.ty()) == Some(Space::BtfUntrusted)
            && declared.is_some_and(|ty| space(ty) == Some(Space::Any) && points_to(ty) == points_to(value.ty()));
        let init = match declared {
            Some(ty) if is_bytes(ty) && self.is_packet_end(&value.expr) => cast(value.expr, ty),
            // A value that nothing tests gets a test at its use.
            Some(_) if is_header || is_foreign => value.expr,
            Some(ty) => {
                let holder = Holder::Local(self.func, name.span);
                self.note_held_in(holder, &value.expr);
                self.coerce(value, ty)
            }
            // A pointer that may be assigned to later, and goes where any other may.
            None if value.ty() == Ty::NULL => {
                let bytes = self.cx.types.ptr(Ty::U8, Space::Any, true);
                self.coerce(value, bytes)
            }
            None if value.ty() == Ty::BYTES => self.plain_view(value.expr),
            None => {
                let value = self.no_void(value.expr);
                self.first_held(name.span, value)
            }
        };
        let mut ty = match declared {
            Some(ty) if !is_header && !is_foreign => ty,
            Some(_) | None => self.variable_type(init.ty),
        };
        if untyped && declared.is_none() {
            ty = super::value::number(&init).map_or(ty, literal_type);
        }
        let local = self.declare(&name.name, ty, name.span, LocalKind::Var);
        self.vars.note_view(local, &init);
        self.note_initialised(local, &init);
        self.vars[local].must_test = must_test;
        self.vars[local].is_as_first = declared.is_none() && super::strings::constant(&init).is_some();
        out.push(Stmt { kind: StmtKind::Var { local, init: Some(init) }, span });
    }

    pub(super) fn var_else(
        &mut self,
        name: &Ident,
        ty: Option<&ast::Type>,
        init: &ast::Expr,
        otherwise: &ast::Block,
    ) -> Option<StmtKind> {
        let source = self.optional(init);
        let present = self.flow.clone();
        let errors = self.cx.diags.error_count();
        let ends_in_value = matches!(otherwise.stmts.last(), Some(ast::Stmt { kind: Ast::Expr(_), .. }));
        let otherwise = self.block(otherwise);
        // A value at the end was reported: it lacks a `return`.
        let reported = ends_in_value && self.cx.diags.error_count() > errors;
        if self.flow.reachable && !self.flow.unread && source.is_some() && !reported {
            self.error(otherwise.span, ElseMustLeave { name: name.name.clone() })
                .help("end it with `return`, `break`, `continue` or `throw`");
        }
        self.flow = present;
        let binding = self.bind_optional(name, ty, source)?;
        Some(StmtKind::VarElse { binding, otherwise })
    }

    fn local_const(&mut self, name: &Ident, ty: Option<&ast::Type>, value: &ast::Expr) {
        let declared = ty.map(|ty| self.resolve_local(ty));
        let checked = self.value(value, declared);
        let untyped = checked.untyped && declared.is_none();
        let checked = match declared {
            Some(ty) => self.coerce(checked, ty),
            None => self.no_void(checked.expr),
        };
        let constant = self.constant_of(&checked);
        let ty = if untyped { None } else { Some(checked.ty) };
        self.declare_const(name, constant, ty);
    }

    /// Checks an expression as a statement. A result that must be used is reported.
    pub fn expr_stmt(&mut self, expr: &ast::Expr) -> Option<StmtKind> {
        let inner = super::exprs::strip(expr);
        let checked = if let ast::ExprKind::If(branch) = &inner.kind {
            self.if_stmt(branch, inner.span)
        } else if let ast::ExprKind::Match(matching) = &inner.kind {
            self.match_stmt(matching, inner.span)
        } else if let ast::ExprKind::Block(block) = &inner.kind {
            let span = block.span;
            Expr { kind: ExprKind::Block(self.block(block)), ty: Ty::VOID, span }
        } else if let Some(made) = self.entry_alone(inner) {
            made
        } else {
            self.effect(inner, |text| format!("var _ = {text}"))
        };
        (checked.ty != Ty::ERROR).then_some(StmtKind::Expr(checked))
    }

    /// The call of a `defer`.
    pub fn deferred_effect(&mut self, call: &ast::Expr) -> Expr {
        self.effect(call, |text| format!("defer {{ var _ = {text} }}"))
    }

    /// An expression that is used for its effect, not for its value. `unused` writes it as one that drops that.
    fn effect(&mut self, expr: &ast::Expr, unused: impl Fn(&str) -> String) -> Expr {
        if let ast::ExprKind::Call { callee, args } = &strip(expr).kind
            && let Some(called) = self.in_python(callee)
        {
            return self.call_python(called, args, Some(Ty::VOID), expr.span).unwrap_or_else(|| error_expr(expr.span));
        }
        let mut checked = self.value(expr, None).expr;
        if let ExprKind::Operation {
            callee: Callee::Attach { result_used, .. } | Callee::Register { result_used, .. },
            ..
        } = &mut checked.kind
        {
            *result_used = false;
        } else if let Some(name) = self.function_called(&checked)
            && checked.ty != Ty::VOID
            && !self.failed()
        {
            let form = unused(self.text(expr.span));
            self.warn(checked.span, UnusedResult { name }).help(format!("`{form}` says that this is meant"));
        } else if checked.ty != Ty::ERROR && (!has_effect(&checked) || drops_result(expr) || self.is_packet(checked.ty))
        {
            self.no_effect(expr, checked.ty, checked.span);
        }
        checked
    }
}

impl State<'_, '_> {
    /// The type of a local.
    pub fn resolve_local(&mut self, ty: &ast::Type) -> Ty {
        self.with_scope(|cx, scope| types::resolve(cx, scope, ty, Position::Local))
    }

    /// The type of a conversion, or of a literal.
    pub fn resolve_bare(&mut self, ty: &ast::Type) -> Ty {
        self.with_scope(|cx, scope| types::resolve(cx, scope, ty, Position::Bare))
    }
}

impl Site<'_, '_> {
    /// Warns of code that control does not reach.
    pub fn unreachable(&mut self, span: Span) {
        self.warn(span, crate::diag::codes::names::UnreachableCode {});
    }

    /// The constant that an expression must be.
    pub fn constant_of(&mut self, expr: &Expr) -> Option<Const> {
        if expr.ty == Ty::ERROR {
            return None;
        }
        let value = constant(&self.cx.types, expr);
        if value.is_none() {
            let what = format!("`{}`", self.text(expr.span));
            self.error(expr.span, NotConstant { what }).help(CONSTANTS);
        }
        value
    }

    /// The function of the program that an expression calls, by its name or the pointer as written; none for other expressions.
    fn function_called(&self, expr: &Expr) -> Option<String> {
        let ExprKind::Operation { callee, args } = &expr.kind else { return None };
        if let Callee::Func(func) = callee {
            return Some(self.env.program.func(*func).name.clone());
        }
        let pointer = args.first().filter(|_| matches!(callee, Callee::Pointer))?;
        Some(self.text(pointer.span).to_owned())
    }

    /// Reports an expression that does nothing, with a guess at the meaning.
    pub fn no_effect(&mut self, expr: &ast::Expr, ty: Ty, span: Span) {
        let begin = self.text(expr.span).chars().next().filter(|c| "-*&([".contains(*c));
        let result = self.env.program.func(self.func).result;
        let is_result = ty == result && self.enum_id(result).is_some();
        let text = self.text(expr.span).to_owned();
        let error = self.error(span, NoEffect {});
        if let ast::ExprKind::Binary { op: ast::BinaryOp::Eq, op_span, left, .. } = &expr.kind
            && !matches!(super::exprs::strip(left).kind, ast::ExprKind::Call { .. })
        {
            error.help("to assign, write `=`").fix(*op_span, "=");
        } else if let Some(begin) = begin {
            let sign = if "([".contains(begin) { "an opening bracket" } else { "the operator" };
            error.help(format!(
                "a line that begins with `{begin}` is a statement of its own; one that goes on ends in {sign}"
            ));
        } else if is_result {
            error.help(format!("to return it, write `return {text}`"));
        } else {
            error.help("return it, assign it to something, or remove it");
        }
    }
}

/// Whether a statement computes something from what it evaluates. Not `a && f()`, which decides whether to call.
fn drops_result(expr: &ast::Expr) -> bool {
    use ast::{BinaryOp, ExprKind, UnaryOp};
    let kind = &super::exprs::strip(expr).kind;
    if let ExprKind::Binary { op, .. } = kind {
        return !matches!(op, BinaryOp::And | BinaryOp::Or);
    }
    let on_numbers = [UnaryOp::Neg, UnaryOp::BitNot, UnaryOp::Not];
    matches!(kind, ExprKind::Unary { op, .. } if on_numbers.contains(op)) || matches!(kind, ExprKind::Cast { .. })
}
