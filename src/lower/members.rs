//! Members of an `impl` that others of it call: the body is an ordinary function then, which the kernel's entry calls.

use super::Names;
use super::func::{self, Lowering, ir_type};
use super::views::Instances;
use crate::ir::{Function, Value};
use crate::sema::tree::{Expr, Func, FuncId, Program, Visitor};
use crate::session::Session;
use std::collections::BTreeSet;

/// The members that functions call.
pub(super) fn called(program: &Program) -> BTreeSet<FuncId> {
    let mut calls = Calls(BTreeSet::new());
    program.funcs.iter().for_each(|func| calls.block(&func.body));
    calls.0.retain(|&func| program.impl_of(func).is_some());
    calls.0
}

struct Calls(BTreeSet<FuncId>);

impl Visitor<'_> for Calls {
    fn expr(&mut self, expr: &Expr) {
        self.0.extend(expr.call().map(|(func, _)| func));
        self.parts_of_expr(expr);
    }
}

/// What the kernel calls: hands the values of the context over.
pub(super) fn entry(
    cx: &mut Session,
    program: &Program,
    names: &Names,
    instances: &mut Instances,
    (id, source): (FuncId, &Func),
) -> Function {
    let mut func = func::signature(cx, source, &source.symbol, &[]);
    let mut lowering = Lowering::new(cx, program, names, instances, source, &mut func);
    let context = lowering.b.func.param(0);
    let mut args: Vec<Value> = Vec::new();
    for (index, &param) in source.params.iter().enumerate() {
        let ty = source.local(param).ty;
        args.push(lowering.b.packet_ctx_load(context, index as i128, ty));
    }
    let callee = lowering.instance(id, Vec::new());
    let result = ir_type(&mut lowering.cx.types, source.result);
    let call = lowering.b.ks_call(&args, &callee, result.results());
    let value = lowering.b.first_result(call);
    lowering.b.ks_return(value);
    func
}
