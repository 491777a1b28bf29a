//! Calls of the kernel's functions.

use super::super::builder::{Extend, function_type};
use super::super::function::FnGen;
use super::super::module::ModuleGen;
use crate::ir::OpData;
use crate::ir::ops::{BpfKfunc, BpfKfuncExists};
use crate::tables;
use crate::types::{FnSig, Ty, TyKind};
use inkwell::IntPredicate;
use inkwell::module::Linkage;
use inkwell::types::BasicTypeEnum;
use inkwell::values::{BasicValueEnum, FunctionValue};

/// Where libbpf looks for functions of the kernel, with the BTF of their declarations.
const SECTION: &str = ".ksyms";

impl<'c> ModuleGen<'_, 'c> {
    /// The declaration of a function of the kernel, made at its first use. Numbers of less than 32 bits go through a register of 32 bits:
    /// the caller extends arguments, and the bits above a narrow result are unspecified.
    fn kernel_function(&mut self, name: &str, sig: &FnSig, linkage: Linkage) -> FunctionValue<'c> {
        if let Some(known) = self.module.get_function(name) {
            return known;
        }
        let params: Vec<_> = sig.params.iter().map(|&ty| self.in_register(ty)).collect();
        let result = (sig.result != Ty::VOID).then(|| self.in_register(sig.result));
        let ty = function_type(self.context, result, &params);
        let callee = self.module.add_function(name, ty, Some(linkage));
        callee.set_section(Some(SECTION));
        self.debug.kernel_function(self.cx, callee, name, (sig.result, &sig.params));
        callee
    }

    fn in_register(&self, ty: Ty) -> BasicTypeEnum<'c> {
        // The kernel calls back functions by their addresses.
        if let TyKind::Fn(_) = self.cx.types.kind(ty) {
            return self.build.ptr_type().into();
        }
        if self.extension(ty).is_some() { self.build.int_type(32).into() } else { self.value_type(ty) }
    }

    /// The function that the module declares by this name.
    pub fn declared_kfunc(&mut self, name: &str) -> FunctionValue<'c> {
        let Some(decl) = self.ir.kfunc(name) else { crate::bug!("the module declares no kfunc `{name}`") };
        let linkage = if decl.weak { Linkage::ExternalWeak } else { Linkage::External };
        self.kernel_function(name, &decl.sig, linkage)
    }
}

impl<'c> FnGen<'_, '_, 'c> {
    /// Calls a kernel function that the compiler knows, declared by these types when first called.
    pub fn call_kfunc(
        &mut self,
        name: &str,
        result: Ty,
        args: &[(Ty, BasicValueEnum<'c>)],
    ) -> Option<BasicValueEnum<'c>> {
        let Some(spec) = tables::kfunc(name) else {
            crate::bug!("kfuncs.toml has no `{name}`");
        };
        let sig = FnSig { params: args.iter().map(|&(ty, _)| ty).collect(), result };
        let callee = self.g.kernel_function(spec.name, &sig, Linkage::External);
        let args: Vec<_> = args.iter().map(|&(_, value)| value.into()).collect();
        self.g.build.call(callee, &args).try_as_basic_value().basic()
    }
}

pub fn kfunc<'c>(g: &mut FnGen<'_, '_, 'c>, op: &OpData) {
    let view = BpfKfunc::of(op);
    let callee = g.g.declared_kfunc(view.function());
    // Any memory may be given by a number: the function tests the address.
    let as_declared = |(arg, param): (BasicValueEnum<'c>, BasicTypeEnum<'c>)| {
        let is_address = arg.is_int_value() && param.is_pointer_type();
        if is_address { g.g.build.int_to_ptr(arg.into_int_value()).into() } else { arg.into() }
    };
    let params = callee.get_type().get_param_types().into_iter().filter_map(|ty| BasicTypeEnum::try_from(ty).ok());
    let args: Vec<_> = std::iter::zip(g.promoted(view.args()), params).map(as_declared).collect();
    let value = g.g.build.call(callee, &args).try_as_basic_value().basic();
    let (Some(value), Some(&result)) = (value, op.results.first()) else { return };
    let ty = g.func.ty(result);
    if g.g.extension(ty).is_none() {
        g.set(op, value);
        return;
    }
    let bits = 8 * g.types().size_of(ty) as u32;
    let number = g.g.build.resize(value.into_int_value(), bits, Extend::Zero);
    if ty == Ty::BOOL {
        let zero = g.g.build.int(bits, 0);
        let holds = g.g.build.compare(IntPredicate::NE, number.into(), zero.into());
        g.set(op, holds);
    } else {
        g.set(op, number);
    }
}

/// libbpf fills in 0 where the kernel has no such function. The verifier knows the address, and walks one branch alone.
pub fn kfunc_exists(g: &mut FnGen, op: &OpData) {
    let callee = g.g.declared_kfunc(BpfKfuncExists::of(op).function()).as_global_value().as_pointer_value();
    let null = g.g.build.null();
    let there = g.g.build.compare(IntPredicate::NE, callee.into(), null.into());
    g.set(op, there);
}
