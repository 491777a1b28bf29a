//! Expressions: dispatch to their rules.

use super::floats::float_expr;
use super::value::{Value, bool_expr, error_expr};
use super::{Checker, Site, value};
use crate::ast::{self, ExprKind as Ast};
use crate::diag::codes::syntax::NestingTooDeep;
use crate::diag::codes::types::NoValue;
use crate::sema::consts;
use crate::sema::tree::{Const, Expr, ExprKind};
use crate::types::Ty;

/// Deeper nesting than this is refused: every stage walks expressions by recursion.
const MAX_DEPTH: u32 = 1100;

impl Checker<'_, '_> {
    /// A value of its own type; `expected` is what an open type (of literals, shared variant names) may become.
    pub fn value(&mut self, expr: &ast::Expr, expected: Option<Ty>) -> Value {
        if self.depth >= MAX_DEPTH {
            self.error(expr.span, NestingTooDeep { limit: MAX_DEPTH.to_string() })
                .help("keep parts of it in variables");
            return error_expr(expr.span).into();
        }
        if let Some(header) = expected.and_then(|wanted| self.header_at(expr, wanted)) {
            return header.into();
        }
        self.depth += 1;
        self.note_name(expr);
        let value = self.by_form(expr, expected);
        self.cx.uses.note_type(expr.span, value.ty());
        self.depth -= 1;
        value
    }

    /// A value with its type; a literal has its own type where nothing else gives one.
    pub fn typed(&mut self, expr: &ast::Expr, expected: Option<Ty>) -> Expr {
        let value = self.value(expr, expected);
        self.no_void(value.expr)
    }

    /// A value that goes where a `wanted` is asked for.
    pub fn coerced(&mut self, expr: &ast::Expr, wanted: Ty) -> Expr {
        let value = self.value(expr, Some(wanted));
        self.coerce(value, wanted)
    }

    fn by_form(&mut self, expr: &ast::Expr, expected: Option<Ty>) -> Value {
        let span = expr.span;
        if !matches!(expr.kind, Ast::Int(_) | Ast::Name(_) | Ast::Paren(_)) && self.is_literal(expr) {
            return self.literal(expr, expected);
        }
        match &expr.kind {
            Ast::Int(literal) => {
                let number = i128::from(literal.value);
                Value::untyped(if literal.negative { -number } else { number }, span)
            }
            Ast::Float(text) => float_expr(consts::floats::literal(text), span).into(),
            Ast::Char(byte) => value::int_expr(i128::from(*byte), Ty::CHAR, span).into(),
            Ast::Str(bytes) => {
                let is_address = |ty| consts::addresses::refuse_text(self.cx, span, bytes, ty);
                if expected.is_some_and(is_address) { error_expr(span).into() } else { self.string(bytes, span).into() }
            }
            Ast::Bool(truth) => bool_expr(*truth, span).into(),
            Ast::Null => Expr { kind: ExprKind::Const(Const::Null), ty: Ty::NULL, span }.into(),
            Ast::Name(path) => self.name(path, expected),
            Ast::Field { base, name, arrow } => match self.import_named(base) {
                Some(import) => self.member_value(import, base, name, *arrow, expected),
                None => self.field(base, name, *arrow, span).into(),
            },
            Ast::Index { base, index } => match self.packet_byte(base, Some(index), span) {
                Some(byte) => byte.into(),
                None => self.index(base, index, span).into(),
            },
            Ast::Call { callee, args } if let Some(called) = self.in_python(callee) => {
                self.call_python(called, args, expected, span).unwrap_or_else(|| error_expr(span)).into()
            }
            Ast::Call { callee, args } => self.call(callee, args, span).unwrap_or_else(|| error_expr(span)).into(),
            Ast::Unary { op, operand } => self.unary(*op, operand, expected, span),
            Ast::Binary { op, left, right, .. } => self.binary(*op, left, right, expected, span),
            Ast::Ternary { condition, then, otherwise } => self.ternary(condition, then, otherwise, expected, span),
            Ast::Cast { operand, ty } => self.cast_expr(operand, ty, span).into(),
            Ast::Struct { name, fields, rest } => match self.empty_packet(name, fields, span) {
                Some(packet) => packet.into(),
                None => self.struct_literal(name, (fields, rest.is_some()), span).into(),
            },
            Ast::Packet { layers, .. } => self.packet_literal(layers, span).into(),
            Ast::Array(elements) => self.array_literal(elements, expected, span).into(),
            Ast::Fill { value, count } => self.fill_literal(value, count, expected, span).into(),
            Ast::If(branch) => self.if_value(branch, expected, span),
            Ast::Block(block) => self.block_value(block, expected, span),
            Ast::Match(matching) => self.match_value(matching, expected, span),
            Ast::SizeofExpr(operand) => match self.kernel_size(expr) {
                Some(size) => size.into(),
                None => self.size_of(operand, expr, expected),
            },
            Ast::SizeofType(_) => match self.kernel_size(expr) {
                Some(size) => size.into(),
                None => self.literal(expr, expected),
            },
            Ast::Offsetof { ty, fields } => match self.kernel_offset(ty, fields, span) {
                Some(offset) => offset.into(),
                None => self.literal(expr, expected),
            },
            Ast::New { ty, args } => self.new_object(ty, args, span).unwrap_or_else(|| error_expr(span)).into(),
            Ast::Unread(names) => {
                self.unread(names);
                error_expr(span).into()
            }
            Ast::Paren(inner) => {
                let mut value = self.value(inner, expected);
                if value.untyped {
                    value.expr.span = span;
                }
                value
            }
        }
    }
}

impl Site<'_, '_> {
    /// The expression; one without a value is reported and becomes an error node.
    pub fn no_void(&mut self, expr: Expr) -> Expr {
        if expr.ty != Ty::VOID {
            return expr;
        }
        if self.lacks_result(&expr) {
            return error_expr(expr.span);
        }
        let what = format!("`{}`", first_line(self.text(expr.span)));
        self.error(expr.span, NoValue { what });
        error_expr(expr.span)
    }

    /// Whether the called function ends in `return value` although it is declared without a result: the check of its body reports that.
    fn lacks_result(&self, expr: &Expr) -> bool {
        let Some((func, _)) = expr.call() else { return false };
        let decl = self.env.funcs[func.0 as usize].decl;
        let last = decl.body.as_ref().and_then(|body| body.stmts.last());
        let Some(ast::Stmt { kind: ast::StmtKind::Return(Some(value)), .. }) = last else { return false };
        let is_value = matches!(
            strip(value).kind,
            Ast::Int(_) | Ast::Bool(_) | Ast::Name(_) | Ast::Field { .. } | Ast::Unary { .. } | Ast::Binary { .. }
        );
        decl.result.is_none() && is_value
    }
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or(text)
}

/// Without parentheses around it.
pub(super) fn strip(expr: &ast::Expr) -> &ast::Expr {
    if let Ast::Paren(inner) = &expr.kind { strip(inner) } else { expr }
}

/// The name that an expression is.
pub(super) fn plain_name(expr: &ast::Expr) -> Option<&ast::Ident> {
    let Ast::Name(path) = &strip(expr).kind else { return None };
    if let [name] = path.segments.as_slice() { Some(name) } else { None }
}
