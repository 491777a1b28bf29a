//! Dialect `host`: calls of the runtime. `runtime/src/abi.rs` has its functions.

use super::super::builder::{Extend, enum_attribute, function_type};
use super::super::function::FnGen;
use super::super::module::ModuleGen;
use crate::codegen::abi;
use crate::diag::codes::ir::BadIr;
use crate::ir::ops::HostParse;
use crate::ir::ops::{
    HostAsk, HostAttach, HostAttachCheck, HostAttachMap, HostAttachName, HostAttachNumber, HostCCall, HostCall,
    HostDelete, HostDetach, HostExec, HostExit, HostFill, HostLinkStatus, HostLoad, HostNew, HostPin, HostPinMap,
    HostRegister, HostSysctlRead, HostSysctlWrite, HostUncaught, HostUnpin, HostUnpinMap, HostUnpinName,
    HostUnregister, HostUpgrade, HostUpgradeFunctions,
};
use crate::ir::{OpData, Symbol, Value};
use crate::session::Linked;
use crate::tables::ATTACH_OPTIONS;
use crate::types::TyKind;
use inkwell::IntPredicate;
use inkwell::attributes::AttributeLoc;
use inkwell::types::BasicTypeEnum;
use inkwell::values::{BasicValueEnum, FunctionValue};

/// The runtime's function of this name, declared when first called.
pub fn declared<'c>(
    g: &ModuleGen<'_, 'c>,
    name: &str,
    result: Option<BasicTypeEnum<'c>>,
    params: &[BasicTypeEnum<'c>],
) -> FunctionValue<'c> {
    if let Some(known) = g.module.get_function(name) {
        return known;
    }
    let func = g.module.add_function(name, function_type(g.context, result, params), None);
    func.add_attribute(AttributeLoc::Function, enum_attribute(g.context, "nounwind"));
    if is_bool(g, result) {
        func.add_attribute(AttributeLoc::Return, enum_attribute(g.context, "zeroext"));
    }
    func
}

/// A `bool` of the C ABI is one byte, 0 or 1: it was extended.
fn is_bool<'c>(g: &ModuleGen<'_, 'c>, result: Option<BasicTypeEnum<'c>>) -> bool {
    result == Some(g.build.int_type(1).into())
}

pub fn runtime<'c>(
    g: &FnGen<'_, '_, 'c>,
    name: &str,
    result: Option<BasicTypeEnum<'c>>,
    args: &[BasicValueEnum<'c>],
) -> Option<BasicValueEnum<'c>> {
    let params: Vec<_> = args.iter().map(|a| a.get_type()).collect();
    let callee = declared(g.g, name, result, &params);
    let args: Vec<_> = args.iter().map(|&a| a.into()).collect();
    let call = g.g.build.call(callee, &args);
    if is_bool(g.g, result) {
        g.g.build.attribute(call, AttributeLoc::Return, "zeroext");
    }
    call.try_as_basic_value().basic()
}

impl<'c> FnGen<'_, '_, 'c> {
    /// The result of an op, if both it and the call have one.
    pub fn set_maybe(&mut self, op: &OpData, value: Option<BasicValueEnum<'c>>) {
        if let (Some(value), true) = (value, !op.results.is_empty()) {
            self.set(op, value);
        }
    }

    pub fn number(&self, value: u32) -> BasicValueEnum<'c> {
        self.g.build.int(32, value.into()).into()
    }

    /// An integer in 64 bits.
    fn wide(&self, value: Value) -> BasicValueEnum<'c> {
        let extend = if self.g.is_signed(self.func.ty(value)) { Extend::Sign } else { Extend::Zero };
        self.g.build.resize(self.int(value), 64, extend).into()
    }
}

/// The address of a variable that BPF code shares, which the runtime knows.
pub fn shared_global<'c>(g: &FnGen<'_, '_, 'c>, name: &Symbol) -> inkwell::values::PointerValue<'c> {
    let mut shared = super::super::host::shared_globals(g.g.ir);
    let Some(index) = shared.position(|global| global.name == *name) else {
        crate::bug!("there is no global @{name}");
    };
    let ptr = g.g.build.ptr_type().into();
    match runtime(g, "ks_global", Some(ptr), &[g.number(index as u32)]) {
        Some(place) => place.into_pointer_value(),
        None => crate::bug!("ks_global yields a pointer"),
    }
}

