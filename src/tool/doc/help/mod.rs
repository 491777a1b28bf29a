//! The options of a program as `--help` lists them, by the code of the runtime that prints that.

#[path = "../../../../runtime/src/library/decimal.rs"]
mod decimal;
#[path = "../../../../runtime/src/library/args/field.rs"]
mod field;
#[path = "../../../../runtime/src/library/args/usage.rs"]
mod usage;

/// What the runtime's code escapes values with.
mod escape {
    /// The text as a terminal may show it.
    pub fn value(text: &str) -> String {
        crate::diag::escape::value(text).into_owned()
    }
}

use crate::codegen::abi::KsFieldKind;
use crate::ir::{GlobalKind, Module, Opcode, OptionSpec, OptionsDecl, ProgramDecl};
use crate::passes::split;
use crate::tables::OpTrait;
use crate::types::{EnumId, FieldDef, Ty, TyKind, Types};
use field::{Field, Spec};

/// What `--help` of an executable says.
pub struct Help {
    /// Behind `Usage:`.
    pub synopsis: String,
    pub options: Vec<(String, String)>,
    /// The options that are not of `main`.
    pub own: Vec<(String, String)>,
    /// All of it, as it is printed.
    pub text: String,
}

/// The help of a program with this name; none without `main`.
pub fn of(types: &Types, module: &Module, program: &str) -> Option<Help> {
    module.funcs.iter().find(|func| matches!(func.role, crate::ir::Role::Main))?;
    let spec = match &module.options {
        Some(decl) => spec(types, decl, own(module)),
        None => Spec { doc: "", defaults: Vec::new(), fields: Vec::new(), own: own(module) },
    };
    Some(Help {
        synopsis: usage::synopsis(&spec, program),
        options: usage::rows(&spec),
        own: spec.own.clone(),
        text: usage::usage(&spec, program),
    })
}

/// The options that have an effect in this program.
fn own(module: &Module) -> Vec<(String, String)> {
    let pins = module.maps.iter().any(|map| map.pinned)
        || module.globals.iter().any(|global| global.kind == GlobalKind::Pinned);
    let in_kernel = |func: &&crate::ir::Function| func.targets.any(|on| on.in_kernel && !on.is_module);
    let prints = module.funcs.iter().filter(in_kernel).any(|func| func.ids_of(Opcode::KsPrint).next().is_some());
    let kept = |program: &ProgramDecl| {
        let form = program.spec.form(program.mode);
        form.and_then(|form| form.attach.form()).is_some_and(|form| form.kept)
    };
    let replaces = split::programs(module).iter().any(kept);
    let tables = module.funcs.iter().any(|func| func.has(OpTrait::PrintsWhole));
    let rows = [
        (tables, usage::OUTPUT),
        (!module.metrics.is_empty(), usage::METRICS),
        (tables, usage::JSON),
        (replaces, usage::REPLACE),
        (replaces, usage::PIN_LINKS),
        (pins, usage::RESET_PINS),
        (prints, usage::PRINT_TRACE),
        (true, usage::HELP_ROW),
    ];
    let rows = rows.into_iter().filter(|(acts, _)| *acts);
    rows.map(|(_, (option, note))| (option.to_owned(), note.to_owned())).collect()
}

fn spec<'a>(types: &'a Types, decl: &'a OptionsDecl, own: Vec<(String, String)>) -> Spec<'a> {
    let fields = &types.struct_def(decl.ty).fields;
    let fields = std::iter::zip(fields, &decl.options).map(|(def, option)| field(types, def, option)).collect();
    Spec { doc: &decl.docs, defaults: decl.init.clone(), fields, own }
}

fn field<'a>(types: &'a Types, def: &'a FieldDef, option: &'a OptionSpec) -> Field<'a> {
    let (element, count) = if let TyKind::Array(element, length) = types.kind(def.ty) {
        (element, Some(length as usize))
    } else {
        (def.ty, None)
    };
    let signed = types.as_int(element).is_some_and(|(_, signed)| signed);
    let variants = |id: EnumId| types.enum_def(id).variants.iter().map(|v| (v.name.as_str(), v.value as i64)).collect();
    let (kind, variants) = if let TyKind::Enum(id) = types.kind(element) {
        (KsFieldKind::Enum, variants(id))
    } else {
        (kind(types, element, signed), Vec::new())
    };
    let is_signed =
        signed || matches!(types.kind(element), TyKind::Enum(id) if is_signed(types, types.enum_def(id).repr));
    Field {
        name: &def.name,
        doc: &option.docs,
        kind,
        signed: is_signed,
        required: option.required,
        command: option.command,
        offset: def.offset as usize,
        size: types.size_of(element) as usize,
        count,
        variants,
    }
}

fn is_signed(types: &Types, ty: Ty) -> bool {
    types.as_int(ty).is_some_and(|(_, signed)| signed)
}

/// The checker lets no other types be options.
fn kind(types: &Types, ty: Ty, signed: bool) -> KsFieldKind {
    let kind = types.kind(ty);
    if kind == TyKind::Bool {
        KsFieldKind::Bool
    } else if kind == TyKind::Char {
        KsFieldKind::Char
    } else if kind == TyKind::F64 {
        KsFieldKind::F64
    } else if let TyKind::Str(_) = kind {
        KsFieldKind::Str
    } else if let TyKind::Be { .. } = kind {
        KsFieldKind::Be
    } else if signed {
        KsFieldKind::Signed
    } else {
        KsFieldKind::Unsigned
    }
}
