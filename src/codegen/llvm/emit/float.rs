//! Dialect `float`: `f64` of user space.

use super::super::builder::Build;
use super::super::function::FnGen;
use crate::ir::ops::{FloatCmp, FloatFromInt, FloatNeg, FloatToInt};
use crate::ir::{OpData, Value};
use inkwell::FloatPredicate;
use inkwell::values::FloatValue;

fn float<'c>(g: &FnGen<'_, '_, 'c>, value: Value) -> FloatValue<'c> {
    g.value(value).into_float_value()
}

fn binary<'c>(
    g: &mut FnGen<'_, '_, 'c>,
    op: &OpData,
    emit: impl Fn(&Build<'c>, FloatValue<'c>, FloatValue<'c>) -> FloatValue<'c>,
) {
    let (left, right) = (float(g, op.operands[0]), float(g, op.operands[1]));
    let value = emit(&g.g.build, left, right);
    g.set(op, value);
}

pub fn add(g: &mut FnGen, op: &OpData) {
    binary(g, op, Build::fadd);
}

pub fn sub(g: &mut FnGen, op: &OpData) {
    binary(g, op, Build::fsub);
}

pub fn mul(g: &mut FnGen, op: &OpData) {
    binary(g, op, Build::fmul);
}

pub fn div(g: &mut FnGen, op: &OpData) {
    binary(g, op, Build::fdiv);
}

pub fn rem(g: &mut FnGen, op: &OpData) {
    binary(g, op, Build::frem);
}

pub fn neg(g: &mut FnGen, op: &OpData) {
    let value = g.g.build.fneg(float(g, FloatNeg::of(op).value()));
    g.set(op, value);
}

pub fn cmp(g: &mut FnGen, op: &OpData) {
    let view = FloatCmp::of(op);
    let pred = match view.pred() {
        "eq" => FloatPredicate::OEQ,
        // The one that holds for NaN.
        "ne" => FloatPredicate::UNE,
        "lt" => FloatPredicate::OLT,
        "le" => FloatPredicate::OLE,
        "gt" => FloatPredicate::OGT,
        "ge" => FloatPredicate::OGE,
        other => crate::bug!("float.cmp has no predicate `{other}`"),
    };
    let value = g.g.build.fcompare(pred, float(g, view.left()), float(g, view.right()));
    g.set(op, value);
}

pub fn from_int(g: &mut FnGen, op: &OpData) {
    let from = FloatFromInt::of(op).value();
    let signed = g.g.is_signed(g.func.ty(from));
    let value = g.g.build.int_to_float(g.int(from), signed);
    g.set(op, value);
}

/// LLVM's plain conversion is undefined for what is out of range.
pub fn to_int(g: &mut FnGen, op: &OpData) {
    let ty = g.result_ty(op);
    let name = if g.g.is_signed(ty) { "llvm.fptosi.sat" } else { "llvm.fptoui.sat" };
    let value = float(g, FloatToInt::of(op).value());
    let types = [g.g.value_type(ty), value.get_type().into()];
    let call = g.g.build.intrinsic(&g.g.module, name, &types, &[value.into()]);
    let result = call.try_as_basic_value().expect_basic("a conversion yields a value");
    g.set(op, result);
}