pub fn load(g: &mut FnGen, op: &OpData) {
    let name = HostLoad::of(op).program();
    let Some(index) = g.g.ir.programs.iter().position(|p| p.name == *name) else {
        // Only IR text can ask for this.
        g.g.cx.error(op.loc.span, BadIr { why: format!("there is no BPF program @{name} to load") });
        g.g.failed = true;
        let none = g.number(0);
        return g.set(op, none);
    };
    let int = g.g.build.int_type(32).into();
    let handle = runtime(g, "ks_load", Some(int), &[g.number(index as u32)]);
    g.set_maybe(op, handle);
}

/// The operands that every form has.
struct Attachment<'a> {
    handle: Value,
    flags: Value,
    values: &'a [Value],
    /// What the values set, by the places of the options in the table.
    options: &'a [i128],
}

impl<'a> Attachment<'a> {
    fn of(handle: Value, flags: Value, values: &'a [Value], options: &'a [i128]) -> Attachment<'a> {
        Attachment { handle, flags, values, options }
    }
}

/// The place of a table of functions in the list of the descriptor.
fn struct_ops(g: &FnGen, name: &str) -> u32 {
    match g.g.ir.struct_ops.iter().position(|ops| &*ops.name == name) {
        Some(index) => index as u32,
        None => crate::bug!("there are no struct_ops @{name}"),
    }
}

pub fn register(g: &mut FnGen, op: &OpData) {
    let index = struct_ops(g, HostRegister::of(op).ops());
    let long = g.g.build.int_type(64).into();
    let link = runtime(g, "ks_register", Some(long), &[g.number(index)]);
    g.set_maybe(op, link);
}

pub fn unregister(g: &mut FnGen, op: &OpData) {
    let index = struct_ops(g, HostUnregister::of(op).ops());
    let int = g.g.build.int_type(32).into();
    let status = runtime(g, "ks_unregister", Some(int), &[g.number(index)]);
    g.set_maybe(op, status);
}

fn attach_to<'c>(
    g: &mut FnGen<'_, '_, 'c>,
    op: &OpData,
    made: &Attachment,
    target: (u32, BasicValueEnum<'c>, BasicValueEnum<'c>),
) {
    for (&number, &value) in made.options.iter().zip(made.values) {
        let option = usize::try_from(number).ok().and_then(|place| ATTACH_OPTIONS.get(place));
        let Some(option) = option.and_then(|option| abi::KsOption::named(option.name)) else {
            // Only IR text can ask for this.
            g.g.cx.error(op.loc.span, BadIr { why: format!("there is no option {number} of an attachment") });
            g.g.failed = true;
            return;
        };
        runtime(g, "ks_attach_option", None, &[g.number(option as u32), g.wide(value)]);
    }
    let long = g.g.build.int_type(64).into();
    let args = [g.value(made.handle), g.number(target.0), target.1, target.2, g.wide(made.flags)];
    let link = runtime(g, "ks_attach", Some(long), &args);
    g.set_maybe(op, link);
}

pub fn attach(g: &mut FnGen, op: &OpData) {
    let view = HostAttach::of(op);
    let (null, zero) = (g.g.build.null().into(), g.g.build.int(64, 0).into());
    let made = Attachment::of(view.handle(), view.flags(), view.values(), view.options());
    attach_to(g, op, &made, (abi::KS_TARGET_OWN, null, zero));
}

pub fn attach_name(g: &mut FnGen, op: &OpData) {
    let view = HostAttachName::of(op);
    let size = g.types().size_of(g.pointee(view.target()));
    let is_text = matches!(g.types().kind(g.pointee(view.target())), TyKind::Str(_));
    let kind = if is_text { abi::KS_TARGET_STRING } else { abi::KS_TARGET_OPTIONS };
    let (target, size) = (g.value(view.target()), g.g.build.int(64, size).into());
    let made = Attachment::of(view.handle(), view.flags(), view.values(), view.options());
    attach_to(g, op, &made, (kind, target, size));
}

