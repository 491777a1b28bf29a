//! What a name stands for, in words for people: signatures, layouts, comments.

use super::analysis::{Analysis, Declaration, fields};
use crate::ast::{Item, ItemKind, TypeKind};
use crate::source::Span;
use crate::tables::{BuiltinSpec, KFUNCS, MAP_KINDS, MapKindSpec, MapMethodSpec};
use crate::tool::list::declared;
use crate::types::{EnumId, StructId, Ty, TyKind};
use crate::uses::Meaning;

/// The most lines of a declaration that are shown whole.
const MAX_LINES: usize = 40;

/// A declaration in the language, and what is said about it in Markdown.
#[derive(Default)]
pub struct Shown {
    pub code: String,
    pub text: String,
}

impl Shown {
    fn of(code: impl Into<String>) -> Shown {
        Shown { code: code.into(), text: String::new() }
    }

    fn with(mut self, text: impl AsRef<str>) -> Shown {
        if !text.as_ref().is_empty() {
            if !self.text.is_empty() {
                self.text.push_str("\n\n");
            }
            self.text.push_str(text.as_ref());
        }
        self
    }

    /// As one text of Markdown.
    pub fn markdown(&self) -> String {
        let rule = if self.text.is_empty() { "" } else { "\n\n---\n\n" };
        format!("```kernelscript\n{}\n```{rule}{}", self.code, self.text)
    }
}

/// What a name stands for; none where the program does not say.
pub fn meaning(analysis: &Analysis, name: &str, meaning: &Meaning) -> Option<Shown> {
    let types = &analysis.cx.types;
    Some(match meaning {
        Meaning::Local { ty: Ty::ERROR, .. } => Shown::of(name),
        Meaning::Local { ty, .. } => Shown::of(format!("var {name}: {}", types.name(*ty))),
        Meaning::Declared(at) => return declaration(analysis, *at),
        Meaning::Field { of, field } => return field_of(analysis, *of, *field),
        Meaning::Variant { of, variant } => return variant_of(analysis, *of, *variant),
        Meaning::Type(ty) => of_type(analysis, name, *ty),
        Meaning::Constant(value) => Shown::of(format!("const {name} = {value}")),
        Meaning::Builtin(spec) => Shown::of(builtin(spec)).with(sides(spec)),
        Meaning::Helper(spec) => Shown::of(declared::helper(spec.name).join("\n")).with(helper_notes(spec)),
        Meaning::MapMethod(kind, spec) => Shown::of(method(kind, spec)),
        Meaning::Method(spec) => Shown::of(spec.form).with(spec.summary),
    })
}

/// A declaration of the program by the place of its name.
pub fn declaration(analysis: &Analysis, at: Span) -> Option<Shown> {
    match analysis.declaration(at)? {
        Declaration::Function(item, decl) => {
            let begin =
                if decl.name.span.lo < item.span.lo { decl.name.span.lo } else { begin_of(item, decl.name.span) };
            let end = decl.body.as_ref().map_or(item.span.hi, |body| body.span.lo);
            let header = analysis.cx.sources.text(Span { lo: begin, hi: end.max(begin), ..item.span });
            let shown = Shown::of(header.trim_end().trim_end_matches('{').trim_end());
            Some(shown.with(item.docs.join("\n")).with(kernel_notes(item)))
        }
        Declaration::Item(item) => Some(whole(analysis, item)),
        Declaration::Field(item, field) => {
            let of = analysis.struct_at(item.kind.name()?.span)?;
            let index = analysis.cx.types.struct_def(of).field(&field.name.name)?;
            field_of(analysis, of, index)
        }
        Declaration::Variant(item, variant) => variant_of(analysis, analysis.enum_at(item.kind.name()?.span)?, variant),
    }
}

/// Functions of an `impl` begin in the middle of their item.
fn begin_of(item: &Item, name: Span) -> u32 {
    if let ItemKind::Fn(_) = item.kind { item.span.lo } else { name.lo }
}

