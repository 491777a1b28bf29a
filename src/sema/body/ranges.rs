//! `for` over ranges.

use super::value::{self, Value, cast};
use super::variables::LocalKind;
use super::{Checker, Site, State};
use crate::ast;
use crate::diag::codes::types::{EmptyLoop, MismatchedTypes, RangeSigns};
use crate::fold;
use crate::sema::tree::{ArithOp, Expr, ExprKind, StmtKind};
use crate::types::{Ty, TyKind, Types};

impl Checker<'_, '_> {
    /// Checks a `for` over the numbers from `low` to `high`.
    pub fn for_range(
        &mut self,
        stmt: &ast::ForStmt,
        low: &ast::Expr,
        high: &ast::Expr,
        inclusive: bool,
    ) -> Option<StmtKind> {
        // The grammar takes one name before a range.
        let name = stmt.names.first()?;
        let (low, high) = self.operands(low, high, None);
        let (low, high, ty) = self.range_bounds(low, high)?;
        self.forget_changed(&stmt.body);
        let after = self.flow.clone();
        self.vars.blocks.push();
        let local = self.declare(&name.name, ty, name.span, LocalKind::LoopVariable);
        if let (Some(first), Some(end)) = (value::number(&low), value::number(&high)) {
            self.vars[local].range = Some((first, if inclusive { end } else { end - 1 }));
            if first > end {
                self.warn(low.span.to(high.span), EmptyLoop {})
                    .help("a range counts up; to count down from `n`, `for (i in 0..n) { var left = n - 1 - i … }`");
            }
        }
        let body = self.loop_body(&stmt.body);
        self.flow = after;
        self.join_breaks();
        self.pop_scope();
        Some(StmtKind::For { local, low, high, inclusive, body })
    }
}

impl State<'_, '_> {
    /// Both bounds in the type that the loop variable has: the wider one.
    fn range_bounds(&mut self, low: Value, high: Value) -> Option<(Expr, Expr, Ty)> {
        if low.is_error() || high.is_error() {
            return Some((value::error_expr(low.span()), value::error_expr(high.span()), Ty::ERROR));
        }
        let kinds = (self.cx.types.as_int(low.ty()), self.cx.types.as_int(high.ty()));
        let (Some((low_bits, low_signed)), Some((high_bits, high_signed))) = kinds else {
            let wrong = if kinds.0.is_none() { &low } else { &high };
            let (found, at) = (format!("`{}`", self.ty_name(wrong.ty())), wrong.span());
            self.error(at, MismatchedTypes { wanted: "an integer".into(), found })
                .help("the bounds of a range are integers; `x as u32` converts");
            return Some((value::error_expr(at), value::error_expr(at), Ty::ERROR));
        };
        let ty = match (low.untyped, high.untyped) {
            (true, true) => {
                let numbers = [value::number(&low.expr)?, value::number(&high.expr)?];
                self.literal_pair_type(numbers)
            }
            (true, false) => high.ty(),
            (false, true) => low.ty(),
            (false, false) if low_bits == high_bits && low_signed != high_signed => {
                let range = low.span().to(high.span());
                let (low, high) = (self.ty_name(low.ty()), self.ty_name(high.ty()));
                self.error(range, RangeSigns { low, high }).help("convert one of them with `as`");
                Ty::ERROR
            }
            (false, false) if low_bits >= high_bits => low.ty(),
            (false, false) => high.ty(),
        };
        let (low, high) = (self.coerce(low, ty), self.coerce(high, ty));
        Some((cast(low, ty), cast(high, ty), ty))
    }

    /// Whether an index is in range whatever the program does.
    pub fn is_in_range(&self, index: &Expr, length: u64) -> bool {
        let (low, high) = self.known_range(index);
        low >= 0 && high < i128::from(length)
    }

