//! Objects of `new` and `delete`.

use super::super::expr::Expr;
use super::super::function::FnGen;
use crate::ir::OpData;
use crate::ir::ops::HostNew;

/// Kernel functions run where nothing may sleep, unless the program says otherwise.
pub fn new(g: &mut FnGen, op: &OpData) {
    let view = HostNew::of(op);
    let gfp = if view.gfp().is_empty() { "GFP_ATOMIC".into() } else { String::from_utf8_lossy(view.gfp()) };
    let size = Expr::primary(view.size().to_string());
    let expr = Expr::call("kzalloc", &[size, Expr::primary(gfp)]);
    g.result(op, expr);
}

pub fn delete(g: &mut FnGen, op: &OpData) {
    let call = Expr::call("kfree", &[g.expr(op.operands[0])]);
    g.statement(op, call.text().to_owned());
}
