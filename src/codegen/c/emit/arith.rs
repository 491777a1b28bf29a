//! `arith`: what C leaves undefined for signed numbers is computed with unsigned ones.

use super::super::expr::Expr;
use super::super::function::FnGen;
use crate::ir::ops::{ArithCmp, ArithSelect};
use crate::ir::{OpData, Opcode, Value};
use crate::types::{Ty, TyKind};

pub fn add(g: &mut FnGen, op: &OpData) {
    wrapping(g, op, "+");
}

pub fn sub(g: &mut FnGen, op: &OpData) {
    wrapping(g, op, "-");
}

pub fn mul(g: &mut FnGen, op: &OpData) {
    wrapping(g, op, "*");
}

pub fn and(g: &mut FnGen, op: &OpData) {
    plain(g, op, "&");
}

pub fn or(g: &mut FnGen, op: &OpData) {
    plain(g, op, "|");
}

pub fn xor(g: &mut FnGen, op: &OpData) {
    plain(g, op, "^");
}

pub fn udiv(g: &mut FnGen, op: &OpData) {
    super::ks::divide(g, op, "div");
}

pub fn urem(g: &mut FnGen, op: &OpData) {
    super::ks::divide(g, op, "rem");
}

pub fn sdiv(g: &mut FnGen, op: &OpData) {
    super::ks::divide(g, op, "div");
}

pub fn srem(g: &mut FnGen, op: &OpData) {
    super::ks::divide(g, op, "rem");
}

pub fn shl(g: &mut FnGen, op: &OpData) {
    super::ks::shl(g, op);
}

pub fn shr(g: &mut FnGen, op: &OpData) {
    super::ks::shr(g, op);
}

/// Width and signedness of what is computed with; `be` values have no sign, bools one bit.
pub fn width(g: &FnGen, ty: Ty) -> (u8, bool) {
    if let TyKind::Be { bits } = g.types().kind(ty) {
        return (bits, false);
    }
    if ty == Ty::BOOL {
        return (8, false);
    }
    g.types().as_int(ty).unwrap_or_else(|| crate::bug!("a {} is no number", g.types().ir_text(ty)))
}

fn wrapping(g: &mut FnGen, op: &OpData, sign: &str) {
    let ty = g.ty(op.results[0]);
    let (bits, signed) = width(g, ty);
    let (left, right) = (g.expr(op.operands[0]), g.expr(op.operands[1]));
    let expr = if !signed && bits >= 32 {
        Expr::binary(&left, sign, &right)
    } else {
        let wide = format!("u{}", bits.max(32));
        let sum = Expr::binary(&Expr::cast(&wide, &left), sign, &Expr::cast(&wide, &right));
        Expr::cast(&g.type_text(ty), &sum)
    };
    g.result(op, expr);
}

fn plain(g: &mut FnGen, op: &OpData, sign: &str) {
    let ty = g.ty(op.results[0]);
    if ty == Ty::BOOL && sign == "^" && g.func.known(g.types(), op.operands[1]) == Some(1) {
        let expr = Expr::not(&g.expr(op.operands[0]));
        g.result(op, expr);
        return;
    }
    let expr = Expr::binary(&g.expr(op.operands[0]), sign, &g.expr(op.operands[1]));
    let narrow = width(g, ty).0 < 32;
    let expr = if narrow { Expr::cast(&g.type_text(ty), &expr) } else { expr };
    g.result(op, expr);
}

pub fn cmp(g: &mut FnGen, op: &OpData) {
    let view = ArithCmp::of(op);
    let sign = match view.pred() {
        "eq" => "==",
        "ne" => "!=",
        "lt" => "<",
        "le" => "<=",
        "gt" => ">",
        "ge" => ">=",
        other => crate::bug!("no comparison is called `{other}`"),
    };
    let (left, right) = (g.expr(view.left()), g.expr(view.right()));
    let known = |value| g.func.def(value).and_then(|_| g.func.known(g.types(), value));
    let is_bool = g.ty(view.left()) == Ty::BOOL;
    let with_itself = (left == right).then(|| matches!(view.pred(), "eq" | "le" | "ge"));
    let limit = known(view.right()).and_then(|right| certain(g, g.ty(view.left()), view.pred(), right));
    let of_bool = bool_outcome(g, &view);
    if let Some(outcome) = with_itself.or(limit).or(of_bool) {
        // Compilers warn of comparisons whose outcome they see.
        let sides = [(view.left(), left), (view.right(), right)];
        let computed = sides.iter().filter(|(value, _)| known(*value).is_none());
        let text: String = computed.map(|(_, expr)| format!("(void){}, ", expr.operand())).collect();
        let expr = Expr::primary(if text.is_empty() { outcome.to_string() } else { format!("({text}{outcome})") });
        g.result(op, expr);
        return;
    }
    let wanted = known(view.right()).filter(|_| is_bool && matches!(view.pred(), "eq" | "ne"));
    let expr = match wanted {
        Some(right) if (right != 0) == (view.pred() == "eq") => left,
        Some(_) => Expr::not(&left),
        None => Expr::binary(&left, sign, &right),
    };
    g.result(op, expr);
}