    /// The smallest and largest value that an expression can have, as far as its operators and its variables' loops
    /// show.
    pub fn known_range(&self, expr: &Expr) -> (i128, i128) {
        let of_type = bounds(&self.cx.types, expr);
        if let ExprKind::Local(local) = expr.kind {
            let info = &self.vars[local];
            return info.range.filter(|_| !info.address_taken).unwrap_or(of_type);
        }
        if let ExprKind::Cast(inner) = &expr.kind {
            let inner = self.known_range(inner);
            return if of_type.0 <= inner.0 && inner.1 <= of_type.1 { inner } else { of_type };
        }
        let ExprKind::Arith { op, left, right } = &expr.kind else { return of_type };
        match (op, self.known_range(left), value::number(right)) {
            (ArithOp::And, _, Some(mask)) if mask >= 0 => (0, mask),
            // At least the bits that are set in it.
            (ArithOp::Or, (low, high), Some(bits)) if low >= 0 && bits >= 0 => {
                let all = u128::try_from(high | bits).map_or(0, |highest| (highest + 1).next_power_of_two());
                (low.max(bits), (all as i128 - 1).min(of_type.1))
            }
            (ArithOp::Shr, (low, high), Some(by)) if (0..64).contains(&by) && low >= 0 => (low >> by, high >> by),
            (ArithOp::Mul, range, _) => {
                let product = product(range, self.known_range(right));
                product.filter(|range| of_type.0 <= range.0 && range.1 <= of_type.1).unwrap_or(of_type)
            }
            (ArithOp::Add | ArithOp::Sub, (low, high), _) => {
                let right = self.known_range(right);
                let right = if *op == ArithOp::Add { right } else { (-right.1, -right.0) };
                let sum = (low + right.0, high + right.1);
                if of_type.0 <= sum.0 && sum.1 <= of_type.1 { sum } else { of_type }
            }
            (ArithOp::Rem, (low, high), Some(by)) if by > 0 && low >= 0 => (0, high.min(by - 1)),
            (ArithOp::Div, (low, high), Some(by)) if by > 0 && low >= 0 => (low / by, high / by),
            _ => of_type,
        }
    }
}

impl Site<'_, '_> {
    /// The type of the variable of a range between two literals: of 32 bits if both fit, signed if one is negative.
    pub fn literal_pair_type(&self, numbers: [i128; 2]) -> Ty {
        let [first, second] = numbers.map(value::literal_type);
        let rank = |ty: Ty| [Ty::U32, Ty::I32, Ty::U64, Ty::I64].iter().position(|&t| t == ty);
        let signed = numbers.iter().any(|&n| n < 0);
        let wide = [first, second].into_iter().any(|ty| rank(ty) >= Some(2));
        let over_i32 = signed && numbers.iter().any(|&n| n > i128::from(i32::MAX));
        self.cx.types.int(if wide || over_i32 { 64 } else { 32 }, signed)
    }
}

/// The smallest and largest product of two numbers from these ranges.
pub(super) fn product(left: (i128, i128), right: (i128, i128)) -> Option<(i128, i128)> {
    let corners = [(left.0, right.0), (left.0, right.1), (left.1, right.0), (left.1, right.1)];
    let products: Option<Vec<i128>> = corners.into_iter().map(|(l, r)| l.checked_mul(r)).collect();
    let products = products?;
    Some((*products.iter().min()?, *products.iter().max()?))
}

/// The smallest and largest value that an integer expression can have, as far as its form shows.
pub(super) fn bounds(types: &Types, expr: &Expr) -> (i128, i128) {
    if let Some(number) = value::number(expr) {
        return (number, number);
    }
    if let ExprKind::Cast(inner) = &expr.kind
        && let (Some((inner_bits, inner_signed)), Some((bits, signed))) =
            (types.as_int(inner.ty), types.as_int(expr.ty))
        && (inner_bits < bits && (signed || !inner_signed))
    {
        return bounds(types, inner);
    }
    if let ExprKind::Field { base, field } = &expr.kind
        && let TyKind::Struct(id) = types.kind(base.ty)
        && let Some(bits) = types.struct_def(id).fields.get(*field).and_then(|field| field.bits)
    {
        let signed = types.as_int(expr.ty).is_some_and(|(_, signed)| signed);
        return fold::range(bits.width, signed);
    }
    match types.as_int(expr.ty) {
        Some((bits, signed)) => fold::range(bits, signed),
        None => fold::range(64, false),
    }
}
