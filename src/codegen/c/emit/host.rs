//! Objects of `new` and `delete`.

use super::super::expr::Expr;
use super::super::function::FnGen;
use crate::ir::OpData;
use crate::ir::ops::HostNew;

/// Kernel functions run where nothing may sleep, unless the program says otherwise.
pub fn new(g: &mut FnGen, op: &OpData) {
    let size = Expr::primary(HostNew::of(op).size().to_string());
    let expr = Expr::call("kzalloc", &[size, Expr::primary("GFP_ATOMIC")]);
    g.result(op, expr);
}

pub fn delete(g: &mut FnGen, op: &OpData) {
    let call = Expr::call("kfree", &[g.expr(op.operands[0])]);
    g.statement(op, call.text().to_owned());
}
