//! Operators with two operands: dispatch to their rules.

use super::exprs::strip;
use super::value::{Value, bool_expr, cast, error_expr, literal_type, number, truth};
use super::{Checker, Site, State};
use crate::ast::{self, BinaryOp, ExprKind as Ast};
use crate::diag::codes::names::NotAValue;
use crate::diag::codes::types::{BadOperand, ConstantOperand, NotAssignable, ShiftCount};
use crate::fold;
use crate::sema::env::Entity;
use crate::sema::tree::{ArithOp, CompareOp, CompoundOp, Expr, ExprKind};
use crate::source::Span;
use crate::types::{Ty, TyKind};

/// The kind of an operator of the syntax.
enum Kind {
    Logical { and: bool },
    Compare(CompareOp),
    Shift(ArithOp),
    Arith(ArithOp),
}

fn kind(op: BinaryOp) -> Kind {
    match op {
        BinaryOp::Or => Kind::Logical { and: false },
        BinaryOp::And => Kind::Logical { and: true },
        BinaryOp::Eq => Kind::Compare(CompareOp::Eq),
        BinaryOp::Ne => Kind::Compare(CompareOp::Ne),
        BinaryOp::Lt => Kind::Compare(CompareOp::Lt),
        BinaryOp::Le => Kind::Compare(CompareOp::Le),
        BinaryOp::Gt => Kind::Compare(CompareOp::Gt),
        BinaryOp::Ge => Kind::Compare(CompareOp::Ge),
        BinaryOp::Shl => Kind::Shift(ArithOp::Shl),
        BinaryOp::Shr => Kind::Shift(ArithOp::Shr),
        BinaryOp::BitOr => Kind::Arith(ArithOp::Or),
        BinaryOp::BitXor => Kind::Arith(ArithOp::Xor),
        BinaryOp::BitAnd => Kind::Arith(ArithOp::And),
        BinaryOp::Add => Kind::Arith(ArithOp::Add),
        BinaryOp::Sub => Kind::Arith(ArithOp::Sub),
        BinaryOp::Mul => Kind::Arith(ArithOp::Mul),
        BinaryOp::Div => Kind::Arith(ArithOp::Div),
        BinaryOp::Rem => Kind::Arith(ArithOp::Rem),
    }
}

impl Checker<'_, '_> {
    /// Checks an infix operator other than an assignment. `expected` is the type of the place of the result, for literals.
    pub fn binary(
        &mut self,
        op: BinaryOp,
        left: &ast::Expr,
        right: &ast::Expr,
        expected: Option<Ty>,
        span: Span,
    ) -> Value {
        match kind(op) {
            Kind::Logical { and } => self.logical(and, left, right, span).into(),
            Kind::Compare(compare) => self.compare(compare, op, left, right, span).into(),
            Kind::Shift(shift) => {
                let left = self.value(left, expected);
                self.shift(shift, op, left, right, expected, span).into()
            }
            Kind::Arith(_) if self.cast_of_c(op, left, right) => error_expr(span).into(),
            Kind::Arith(arith) => {
                if op == BinaryOp::Sub
                    && let Some(length) = self.packet_distance(left, right, span)
                {
                    return length.into();
                }
                let (left, right) = self.operands(left, right, expected);
                self.arith(arith, op, left, right, span)
            }
        }
    }

    /// Both operands; one whose type is open is looked at after the other, which may decide it.
    pub fn operands(&mut self, left: &ast::Expr, right: &ast::Expr, expected: Option<Ty>) -> (Value, Value) {
        // A string beside an address is reported for what it says.
        let is_text = matches!(strip(left).kind, ast::ExprKind::Str(_));
        if (is_text || self.is_open(left)) && !self.is_open(right) {
            let right = self.operand(right, None);
            let hint = self.hint_beside(right.ty(), left);
            return (self.operand(left, hint), right);
        }
        let outer = if self.is_open(left) { expected } else { None };
        let left = self.operand(left, outer);
        let hint = if left.untyped { outer } else { self.hint_beside(left.ty(), right) };
        let right = self.operand(right, hint);
        (left, right)
    }

    /// The type that a literal takes beside an operand of this type: that of bytes takes numbers as bytes.
    fn hint_beside(&mut self, ty: Ty, literal: &ast::Expr) -> Option<Ty> {
        if ty == Ty::BYTES || self.is_packet(ty) { self.type_of_literal_bytes(literal) } else { Some(self.beside(ty)) }
    }

    fn operand(&mut self, expr: &ast::Expr, expected: Option<Ty>) -> Value {
        let value = self.value(expr, expected);
        let value = self.as_number(value);
        Value { untyped: value.untyped, expr: self.no_void(value.expr) }
    }