fn whole(analysis: &Analysis, item: &Item) -> Shown {
    let text = analysis.cx.sources.text(item.span);
    let mut code: Vec<&str> = text.lines().take(MAX_LINES).collect();
    if text.lines().count() > MAX_LINES {
        code.push("…");
    }
    let mut shown = Shown::of(code.join("\n")).with(item.docs.join("\n")).with(kernel_notes(item));
    if !fields(item).is_empty()
        && let Some(of) = item.kind.name().and_then(|name| analysis.struct_at(name.span))
        && !matches!(item.kind, ItemKind::Config(_))
    {
        shown = shown.with(layout(analysis, of));
    }
    shown
}

/// The offsets and sizes of the fields of a struct in bytes, with the bytes between them.
pub fn layout(analysis: &Analysis, of: StructId) -> String {
    let types = &analysis.cx.types;
    let def = types.struct_def(of);
    let mut rows = vec!["| offset | size | field |".to_owned(), "| ---: | ---: | --- |".to_owned()];
    let mut end = 0;
    for field in def.fields.iter().filter(|field| !field.name.is_empty()) {
        if field.offset > end {
            rows.push(format!("| {end} | {} | *padding* |", field.offset - end));
        }
        let size = types.size_of(field.ty);
        let bits = field.bits.map_or(String::new(), |bits| format!(" ({} bits)", bits.width));
        rows.push(format!("| {} | {size} | `{}: {}`{bits} |", field.offset, field.name, types.name(field.ty)));
        end = end.max(field.offset + size);
    }
    if def.size > end {
        rows.push(format!("| {end} | {} | *padding* |", def.size - end));
    }
    rows.push(format!("\n{} bytes, aligned to {}", def.size, def.align));
    rows.join("\n")
}

fn field_of(analysis: &Analysis, of: StructId, field: usize) -> Option<Shown> {
    let types = &analysis.cx.types;
    let def = types.struct_def(of);
    let decl = def.fields.get(field)?;
    let size = types.size_of(decl.ty);
    let code = format!("{}.{}: {}", def.name, decl.name, types.name(decl.ty));
    let place = match def.origin.is_relocated() {
        true => "A field of the kernel; the loader finds its offset in the types of the running kernel.".to_owned(),
        false => format!("{size} bytes at offset {}", decl.offset),
    };
    let mut shown = Shown::of(code);
    if let Some(Declaration::Item(item)) = def.span.and_then(|at| analysis.declaration(at))
        && let Some(written) = fields(item).iter().find(|written| written.name.name == decl.name)
    {
        shown = shown.with(written.docs.join("\n"));
    }
    Some(shown.with(place))
}

fn variant_of(analysis: &Analysis, of: EnumId, variant: usize) -> Option<Shown> {
    let def = analysis.cx.types.enum_def(of);
    let decl = def.variants.get(variant)?;
    let shown = Shown::of(format!("{}::{} = {}", def.name, decl.name, decl.value));
    let item = def.span.and_then(|at| analysis.declaration(at));
    let Some(Declaration::Item(Item { kind: ItemKind::Enum(written), .. })) = item else { return Some(shown) };
    let docs = written.variants.iter().find(|of| of.name.name == decl.name).map(|of| of.docs.join("\n"));
    Some(shown.with(docs.unwrap_or_default()))
}

fn of_type(analysis: &Analysis, name: &str, ty: Ty) -> Shown {
    let types = &analysis.cx.types;
    if let Some(shown) = analysis.declared_at(&Meaning::Type(ty)).and_then(|at| declaration(analysis, at)) {
        return shown;
    }
    if let TyKind::Struct(id) = types.kind(ty) {
        let def = types.struct_def(id);
        let shown = Shown::of(format!("struct {}", def.name));
        return match def.origin.is_relocated() {
            true => {
                shown.with("A struct of the kernel, as the types of this machine's kernel, or of `--btf`, have it.")
            }
            false => shown.with(layout(analysis, id)),
        };
    }
    if let TyKind::Enum(id) = types.kind(ty) {
        let def = types.enum_def(id);
        let variants = def.variants.iter().take(MAX_LINES).map(|of| format!("    {} = {},", of.name, of.value));
        return Shown::of(format!("enum {} {{\n{}\n}}", def.name, variants.collect::<Vec<_>>().join("\n")));
    }
    Shown::of(format!("type {name}")).with(format!("{} bytes", types.size_of(ty)))
}

