//! The parts of an executable besides the user's functions: `main` of C, and the descriptors for the runtime.

mod descriptors;
pub mod handlers;
mod kconfig;
mod metrics;
mod options;
pub mod python;
pub mod tables;

use super::Carried;
use super::builder::enum_attribute;
use super::emit::runtime_function;
use super::module::ModuleGen;
use crate::codegen::abi::KS_NO_COUNTERS;
use crate::ir::{Global, GlobalKind, MapDecl, Module, Role};
use inkwell::attributes::AttributeLoc;
use inkwell::values::{FunctionValue, IntValue};

/// The maps of the descriptor, in order.
pub fn maps(host: &Module) -> impl Iterator<Item = &MapDecl> {
    host.maps.iter().filter(|map| !map.bound)
}

/// The globals that BPF code shares, in order of the descriptor.
pub fn shared_globals(host: &Module) -> impl Iterator<Item = &Global> {
    host.globals.iter().filter(|g| g.section.is_some())
}

/// C's `main`: starts the runtime, reads the options, calls the user's `main`, ends through the runtime.
pub fn entry(g: &mut ModuleGen, objects: &[Carried]) {
    let Some(main) = g.ir.funcs.iter().find(|f| matches!(f.role, Role::Main)) else { return };
    let user = g.funcs[&main.name];
    // Variables that are too large for the stack then miss it after the start of the runtime, which says what happened.
    user.add_attribute(AttributeLoc::Function, enum_attribute(g.context, "noinline"));
    let program = descriptors::program(g, objects);
    let (int, ptr) = (g.build.int_type(32), g.build.ptr_type());
    let llvm = g.module.add_function("main", int.fn_type(&[int.into(), ptr.into()], false), None);
    g.build.go_to(g.build.block(llvm, ""));
    let scope = g.debug.entry(g.cx, llvm, main);
    g.debug.locate(g.cx, &g.build, scope, main.name_span);
    let start = runtime_function(g, "ks_start", None, &[ptr.into()]);
    g.build.call(start, &[program.into()]);
    coverage(g);
    python::modules(g);
    let status = run(g, llvm, user);
    let exit = runtime_function(g, "ks_exit", None, &[int.into()]);
    g.build.call(exit, &[status.into()]);
    g.build.ret(Some(status.into()));
    g.debug.leave(&g.build);
}

/// Hands the counters of an executable for coverage to the runtime.
fn coverage(g: &mut ModuleGen) {
    let of_user = |global: &&Global| global.kind == GlobalKind::Counters && global.section.is_none();
    let Some(own) = g.ir.globals.iter().find(of_user) else { return };
    let shared = shared_globals(g.ir).position(|global| global.kind == GlobalKind::Counters);
    let number = shared.map_or(KS_NO_COUNTERS, |index| index as u32);
    let (counters, size) = (g.data[&own.name], g.build.int(64, own.init.len() as u64));
    let (ptr, long, int) = (g.build.ptr_type(), g.build.int_type(64), g.build.int_type(32));
    let keep = runtime_function(g, "ks_coverage", None, &[ptr.into(), long.into(), int.into()]);
    g.build.call(keep, &[counters.into(), size.into(), g.build.int(32, number.into()).into()]);
}

/// Calls the user's `main`; 0 where it yields nothing.
fn run<'c>(g: &mut ModuleGen<'_, 'c>, llvm: FunctionValue<'c>, user: FunctionValue<'c>) -> IntValue<'c> {
    let module = g.ir;
    let mut args = Vec::new();
    match &module.options {
        Some(decl) => args.push(options::read(g, decl, llvm).into()),
        None => options::read_none(g, llvm),
    }
    let status = g.build.call(user, &args).try_as_basic_value().basic();
    status.map_or(g.build.int(32, 0), |value| value.into_int_value())
}
