//! Arithmetic: the common type of the operands, and operands that do not mix.

use super::binary::widen;
use super::value::{Value, bool_expr, cast, error_expr, int_expr, literal_type, number, truth};
use super::{Checker, Site, State};
use crate::ast::{self, BinaryOp, UnaryOp};
use crate::diag::codes::types::{
    BadOperand, BoolMixed, ByteOrderMix, ConstantOverflow, DivisionByZero, MismatchedTypes, MixedSigns,
};
use crate::fold;
use crate::sema::consts::common_int;
use crate::sema::tree::{ArithOp, Expr, ExprKind};
use crate::source::Span;
use crate::types::{Ty, TyKind};

impl Checker<'_, '_> {
    /// Checks a prefix operator.
    pub fn unary(&mut self, op: UnaryOp, operand: &ast::Expr, expected: Option<Ty>, span: Span) -> Value {
        match op {
            UnaryOp::Deref => return self.deref(operand, span).into(),
            UnaryOp::AddressOf => return self.address_of(operand, expected, span).into(),
            UnaryOp::Not => {
                let operand = self.truth(operand);
                return match truth(&operand) {
                    Some(truth) => bool_expr(!truth, span).into(),
                    None => Expr { span, ..super::value::not(operand) }.into(),
                };
            }
            UnaryOp::Neg | UnaryOp::BitNot => {}
        }
        let value = self.value(operand, expected);
        if value.is_error() {
            return error_expr(span).into();
        }
        let negate = op == UnaryOp::Neg;
        let (bits, ty) = match (self.cx.types.as_int(value.ty()), self.cx.types.kind(value.ty())) {
            (Some(int), _) => {
                let (bits, signed) = widen(int);
                (bits, self.cx.types.int(bits, signed))
            }
            (None, TyKind::F64) if negate => return self.negated_float(value.expr, span).into(),
            (None, TyKind::Be { bits }) if !negate => (bits, value.ty()),
            (None, _) => return self.bad_unary(op, &value).into(),
        };
        if let Some(number) = number(&value.expr) {
            let signed = self.cx.types.as_int(ty).is_some_and(|(_, signed)| signed);
            let result = if negate { -number } else { !number };
            return int_expr(fold::wrap(result, bits, signed), ty, span).into();
        }
        let operand = Box::new(cast(value.expr, ty));
        let kind = if negate { ExprKind::Neg(operand) } else { ExprKind::BitNot(operand) };
        Expr { kind, ty, span }.into()
    }
}

impl State<'_, '_> {
    /// Checks `left op right` on numbers: both take the common type; literals alone are computed exactly.
    pub fn arith(&mut self, op: ArithOp, token: BinaryOp, left: Value, right: Value, span: Span) -> Value {
        if left.is_error() || right.is_error() {
            return error_expr(span).into();
        }
        if left.untyped
            && right.untyped
            && let (Some(l), Some(r)) = (number(&left.expr), number(&right.expr))
        {
            return self.exact(op, l, r, span);
        }
        let kinds = (self.cx.types.kind(left.ty()), self.cx.types.kind(right.ty()));
        match kinds {
            (TyKind::Bool, TyKind::Bool) => self.bool_arith(op, token, left.expr, right.expr, span).into(),
            (TyKind::Bool, _) => {
                let other = format!("`{}`", self.ty_name(right.ty()));
                self.bool_mixed(token, span, &other).into()
            }
            (_, TyKind::Bool) => {
                let other = format!("`{}`", self.ty_name(left.ty()));
                self.bool_mixed(token, span, &other).into()
            }
            (TyKind::F64, _) | (_, TyKind::F64) => self.float_arith(op, token, left, right, span).into(),
            (TyKind::Be { .. }, _) | (_, TyKind::Be { .. }) => self.be_arith(op, token, left, right, span).into(),
            (TyKind::Ptr { .. }, _) | (_, TyKind::Ptr { .. }) => {
                self.pointer_arith(op, token, left, right, span).into()
            }
            (TyKind::Str(_), _) | (_, TyKind::Str(_))
                if op == ArithOp::Add && self.is_text(left.ty()) && self.is_text(right.ty()) =>
            {
                self.join_strings(left.expr, right.expr, span).into()
            }
            (TyKind::Str(_), _) | (_, TyKind::Str(_)) if op == ArithOp::Add => {
                let (text, other) = if self.is_text(left.ty()) { (left, right) } else { (right, left) };
                let help = self.mismatch_help(other.span(), other.ty(), text.ty());
                let found = format!("`{}`", self.ty_name(other.ty()));
                let error = self.error(other.span(), MismatchedTypes { wanted: "a string".into(), found });
                error.helps.extend(help.map(|help| help.text));
                error_expr(span).into()
            }
            _ => match (self.cx.types.as_int(left.ty()), self.cx.types.as_int(right.ty())) {
                (Some(_), Some(_)) => self.int_arith(op, left, right, span).into(),
                (None, _) => self.bad_operand(token, &left).into(),
                (Some(_), None) => self.bad_operand(token, &right).into(),
            },
        }
    }