pub fn attach_number(g: &mut FnGen, op: &OpData) {
    let view = HostAttachNumber::of(op);
    let (null, number) = (g.g.build.null().into(), g.wide(view.target()));
    let made = Attachment::of(view.handle(), view.flags(), view.values(), view.options());
    let kind = if is_handle(g, view.target()) { abi::KS_TARGET_PROGRAM } else { abi::KS_TARGET_NUMBER };
    attach_to(g, op, &made, (kind, null, number));
}

pub fn attach_map(g: &mut FnGen, op: &OpData) {
    let view = HostAttachMap::of(op);
    let (null, map) = (g.g.build.null().into(), super::map::map_index(g, view.map()).into_int_value());
    let made = Attachment::of(view.handle(), view.flags(), view.values(), view.options());
    let map = g.g.build.resize(map, 64, Extend::Zero).into();
    attach_to(g, op, &made, (abi::KS_TARGET_MAP, null, map));
}

pub fn fill(g: &mut FnGen, op: &OpData) {
    let view = HostFill::of(op);
    let size = g.types().size_of(g.pointee(view.out()));
    let mut args = g.promoted(view.args());
    args.extend([g.value(view.out()), g.g.build.int(64, size).into()]);
    runtime(g, view.symbol(), None, &args);
}

pub fn ask(g: &mut FnGen, op: &OpData) {
    let view = HostAsk::of(op);
    let size = g.types().size_of(g.pointee(view.out()));
    let mut args = g.promoted(view.args());
    args.extend([g.value(view.out()), g.g.build.int(64, size).into()]);
    let there = g.g.build.int_type(1).into();
    let there = runtime(g, view.symbol(), Some(there), &args);
    g.set_maybe(op, there);
}

pub fn c_call(g: &mut FnGen, op: &OpData) {
    let view = HostCCall::of(op);
    let (name, library) = (view.symbol().clone(), String::from_utf8_lossy(view.library()).into_owned());
    let result = op.results.first().map(|&result| g.g.value_type(g.func.ty(result)));
    let args = g.promoted(view.args());
    let params: Vec<_> = args.iter().map(|arg| arg.get_type()).collect();
    let callee = declared(g.g, &name, result, &params);
    let span = g.g.cx.c_declarations.get(&*name).copied().unwrap_or(op.loc.span);
    g.g.cx.linked.insert(Linked { library, name: name.to_string(), span });
    // Declarations of one function may differ.
    let ty = function_type(g.g.context, result, &params);
    let args: Vec<_> = args.iter().map(|&arg| arg.into()).collect();
    let call = g.g.build.call_pointer(ty, callee.as_global_value().as_pointer_value(), &args);
    if is_bool(g.g, result) {
        g.g.build.attribute(call, AttributeLoc::Return, "zeroext");
    }
    g.set_maybe(op, call.try_as_basic_value().basic());
}

pub fn format(g: &mut FnGen, op: &OpData) {
    super::print::host::format(g, op);
}

pub fn attach_check(g: &mut FnGen, op: &OpData) {
    let args = [g.value(HostAttachCheck::of(op).link())];
    runtime(g, "ks_attach_check", None, &args);
}

/// A link is 1 or more, or a negative errno.
pub fn link_status(g: &mut FnGen, op: &OpData) {
    let link = g.int(HostLinkStatus::of(op).link());
    let build = &g.g.build;
    let failed = build.compare(IntPredicate::SLT, link.into(), build.int(64, 0).into());
    let errno = build.resize(link, 32, Extend::Sign);
    let status = build.select(failed, errno.into(), build.int(32, 0).into());
    g.set(op, status);
}

pub fn detach(g: &mut FnGen, op: &OpData) {
    let what = HostDetach::of(op).what();
    let name = if is_handle(g, what) { "ks_detach_handle" } else { "ks_detach_link" };
    let args = [g.value(what)];
    status(g, op, name, &args);
}

