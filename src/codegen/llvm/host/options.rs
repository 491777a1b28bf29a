//! The options of `main`: how the runtime fills the struct that it takes.

use crate::codegen::abi::*;
use crate::codegen::llvm::emit::runtime_function;
use crate::codegen::llvm::module::ModuleGen;
use crate::codegen::llvm::module::slot_align;
use crate::ir::{OptionSpec, OptionsDecl};
use crate::types::{EnumId, FieldDef, Ty, TyKind};
use inkwell::values::{BasicValueEnum, FunctionValue, PointerValue, StructValue};

/// Lets the runtime read the command line into a new struct.
pub fn read<'c>(g: &mut ModuleGen<'_, 'c>, decl: &OptionsDecl, main: FunctionValue<'c>) -> PointerValue<'c> {
    let spec = spec(g, decl);
    let size = decl.init.len() as u64;
    let args = g.build.alloca(g.bytes_type(size), slot_align(size, 8), "args");
    call(g, spec, args.into(), main);
    args
}

/// Lets the runtime read the command line of a program whose `main` takes nothing: `--help`, and the runtime's own options.
pub fn read_none<'c>(g: &mut ModuleGen<'_, 'c>, main: FunctionValue<'c>) {
    let none: BasicValueEnum<'c> = g.build.null().into();
    let mut record = vec![none, none, g.u64(0)];
    record.extend(g.list("ks.fields", &[]));
    let spec = g.constant("ks.args", g.record(&record).into(), 8);
    call(g, spec, none, main);
}

fn call<'c>(g: &mut ModuleGen<'_, 'c>, spec: PointerValue<'c>, args: BasicValueEnum<'c>, main: FunctionValue<'c>) {
    let (int, ptr) = (g.build.int_type(32).into(), g.build.ptr_type().into());
    let callee = runtime_function(g, "ks_args", None, &[ptr, int, ptr, ptr]);
    let Some((argc, argv)) = main.get_nth_param(0).zip(main.get_nth_param(1)) else {
        crate::bug!("C's main has two parameters");
    };
    g.build.call(callee, &[spec.into(), argc.into(), argv.into(), args.into()]);
}

/// The `KsArgs`.
fn spec<'c>(g: &mut ModuleGen<'_, 'c>, decl: &OptionsDecl) -> PointerValue<'c> {
    let def = g.cx.types.struct_def(decl.ty).clone();
    let fields: Vec<_> = std::iter::zip(&def.fields, &decl.options).map(|(f, o)| field(g, f, o)).collect();
    let defaults = if decl.init.iter().all(|&b| b == 0) {
        g.build.null()
    } else {
        let image = g.context.const_string(&decl.init, false);
        g.constant("ks.defaults", image.into(), 8)
    };
    let doc = text_or_null(g, &decl.docs);
    let mut record = vec![doc, defaults.into(), g.u64(decl.init.len() as u64)];
    record.extend(g.list("ks.fields", &fields));
    g.constant("ks.args", g.record(&record).into(), 8)
}

fn text_or_null<'c>(g: &mut ModuleGen<'_, 'c>, text: &str) -> BasicValueEnum<'c> {
    g.text((!text.is_empty()).then_some(text))
}

/// A `KsField`.
fn field<'c>(g: &mut ModuleGen<'_, 'c>, field: &FieldDef, option: &OptionSpec) -> StructValue<'c> {
    let (element, count) = if let TyKind::Array(element, length) = g.cx.types.kind(field.ty) {
        (element, length as u32)
    } else {
        (field.ty, 0)
    };
    let (kind, mut flags) = kind(g, element);
    if option.required {
        flags |= KS_FIELD_REQUIRED;
    }
    if option.command {
        flags |= KS_FIELD_COMMAND;
    }
    let variants = if let TyKind::Enum(id) = g.cx.types.kind(element) { variants(g, id) } else { Vec::new() };
    let name = g.text(Some(&field.name));
    let doc = text_or_null(g, &option.docs);
    let size = g.cx.types.size_of(element) as u32;
    let mut record = vec![name, doc, g.u32(kind as u32), g.u32(flags), g.u64(field.offset), g.u32(size), g.u32(count)];
    record.extend(g.list("ks.variants", &variants));
    g.record(&record)
}

fn kind(g: &ModuleGen, ty: Ty) -> (KsFieldKind, u32) {
    let signed = g.is_signed(ty);
    match g.cx.types.kind(ty) {
        TyKind::Bool => (KsFieldKind::Bool, 0),
        TyKind::Char => (KsFieldKind::Char, 0),
        TyKind::Str(_) => (KsFieldKind::Str, 0),
        TyKind::Be { .. } => (KsFieldKind::Be, 0),
        TyKind::F64 => (KsFieldKind::F64, 0),
        TyKind::Int { .. } => (if signed { KsFieldKind::Signed } else { KsFieldKind::Unsigned }, 0),
        TyKind::Enum(_) => (KsFieldKind::Enum, if signed { KS_FIELD_SIGNED } else { 0 }),
        TyKind::Void
        | TyKind::Array(..)
        | TyKind::Struct(_)
        | TyKind::Fn(_)
        | TyKind::Ptr { .. }
        | TyKind::Opt(_)
        | TyKind::Place { .. }
        | TyKind::Handle(_)
        | TyKind::Bytes
        | TyKind::Link
        | TyKind::Null
        | TyKind::Error => crate::bug!("no option has type {}", g.cx.types.name(ty)),
    }
}

/// `KsVariant`s.
pub fn variants<'c>(g: &mut ModuleGen<'_, 'c>, id: EnumId) -> Vec<StructValue<'c>> {
    let variants = g.cx.types.enum_def(id).variants.clone();
    let record = |v: &crate::types::VariantDef| {
        let name = g.text(Some(&v.name));
        g.record(&[name, g.u64(v.value as u64)])
    };
    variants.iter().map(record).collect()
}
