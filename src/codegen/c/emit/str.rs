//! `str`: functions that the module brings along.

use super::super::expr::Expr;
use super::super::function::FnGen;
use super::ks::text_of;
use crate::ir::{OpData, Value};

fn call(g: &mut FnGen, name: &str, args: Vec<Expr>) -> Expr {
    Expr::call(g.g.prelude.function(name), &args)
}

fn texts(g: &FnGen, places: &[Value]) -> Vec<Expr> {
    places.iter().flat_map(|&place| text_of(g, place)).collect()
}

pub fn copy(g: &mut FnGen, op: &OpData) {
    let args = texts(g, &op.operands);
    let call = call(g, "ks_str_copy", args);
    g.statement(op, call.text().to_owned());
}

pub fn append(g: &mut FnGen, op: &OpData) {
    let [to, at, from] = op.operands[..] else { crate::bug!("an append has three operands") };
    let mut args = texts(g, &[to]);
    args.push(g.expr(at));
    args.extend(texts(g, &[from]));
    let call = call(g, "ks_str_append", args);
    g.result(op, call);
}

pub fn len(g: &mut FnGen, op: &OpData) {
    let args = texts(g, &op.operands);
    let call = call(g, "ks_str_len", args);
    g.result(op, call);
}

pub fn eq(g: &mut FnGen, op: &OpData) {
    let args = texts(g, &op.operands);
    let call = call(g, "ks_str_eq", args);
    g.result(op, call);
}

pub fn starts_with(g: &mut FnGen, op: &OpData) {
    let args = texts(g, &op.operands);
    let call = call(g, "ks_str_starts_with", args);
    g.result(op, call);
}