pub fn upgrade(g: &mut FnGen, op: &OpData) {
    let view = HostUpgrade::of(op);
    let args = [g.value(view.handle()), g.value(view.other())];
    status(g, op, "ks_upgrade", &args);
}

pub fn upgrade_functions(g: &mut FnGen, op: &OpData) {
    let view = HostUpgradeFunctions::of(op);
    let args = [g.value(view.link()), g.number(struct_ops(g, view.ops()))];
    status(g, op, "ks_upgrade_functions", &args);
}

pub fn pin(g: &mut FnGen, op: &OpData) {
    let view = HostPin::of(op);
    let name = if is_handle(g, view.what()) { "ks_pin_program" } else { "ks_pin_link" };
    let args = [g.value(view.what()), g.value(view.name()), name_size(g, view.name())];
    status(g, op, name, &args);
}

pub fn pin_map(g: &mut FnGen, op: &OpData) {
    let view = HostPinMap::of(op);
    let args = [super::map::map_index(g, view.map()), g.value(view.name()), name_size(g, view.name())];
    status(g, op, "ks_pin_map", &args);
}

pub fn unpin(g: &mut FnGen, op: &OpData) {
    let what = HostUnpin::of(op).what();
    let name = if is_handle(g, what) { "ks_unpin_program" } else { "ks_unpin_link" };
    let args = [g.value(what)];
    status(g, op, name, &args);
}

pub fn unpin_map(g: &mut FnGen, op: &OpData) {
    let args = [super::map::map_index(g, HostUnpinMap::of(op).map())];
    status(g, op, "ks_unpin_map", &args);
}

pub fn unpin_name(g: &mut FnGen, op: &OpData) {
    let name = HostUnpinName::of(op).name();
    let args = [g.value(name), name_size(g, name)];
    status(g, op, "ks_unpin_name", &args);
}

fn is_handle(g: &FnGen, what: Value) -> bool {
    matches!(g.types().kind(g.func.ty(what)), TyKind::Handle(_))
}

fn name_size<'c>(g: &FnGen<'_, '_, 'c>, name: Value) -> BasicValueEnum<'c> {
    g.g.build.int(64, g.types().size_of(g.pointee(name))).into()
}

/// A function of the runtime that yields 0 or a negative errno.
fn status<'c>(g: &mut FnGen<'_, '_, 'c>, op: &OpData, name: &str, args: &[BasicValueEnum<'c>]) {
    let int = g.g.build.int_type(32).into();
    let status = runtime(g, name, Some(int), args);
    g.set_maybe(op, status);
}

/// The names of the module of the maps and variables of the program, and of its code.
pub const BINDINGS: [&str; 2] = ["ks.python.name", "ks.python.code"];

pub fn exec(g: &mut FnGen, op: &OpData) {
    let view = HostExec::of(op);
    let [name, files] = [view.name(), view.files()].map(|text| g.g.string(&[text, b"\0".as_slice()].concat()));
    let [module, code] = BINDINGS.map(|name| match g.g.module.get_global(name) {
        Some(text) => text.as_pointer_value(),
        None => crate::bug!("a module that calls `exec` has {name}"),
    });
    status(g, op, "ks_exec", &[name.into(), files.into(), module.into(), code.into()]);
}

pub fn python(g: &mut FnGen, op: &OpData) {
    super::python::call(g, op);
}

pub fn cancelled(g: &mut FnGen, op: &OpData) {
    status(g, op, "ks_cancelled", &[]);
}

pub fn exit(g: &mut FnGen, op: &OpData) {
    let args = [g.value(HostExit::of(op).status())];
    runtime(g, "ks_exit", None, &args);
}

pub fn uncaught(g: &mut FnGen, op: &OpData) {
    let view = HostUncaught::of(op);
    let file = g.g.string(&[view.file(), b"\0".as_slice()].concat());
    let args = [g.value(view.code()), file.into(), g.value(view.line())];
    runtime(g, "ks_uncaught", None, &args);
}

pub fn panic(g: &mut FnGen, op: &OpData) {
    super::print::host::panic(g, op);
}

