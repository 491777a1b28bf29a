//! Dialect `ks`: calls of the program's own functions, and functions as values.

use super::super::function::FnGen;
use super::host::runtime;
use crate::ir::ops::{KsCall, KsCallPointer, KsFunc};
use crate::ir::{OpData, Value};
use crate::types::Ty;
use inkwell::IntPredicate;
use inkwell::attributes::AttributeLoc;
use inkwell::values::{BasicMetadataValueEnum, CallSiteValue, FunctionValue, PointerValue};

fn function<'c>(g: &FnGen<'_, '_, 'c>, name: &str) -> FunctionValue<'c> {
    match g.g.funcs.get(name) {
        Some(&function) => function,
        None => crate::bug!("@{name} is not part of this module"),
    }
}

pub fn call(g: &mut FnGen, op: &OpData) {
    let view = KsCall::of(op);
    let callee = function(g, view.callee());
    let args: Vec<BasicMetadataValueEnum> = view.args().iter().map(|&a| g.value(a).into()).collect();
    let call = g.g.build.call(callee, &args);
    finish(g, op, call, view.args());
}

/// How narrow values are passed, as the callee says it too: LLVM looks at the call. Then the result.
fn finish<'c>(g: &mut FnGen<'_, '_, 'c>, op: &OpData, call: CallSiteValue<'c>, args: &[Value]) {
    for (index, &arg) in args.iter().enumerate() {
        if let Some(extension) = g.g.extension(g.func.ty(arg)) {
            g.g.build.attribute(call, AttributeLoc::Param(index as u32), extension);
        }
    }
    if let Some(&result) = op.results.first()
        && let Some(extension) = g.g.extension(g.func.ty(result))
    {
        g.g.build.attribute(call, AttributeLoc::Return, extension);
    }
    if let Some(value) = call.try_as_basic_value().basic() {
        g.set(op, value);
    }
}

pub fn func(g: &mut FnGen, op: &OpData) {
    let address = function(g, KsFunc::of(op).func()).as_global_value().as_pointer_value();
    g.set(op, address);
}

/// User space alone: BPF has no indirect calls.
pub fn call_pointer(g: &mut FnGen, op: &OpData) {
    let view = KsCallPointer::of(op);
    let callee = g.ptr(view.callee());
    if !view.checked() {
        end_if_null(g, op, callee);
    }
    let params: Vec<Ty> = view.args().iter().map(|&arg| g.func.ty(arg)).collect();
    let result = op.results.first().map_or(Ty::VOID, |&result| g.func.ty(result));
    let ty = g.g.function_type(result, &params);
    let args: Vec<BasicMetadataValueEnum> = view.args().iter().map(|&a| g.value(a).into()).collect();
    let call = g.g.build.call_pointer(ty, callee, &args);
    finish(g, op, call, view.args());
}

const NULL_CALL: &[u8] = b"call of a null function pointer";

/// Ends the process, with the place of the call, where the pointer is null.
fn end_if_null<'c>(g: &mut FnGen<'_, '_, 'c>, op: &OpData, callee: PointerValue<'c>) {
    let (null, there) = (g.g.build.block(g.llvm, "null"), g.g.build.block(g.llvm, "there"));
    let is_null = g.g.build.compare(IntPredicate::EQ, callee.into(), g.g.build.null().into());
    g.g.build.cond_br(is_null, null, there);
    g.g.build.go_to(null);
    let place = g.g.cx.sources.line_col(op.loc.span);
    let file = format!("{}\0", g.g.cx.recorded_name(op.loc.span.file));
    let (file, message) = (g.g.string(file.as_bytes()), g.g.string(NULL_CALL));
    let build = &g.g.build;
    let (line, length) = (build.int(32, u64::from(place.line)), build.int(64, NULL_CALL.len() as u64));
    let (no_args, none) = (build.null(), build.int(64, 0));
    let args = [file.into(), line.into(), message.into(), length.into(), no_args.into(), none.into()];
    runtime(g, "ks_panic", None, &args);
    g.g.build.br(there);
    g.g.build.go_to(there);
}