/// The outcome of a comparison with a limit of the type, where that decides it.
pub fn certain(g: &FnGen, ty: Ty, pred: &str, right: i128) -> Option<bool> {
    let (bits, signed) = g.types().as_int(ty)?;
    let (least, most) =
        if signed { (-(1i128 << (bits - 1)), (1i128 << (bits - 1)) - 1) } else { (0, (1i128 << bits) - 1) };
    match pred {
        "ge" if right <= least => Some(true),
        "lt" if right <= least => Some(false),
        "le" if right >= most => Some(true),
        "gt" if right >= most => Some(false),
        _ => None,
    }
}

/// The outcome of a comparison of a bool, as a number of any type, with a number that is neither 0 nor 1.
fn bool_outcome(g: &FnGen, view: &ArithCmp<'_>) -> Option<bool> {
    let is_bool = |value| origin(g, value) == Ty::BOOL;
    let known = |value| g.func.known(g.types(), value);
    let test = |left: i128, right: i128| match view.pred() {
        "eq" => left == right,
        "ne" => left != right,
        "lt" => left < right,
        "le" => left <= right,
        "gt" => left > right,
        _ => left >= right,
    };
    let (no, yes) = if let Some(right) = known(view.right()).filter(|_| is_bool(view.left())) {
        (test(0, right), test(1, right))
    } else {
        let left = known(view.left()).filter(|_| is_bool(view.right()))?;
        (test(left, 0), test(left, 1))
    };
    (no == yes).then_some(no)
}

/// The type that a value had before casts.
fn origin(g: &FnGen, value: Value) -> Ty {
    let def = g.func.def(value).map(|op| &g.func.ops[op]);
    match def.filter(|data| data.opcode == Opcode::ArithCast && g.ty(value) != Ty::BOOL) {
        Some(data) => origin(g, data.operands[0]),
        None => g.ty(value),
    }
}

pub fn cast(g: &mut FnGen, op: &OpData) {
    let (from, to) = (g.ty(op.operands[0]), g.ty(op.results[0]));
    let value = g.expr(op.operands[0]);
    let (from_text, to_text) = (g.type_text(from), g.type_text(to));
    let is_pointer = |kind: TyKind| matches!(kind, TyKind::Ptr { .. } | TyKind::Fn(_));
    let (from_kind, to_kind) = (g.types().kind(from), g.types().kind(to));
    let expr = if from_text == to_text {
        value
    } else if is_pointer(from_kind) != is_pointer(to_kind) {
        Expr::cast(&to_text, &Expr::cast("unsigned long", &value))
    } else {
        Expr::cast(&to_text, &value)
    };
    g.result(op, expr);
}

pub fn bswap(g: &mut FnGen, op: &OpData) {
    let ty = g.ty(op.results[0]);
    let bits = width(g, ty).0;
    let expr = Expr::call(&format!("swab{bits}"), &[g.expr(op.operands[0])]);
    g.result(op, expr);
}

pub fn log2(g: &mut FnGen, op: &OpData) {
    let value = g.expr(op.operands[0]);
    // fls64 counts from 1 (include/asm-generic/bitops/fls64.h); `| 1` changes the result for 0 alone.
    let some = Expr::binary(&value, "|", &Expr::primary("1".to_owned()));
    let number = Expr::binary(&Expr::call("fls64", &[some]), "-", &Expr::primary("1".to_owned()));
    let ty = g.ty(op.results[0]);
    g.result(op, Expr::cast(&g.type_text(ty), &number));
}

pub fn select(g: &mut FnGen, op: &OpData) {
    let view = ArithSelect::of(op);
    let expr = Expr::choice(&g.expr(view.condition()), &g.expr(view.then()), &g.expr(view.otherwise()));
    g.result(op, expr);
}