    /// Bits of values in network byte order; everything else needs the number.
    fn be_arith(&mut self, op: ArithOp, token: BinaryOp, left: Value, right: Value, span: Span) -> Expr {
        let is_be = |checker: &Self, value: &Value| matches!(checker.cx.types.kind(value.ty()), TyKind::Be { .. });
        if !matches!(op, ArithOp::And | ArithOp::Or | ArithOp::Xor) {
            let wrong = if is_be(self, &left) { left } else { right };
            return self.bad_operand(token, &wrong);
        }
        let ty = if is_be(self, &left) { left.ty() } else { right.ty() };
        for side in [&left, &right] {
            let constant = number(&side.expr).is_some() && self.cx.types.as_int(side.ty()).is_some();
            if side.ty() != ty && !constant {
                return self.byte_order_mix(&left, &right, span);
            }
        }
        let (left, right) = (self.coerce(left, ty), self.coerce(right, ty));
        if let (Some(l), Some(r)) = (number(&left), number(&right)) {
            return int_expr(fold::arith(op, l, r, 64, false), ty, span);
        }
        arith_expr(op, left, right, ty, span)
    }

    fn int_arith(&mut self, op: ArithOp, left: Value, right: Value, span: Span) -> Expr {
        let Some((bits, signed)) = self.arith_type(&left, &right, span) else { return error_expr(span) };
        let ty = self.cx.types.int(bits, signed);
        if matches!(op, ArithOp::Div | ArithOp::Rem) && number(&right.expr) == Some(0) {
            self.error(right.span(), DivisionByZero {});
            return error_expr(span);
        }
        let (left, right) = (self.coerce(left, ty), self.coerce(right, ty));
        if let (Some(l), Some(r)) = (number(&left), number(&right)) {
            return int_expr(fold::arith(op, l, r, bits, signed), ty, span);
        }
        arith_expr(op, left, right, ty, span)
    }

    /// At least 32 bits; the wider operand's type; of equal widths the unsigned one. A literal takes the other's type if
    /// it fits there.
    fn arith_type(&mut self, left: &Value, right: &Value, span: Span) -> Option<(u8, bool)> {
        let left_int = widen(self.cx.types.as_int(left.ty())?);
        let right_int = widen(self.cx.types.as_int(right.ty())?);
        let literal = match (left.untyped, right.untyped) {
            (true, _) => Some((left, right_int)),
            (_, true) => Some((right, left_int)),
            (false, false) => None,
        };
        if let Some((literal, beside)) = literal {
            let value = number(&literal.expr)?;
            if fold::fits(value, beside.0, beside.1) {
                return Some(beside);
            }
            let own = self.cx.types.as_int(literal_type(value))?;
            return Some(common_int(own, beside));
        }
        let common = common_int(left_int, right_int);
        let constant = number(&left.expr).is_some() || number(&right.expr).is_some();
        let known = [left, right].iter().any(|operand| self.mixed.contains(&operand.span()));
        if known || left_int.1 != right_int.1 && !constant {
            self.mixed.insert(span);
        }
        if left_int.1 != right_int.1 && !constant && !known {
            let result = self.ty_name(self.cx.types.int(common.0, common.1));
            let (left, right) = (self.ty_name(left.ty()), self.ty_name(right.ty()));
            self.warn(span, MixedSigns { left, right, result }).help("`as` says which one is meant");
        }
        Some(common)
    }
}

