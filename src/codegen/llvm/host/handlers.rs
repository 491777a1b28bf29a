//! Handlers of events as the runtime calls them: with the address of a value in the kernel's buffer.
//!
//! A handler may change what it gets, and that memory is read-only. So a wrapper copies the value and calls the handler with the copy; LLVM
//! inlines the handler and removes the copies of fields that it only reads.

use crate::codegen::llvm::builder::enum_attribute;
use crate::codegen::llvm::function::FnGen;
use crate::ir::Symbol;
use crate::source::Span;
use crate::types::{FnSig, Ty, TyKind};
use inkwell::attributes::AttributeLoc;
use inkwell::module::Linkage;
use inkwell::values::FunctionValue;

/// How the kernel aligns the values of perf events; those of ring buffers are aligned to 8 bytes.
const ALIGNED: u64 = 4;

/// The wrapper of a handler, which yields an `i32` in any case; made once.
pub fn in_place<'c>(f: &mut FnGen<'_, '_, 'c>, handler: &Symbol, sig: &FnSig, at: Span) -> FunctionValue<'c> {
    let name = format!("ks.event.{handler}");
    if let Some(made) = f.g.module.get_function(&name) {
        return made;
    }
    let (inside, g) = (f.scope, &mut *f.g);
    let Some(TyKind::Ptr { to, .. }) = sig.params.first().map(|&param| g.cx.types.kind(param)) else {
        crate::bug!("a handler takes the address of a value")
    };
    let Some(source) = g.ir.funcs.iter().find(|func| func.name == *handler) else {
        crate::bug!("no function @{handler}")
    };
    let wrapper = g.module.add_function(&name, g.function_type(Ty::I32, &sig.params), Some(Linkage::Internal));
    wrapper.add_attribute(AttributeLoc::Function, enum_attribute(g.context, "nounwind"));
    for attribute in ["noalias", "readonly"] {
        wrapper.add_attribute(AttributeLoc::Param(0), enum_attribute(g.context, attribute));
    }
    let here = g.build.here();
    let scope = g.debug.wrapper(g.cx, wrapper, source);
    g.build.go_to(g.build.block(wrapper, ""));
    g.debug.locate(g.cx, &g.build, scope, source.name_span);
    let (size, align) = (g.cx.types.size_of(to), g.cx.types.align_of(to));
    let copy = g.build.alloca(g.bytes_type(size), align, "value");
    let params = wrapper.get_params();
    g.build.memcpy(&g.module, (copy, align), (params[0].into_pointer_value(), align.min(ALIGNED)), size);
    let args: Vec<_> = std::iter::once(copy.into()).chain(params[1..].iter().map(|&param| param.into())).collect();
    let result = g.build.call(g.funcs[handler], &args).try_as_basic_value().basic();
    g.build.ret(Some(result.unwrap_or_else(|| g.build.int(32, 0).into())));
    g.build.go_to(here);
    g.debug.locate(g.cx, &g.build, inside, at);
    wrapper
}