pub fn print_value(g: &mut FnGen, op: &OpData) {
    super::print::whole::value(g, op);
}

/// A call that draws one histogram.
pub fn print_hist(g: &mut FnGen, op: &OpData) {
    super::print::histograms::print_one(g, op);
}

/// The number of values in a histogram, a `u64`.
pub fn hist_count(g: &mut FnGen, op: &OpData) {
    super::print::histograms::count(g, op);
}

/// The sum of the values of a histogram, an `i64`.
pub fn hist_sum(g: &mut FnGen, op: &OpData) {
    super::print::histograms::sum(g, op);
}

/// The last value of the bucket with a percentile, an `i64`.
pub fn hist_percentile(g: &mut FnGen, op: &OpData) {
    super::print::histograms::percentile(g, op);
}

pub fn hist_next(g: &mut FnGen, op: &OpData) {
    super::print::histograms::next(g, op);
}

/// A call of `ks_show_draw`, which has no arguments.
pub fn show_draw(g: &mut FnGen, _: &OpData) {
    runtime(g, "ks_show_draw", None, &[]);
}

pub fn parse(g: &mut FnGen, op: &OpData) {
    let view = HostParse::of(op);
    let size = |value: Value| g.g.build.int(64, g.types().size_of(g.pointee(value))).into();
    let args = [g.value(view.text()), size(view.text()), g.value(view.out()), size(view.out())];
    let int = g.g.build.int_type(32).into();
    let status = runtime(g, view.symbol(), Some(int), &args);
    g.set_maybe(op, status);
}

pub fn sysctl_read(g: &mut FnGen, op: &OpData) {
    let view = HostSysctlRead::of(op);
    setting(g, op, "ks_sysctl_read", view.out(), (view.path(), view.file(), view.line()));
}

pub fn sysctl_write(g: &mut FnGen, op: &OpData) {
    let view = HostSysctlWrite::of(op);
    setting(g, op, "ks_sysctl_write", view.value(), (view.path(), view.file(), view.line()));
}

/// Hands a place of a setting's type over with its form and size.
fn setting(g: &mut FnGen, op: &OpData, symbol: &str, place: Value, (path, file, line): (&[u8], &[u8], i128)) {
    let of = g.pointee(place);
    let kind = g.types().kind(of);
    let form = if matches!(kind, TyKind::Bool) {
        abi::KsSetting::Bool
    } else if matches!(kind, TyKind::Str(_)) {
        abi::KsSetting::Text
    } else if g.g.is_signed(of) {
        abi::KsSetting::Signed
    } else {
        abi::KsSetting::Unsigned
    };
    let size = g.g.build.int(64, g.types().size_of(of)).into();
    let [path, file] = [path, file].map(|text| g.g.string(&[text, b"\0"].concat()).into());
    let args = [path, g.number(form as u32), g.value(place), size, file, g.number(line as u32)];
    let int = g.g.build.int_type(32).into();
    let status = runtime(g, symbol, Some(int), &args);
    g.set_maybe(op, status);
}

pub fn new(g: &mut FnGen, op: &OpData) {
    if g.g.facts.verified {
        return super::objects::new(g, op);
    }
    let size = g.g.build.int(64, HostNew::of(op).size() as u64);
    let result = op.results.first().map(|&r| g.g.value_type(g.func.ty(r)));
    let value = runtime(g, "ks_new", result, &[size.into()]);
    g.set_maybe(op, value);
}

pub fn delete(g: &mut FnGen, op: &OpData) {
    if g.g.facts.verified {
        return super::objects::delete(g, op);
    }
    let pointer = g.ptr(HostDelete::of(op).pointer());
    runtime(g, "ks_delete", None, &[pointer.into()]);
}

pub fn call(g: &mut FnGen, op: &OpData) {
    let view = HostCall::of(op);
    let args = g.promoted(view.args());
    let result = op.results.first().map(|&r| g.g.value_type(g.func.ty(r)));
    let value = runtime(g, view.symbol(), result, &args);
    g.set_maybe(op, value);
}