    /// `&&`, `||`
    fn logical(&mut self, and: bool, left: &ast::Expr, right: &ast::Expr, span: Span) -> Expr {
        let written = (left, right);
        let left = self.truth(left);
        let before = self.flow.clone();
        let right = self.truth(right);
        self.flow = before;
        self.forgotten_comparison((written.0, &left), written.1);
        self.forgotten_comparison((written.1, &right), written.0);
        match (truth(&left), truth(&right)) {
            (Some(l), Some(r)) => bool_expr(if and { l && r } else { l || r }, span),
            (Some(_) | None, _) => {
                let kind = ExprKind::Logical { and, left: Box::new(left), right: Box::new(right) };
                Expr { kind, ty: Ty::BOOL, span }
            }
        }
    }

    /// The count is taken modulo the width of the left operand, which alone decides the type.
    fn shift(
        &mut self,
        op: ArithOp,
        token: BinaryOp,
        left: Value,
        count: &ast::Expr,
        expected: Option<Ty>,
        span: Span,
    ) -> Expr {
        let count = self.operand(count, None);
        if left.is_error() || count.is_error() {
            return error_expr(span);
        }
        let expected = expected.and_then(|ty| self.cx.types.as_int(ty));
        let Some((bits, signed)) = self.shifted_type(&left, expected) else {
            return self.bad_operand(token, &left);
        };
        let ty = self.cx.types.int(bits, signed);
        let Some(count) = self.shift_count(token, count, bits) else { return error_expr(span) };
        let left = self.coerce(left, ty);
        if let (Some(l), Some(r)) = (number(&left), number(&count)) {
            return super::value::int_expr(fold::arith(op, l, r, bits, signed), ty, span);
        }
        Expr { kind: ExprKind::Arith { op, left: Box::new(left), right: Box::new(count) }, ty, span }
    }

    /// The operator of `place op= value`, the type that it computes in, and its right operand.
    pub fn compound_operand(&mut self, op: BinaryOp, left: Value, value: &ast::Expr) -> Option<(CompoundOp, Expr)> {
        let place = left.ty();
        let span = left.span();
        let checked = match kind(op) {
            Kind::Shift(arith) => {
                let checked = self.shift(arith, op, left, value, None, span);
                Value::from(checked)
            }
            Kind::Arith(arith) => {
                let hint = if self.is_open(value) { self.beside(place) } else { place };
                let value = self.operand(value, Some(hint));
                self.arith(arith, op, left, value, span)
            }
            Kind::Logical { .. } | Kind::Compare(_) => {
                self.error(span, NotAssignable { what: format!("the result of `{}`", op.text()) });
                return None;
            }
        };
        let compute = checked.ty();
        self.warn_never_fits(&checked.expr, place, span.to(value.span), |this| {
            let (place, value) = (this.text(span), this.text(value.span));
            format!("{place} = ({place} {} {value})", op.text())
        });
        let ExprKind::Arith { op, right, .. } = checked.expr.kind else { return None };
        self.narrow_back(compute, place, span)?;
        Some((CompoundOp { op, compute }, *right))
    }
}

impl State<'_, '_> {
    /// `x == 1 || 2`: a number or variant beside a comparison.
    fn forgotten_comparison(&mut self, (operand, checked): (&ast::Expr, &Expr), beside: &ast::Expr) {
        let is_variant = |path: &ast::Path| {
            path.segments.len() > 1 || matches!(self.entity_named(operand), Some(Entity::Variants(_)))
        };
        let kind = &strip(operand).kind;
        let is_number = matches!(kind, Ast::Int(_)) || matches!(kind, Ast::Name(path) if is_variant(path));
        let (Some(outcome), Some((compared, token))) = (truth(checked).filter(|_| is_number), last_equality(beside))
        else {
            return;
        };
        let (text, compared) = (self.text(strip(operand).span).to_owned(), self.text(compared.span).to_owned());
        let help = format!("did you mean `{compared} {} {text}`?", token.text());
        self.warn(operand.span, ConstantOperand { text, truth: outcome.to_string() }).help(help);
    }

    /// `(u8)*p`, `(i64)-a` and `(u64)&x`: C's conversions of what begins with an operator, which has two operands here.
    fn cast_of_c(&mut self, op: BinaryOp, left: &ast::Expr, right: &ast::Expr) -> bool {
        if let ast::ExprKind::Binary { right: last, .. } = &left.kind {
            return self.cast_of_c(op, last, right);
        }
        let ast::ExprKind::Paren(inner) = &left.kind else { return false };
        let is_type = matches!(self.entity_named(inner), Some(Entity::Type(_)));
        if !is_type || !matches!(op, BinaryOp::Mul | BinaryOp::Sub | BinaryOp::BitAnd) {
            return false;
        }
        let ty = self.text(inner.span).to_owned();
        let form = format!("{}{} as {ty}", op.text(), self.text(right.span));
        self.error(left.span, NotAValue { name: ty, what: "a type".into() })
            .help(format!("a conversion is written `{form}`"))
            .fix(left.span.to(right.span), form);
        true
    }