impl Site<'_, '_> {
    fn exact(&mut self, op: ArithOp, left: i128, right: i128, span: Span) -> Value {
        match fold::exact(op, left, right) {
            Some(number) => Value::untyped(number, span),
            None => {
                self.error(span, ConstantOverflow {});
                error_expr(span).into()
            }
        }
    }

    /// Reports an operator between a bool and an operand of another kind, and returns an error node.
    pub fn bool_mixed(&mut self, token: BinaryOp, span: Span, other: &str) -> Expr {
        let bitwise = matches!(token, BinaryOp::BitAnd | BinaryOp::BitOr | BinaryOp::BitXor);
        let compared = self.text(span).contains(['=', '<', '>']);
        let op = token.text();
        let comparison =
            matches!(token, BinaryOp::Eq | BinaryOp::Ne | BinaryOp::Lt | BinaryOp::Le | BinaryOp::Gt | BinaryOp::Ge);
        let negated = self.text(span).strip_prefix('!').filter(|_| comparison).map(|text| text.trim_start().to_owned());
        let error = self.error(span, BoolMixed { op: op.into(), other: other.into() });
        error.help("`b as u8` is the number 0 or 1, `n != 0` a bool");
        if bitwise && compared {
            error.help(format!("comparisons bind tighter than `{op}`: `(a {op} b) == c` needs its parentheses"));
        }
        if let Some(operand) = negated {
            error.help(format!("`!` binds tighter than `{op}`: `!({operand})`"));
        } else if matches!(token, BinaryOp::Lt | BinaryOp::Le | BinaryOp::Gt | BinaryOp::Ge) {
            error.help(format!("two comparisons: `a {op} b && b {op} c`"));
        }
        error_expr(span)
    }

    fn bool_arith(&mut self, op: ArithOp, token: BinaryOp, left: Expr, right: Expr, span: Span) -> Expr {
        let fold: fn(bool, bool) -> bool = match op {
            ArithOp::And => |l, r| l & r,
            ArithOp::Or => |l, r| l | r,
            ArithOp::Xor => |l, r| l ^ r,
            ArithOp::Add | ArithOp::Sub | ArithOp::Mul | ArithOp::Div | ArithOp::Rem | ArithOp::Shl | ArithOp::Shr => {
                self.error(span, BadOperand { op: token.text().into(), ty: "bool".into() })
                    .help("`b as u8` is the number 0 or 1");
                return error_expr(span);
            }
        };
        if let (Some(l), Some(r)) = (truth(&left), truth(&right)) {
            return bool_expr(fold(l, r), span);
        }
        arith_expr(op, left, right, Ty::BOOL, span)
    }

    /// Reports an operator between a value in network byte order and one in host order, and returns an error node.
    pub fn byte_order_mix(&mut self, left: &Value, right: &Value, span: Span) -> Expr {
        let help = [left, right].into_iter().find_map(|value| {
            let bits = self.be_bits(value.ty())?;
            Some(format!("`{} as u{bits}` is the number in host order", self.cast_text(value.span())))
        });
        let (left, right) = (self.ty_name(left.ty()), self.ty_name(right.ty()));
        let error = self.error(span, ByteOrderMix { left, right });
        if let Some(help) = help {
            error.help(help);
        }
        error_expr(span)
    }

    fn bad_unary(&mut self, op: UnaryOp, operand: &Value) -> Expr {
        let span = operand.span();
        let expr = self.no_void(error_or(operand, span));
        if expr.ty == Ty::ERROR {
            return expr;
        }
        let (text, ty) = (op.text().to_owned(), self.ty_name(operand.ty()));
        let kind = self.cx.types.kind(operand.ty());
        let error = self.error(span, BadOperand { op: text, ty });
        if matches!(kind, TyKind::Bool) {
            error.help("`!` negates a bool");
        } else if let TyKind::Be { bits } = kind {
            error.help(format!("`as u{bits}` gives the number in host order"));
        }
        error_expr(span)
    }
}

/// A placeholder of the operand's type.
fn error_or(operand: &Value, span: Span) -> Expr {
    Expr { ty: operand.ty(), ..error_expr(span) }
}

fn arith_expr(op: ArithOp, left: Expr, right: Expr, ty: Ty, span: Span) -> Expr {
    Expr { kind: ExprKind::Arith { op, left: Box::new(left), right: Box::new(right) }, ty, span }
}