/// A kind of maps: its form, its other names, and since which kernel there is one.
pub fn kind_of_map(kind: &MapKindSpec) -> Shown {
    let since = kind.since.map_or(String::new(), |(major, minor)| format!("Since Linux {major}.{minor}."));
    Shown::of(kind.name).with(declared::map(kind.name).join(", ")).with(since)
}

/// A builtin function with its parameters.
pub fn builtin(spec: &BuiltinSpec) -> String {
    let params: Vec<String> = spec.params.iter().map(|(name, ty)| format!("{name}: {ty}")).collect();
    let result = if spec.result == "void" { String::new() } else { format!(" -> {}", spec.result) };
    format!("fn {}({}){result}", spec.name, params.join(", "))
}

fn sides(spec: &BuiltinSpec) -> String {
    match (spec.host.is_some(), spec.bpf.is_some()) {
        (true, false) => "In user space.".to_owned(),
        (false, true) => "In BPF code.".to_owned(),
        (true, true) => "In user space and in BPF code.".to_owned(),
        (false, false) => String::new(),
    }
}

fn helper_notes(spec: &crate::tables::HelperSpec) -> String {
    let types: Vec<&str> = spec.programs.iter().flat_map(|of| of.types).copied().collect();
    let since = spec.since.map_or(String::new(), |(major, minor)| format!("Since Linux {major}.{minor}. "));
    let gpl = if spec.gpl_only { " Only under a license compatible with the GPL." } else { "" };
    let sleeps = if spec.may_sleep { " Only in programs that may sleep." } else { "" };
    let programs =
        if types.is_empty() { String::new() } else { format!("In programs of the types {}.", types.join(", ")) };
    format!("{since}{programs}{gpl}{sleeps}")
}

/// A method of maps with its parameters.
pub fn method(kind: &MapKindSpec, spec: &MapMethodSpec) -> String {
    let params = spec.params.iter().chain(&spec.tail).map(|(name, ty)| format!("{name}: {ty}"));
    let params: Vec<String> = params.collect();
    let result = if spec.result == "void" { String::new() } else { format!(" -> {}", spec.result) };
    format!("{}.{}({}){result}", kind.name, spec.written.unwrap_or(spec.name), params.join(", "))
}

/// Since when kernels have what a declaration is of: a type of programs, a kind of maps, a function of the kernel.
fn kernel_notes(item: &Item) -> String {
    let since = |since: Option<(u32, u32)>| {
        since.map_or(String::new(), |(major, minor)| format!(", since Linux {major}.{minor}"))
    };
    if let ItemKind::Extern(decl) = &item.kind
        && let Some(spec) = KFUNCS.iter().find(|spec| spec.name == decl.name.name)
    {
        return format!("A function of the kernel{}.", since(spec.since));
    }
    if let ItemKind::Var(decl) = &item.kind
        && let Some(ty) = &decl.ty
        && let TypeKind::Applied { name, .. } = &ty.kind
        && let Some(kind) =
            MAP_KINDS.iter().find(|kind| kind.name == name.name || kind.aliases.contains(&name.name.as_str()))
    {
        return format!("A map of the kind `{}`{}.", kind.name, since(kind.since));
    }
    let spec = item.attributes.iter().find_map(|of| crate::tables::program_type(&of.name.name));
    let Some(spec) = spec else { return String::new() };
    let first = spec.forms.iter().find_map(|form| form.since);
    format!("A program of the type `{}`{}.", spec.name, since(first))
}