    /// Whether the result of the operator goes back to its place.
    fn narrow_back(&mut self, compute: Ty, place: Ty, span: Span) -> Option<()> {
        let both_int = self.cx.types.as_int(compute).is_some() && self.cx.types.as_int(place).is_some();
        let both_strings = self.is_str(compute) && self.is_str(place);
        let both_pointers = self.pointer(compute).is_some() && self.pointer(place).is_some();
        if compute == place || both_int || both_strings || both_pointers {
            return Some(());
        }
        self.mismatch(span, compute, place);
        None
    }
}

impl Site<'_, '_> {
    /// The type that a literal beside an operand of this type is asked for.
    fn beside(&self, ty: Ty) -> Ty {
        match self.cx.types.as_int(ty) {
            Some((bits, signed)) if bits < 32 && self.enum_id(ty).is_none() => self.cx.types.int(32, signed),
            Some(_) | None => ty,
        }
    }

    fn shifted_type(&self, left: &Value, expected: Option<(u8, bool)>) -> Option<(u8, bool)> {
        if left.untyped {
            let literal = number(&left.expr)?;
            if let Some((bits, signed)) = expected.map(widen)
                && fold::fits(literal, bits, signed)
            {
                return Some((bits, signed));
            }
            return self.cx.types.as_int(literal_type(literal));
        }
        self.cx.types.as_int(left.ty()).map(widen)
    }

    /// An unsigned count; a constant one must be less than the width.
    fn shift_count(&mut self, token: BinaryOp, count: Value, bits: u8) -> Option<Expr> {
        let Some((count_bits, _)) = self.cx.types.as_int(count.ty()) else {
            self.bad_operand(token, &count);
            return None;
        };
        if let Some(value) = number(&count.expr) {
            if !(0..i128::from(bits)).contains(&value) {
                self.error(count.span(), ShiftCount { count: value.to_string(), bits: bits.to_string() });
                return None;
            }
            return Some(super::value::int_expr(value, Ty::U32, count.span()));
        }
        let unsigned = self.cx.types.int(count_bits.max(32), false);
        Some(cast(count.expr, unsigned))
    }

    /// Reports an operand of a type that the operator does not take, and returns an error node.
    pub fn bad_operand(&mut self, token: BinaryOp, operand: &Value) -> Expr {
        let span = operand.span();
        let (op, ty) = (token.text().to_owned(), self.ty_name(operand.ty()));
        let kind = self.cx.types.kind(operand.ty());
        let text = self.cast_text(span);
        if matches!(kind, TyKind::Bool) {
            return self.bool_mixed(token, span, "an integer");
        }
        let error = self.error(span, BadOperand { op, ty });
        if let TyKind::Be { bits } = kind {
            error.help(format!("`{text} as u{bits}` is the number in host order"));
        } else if let Some(help) = operators_of(kind) {
            error.help(help);
        }
        error_expr(span)
    }
}

/// Operands narrower than 32 bits widen to that, keeping their sign.
pub(super) fn widen((bits, signed): (u8, bool)) -> (u8, bool) {
    (bits.max(32), signed)
}

/// The operators for values that are no numbers.
pub(super) fn operators_of(kind: TyKind) -> Option<String> {
    if matches!(kind, TyKind::Str(_)) {
        return Some("strings are compared by `==` and `!=`, and joined by `+`".into());
    }
    if let TyKind::Array(Ty::CHAR, length) = kind {
        return Some(format!("as a `str({})` it is joined by `+`", length + 1));
    }
    let parts = matches!(kind, TyKind::Struct(_) | TyKind::Array(..));
    parts.then(|| "as a whole it is compared by `==` and `!=`; for the rest name its parts".into())
}

/// The last `==` or `!=` of a condition, and its left side.
fn last_equality(expr: &ast::Expr) -> Option<(&ast::Expr, BinaryOp)> {
    let Ast::Binary { op, left, right, .. } = &strip(expr).kind else { return None };
    if matches!(op, BinaryOp::Eq | BinaryOp::Ne) {
        return Some((&**left, *op));
    }
    let joins = matches!(op, BinaryOp::And | BinaryOp::Or);
    if joins { last_equality(right).or_else(|| last_equality(left)) } else { None }
}
