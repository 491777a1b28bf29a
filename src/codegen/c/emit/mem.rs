//! `mem`: pointers and atomics.

use super::super::expr::Expr;
use super::super::function::FnGen;
use crate::ir::OpData;
use crate::ir::ops::{MemAtomic, MemCompareExchange, MemEqual, MemFetch};

pub fn ptr_add(g: &mut FnGen, op: &OpData) {
    let bytes = Expr::cast("u8 *", &g.expr(op.operands[0]));
    let sum = Expr::binary(&bytes, "+", &g.expr(op.operands[1]));
    let expr = Expr::cast(&g.type_text(g.ty(op.results[0])), &sum);
    g.result(op, expr);
}

pub fn index(g: &mut FnGen, op: &OpData) {
    let expr = Expr::binary(&g.expr(op.operands[0]), "+", &g.expr(op.operands[1]));
    g.result(op, expr);
}

pub fn to_int(g: &mut FnGen, op: &OpData) {
    let expr = Expr::cast("u64", &Expr::cast("unsigned long", &g.expr(op.operands[0])));
    g.result(op, expr);
}

pub fn from_int(g: &mut FnGen, op: &OpData) {
    let address = Expr::cast("unsigned long", &g.expr(op.operands[0]));
    let expr = Expr::cast(&g.type_text(g.ty(op.results[0])), &address);
    g.result(op, expr);
}

pub fn is_null(g: &mut FnGen, op: &OpData) {
    let expr = Expr::not(&g.expr(op.operands[0]));
    g.result(op, expr);
}

pub fn atomic(g: &mut FnGen, op: &OpData) {
    let view = MemAtomic::of(op);
    let expr = builtin(g, view.op(), (view.place(), view.value()), "__ATOMIC_RELAXED");
    g.statement(op, expr.text().to_owned());
}

pub fn fetch(g: &mut FnGen, op: &OpData) {
    let view = MemFetch::of(op);
    let expr = builtin(g, view.op(), (view.place(), view.value()), "__ATOMIC_SEQ_CST");
    g.result(op, expr);
}

fn builtin(g: &FnGen, word: &str, (place, value): (crate::ir::Value, crate::ir::Value), order: &str) -> Expr {
    let name = if word == "exchange" { "__atomic_exchange_n".to_owned() } else { format!("__atomic_fetch_{word}") };
    Expr::call(&name, &[Expr::address(&g.expr(place)), g.expr(value), Expr::primary(order)])
}

pub fn equal(g: &mut FnGen, op: &OpData) {
    let view = MemEqual::of(op);
    let size = Expr::primary(g.types().size_of(g.place_type(view.left())).to_string());
    let args = [Expr::address(&g.expr(view.left())), Expr::address(&g.expr(view.right())), size];
    let result = Expr::not(&Expr::call("memcmp", &args));
    g.result(op, result);
}

pub fn compare_exchange(g: &mut FnGen, op: &OpData) {
    let view = MemCompareExchange::of(op);
    let args = [Expr::address(&g.expr(view.place())), g.expr(view.expected()), g.expr(view.value())];
    let expr = Expr::call("__sync_val_compare_and_swap", &args);
    g.result(op, expr);
}
