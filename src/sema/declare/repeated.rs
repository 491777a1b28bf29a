//! Contexts, enums of actions and packet headers that the program declares again, as headers copied from C do. Such a
//! declaration only names members: the type is the whole predefined one.

use super::Declare;
use crate::ast::{EnumDecl, FieldDecl, Ident, StructDecl, TypeKind};
use crate::diag::codes::names::{DefaultOfKernel, DuplicateMember, KernelDiffers, NotOfKernel, NotOfThisKernel};
use crate::sema::consts;
use crate::sema::env::Entity;
use crate::sema::predefined::{later_fields, packet_pointer};
use crate::sema::scope::Scope;
use crate::sema::similar;
use crate::sema::types::{Position, resolve, resolve_bare};
use crate::session::Session;
use crate::source::Span;
use crate::tables::{ENUMS, PACKET, PROGRAMS};
use crate::types::{FieldDef, Origin, Ty, TyKind, Types};
use std::collections::HashMap;

/// A declaration that differs from the kernel's.
struct Difference {
    what: String,
    kernel: String,
    written: String,
    span: Span,
}

impl Difference {
    /// The difference of a type, or of a member of it.
    fn of(member: Option<&Ident>, of: &str, kernel: String, written: String, span: Span) -> Difference {
        let what = member.map_or(format!("`{of}`"), |member| format!("`{}` of `{of}`", member.name));
        Difference { what, kernel, written, span }
    }
}

impl Declare<'_> {
    /// The predefined struct that the declaration repeats. Only headers repeat structs that the kernel keeps in maps.
    pub(super) fn repeated_struct(&self, cx: &Session, name: &Ident, fields: &[FieldDecl], header: bool) -> Option<Ty> {
        let Entity::Type(ty) = self.env.predefined.get(name.name.as_str())?.entity else { return None };
        let TyKind::Struct(id) = cx.types.kind(ty) else { return None };
        let def = cx.types.struct_def(id);
        let repeated = if def.origin == Origin::Kernel {
            let known = |field: &FieldDecl| def.field(&field.name.name).is_some();
            header && def.name != PACKET && fields.iter().any(known)
        } else if def.origin == Origin::Special {
            header
        } else {
            matches!(def.origin, Origin::Context | Origin::Object | Origin::Packet)
        };
        repeated.then_some(ty)
    }

    /// The predefined enum that the declaration repeats. One that no program returns is repeated by headers alone.
    pub(super) fn repeated_enum(&self, cx: &mut Session, decl: &EnumDecl, header: bool) -> Option<Ty> {
        let Some(predefined) = self.env.predefined.get(decl.name.name.as_str()) else {
            return if header { kernel_enum(cx, decl) } else { None };
        };
        let Entity::Type(ty) = predefined.entity else { return None };
        let TyKind::Enum(id) = cx.types.kind(ty) else { return None };
        let def = cx.types.enum_def(id);
        let known = |name: &str| def.variants.iter().any(|variant| variant.name == name);
        let named = || decl.variants.iter().any(|variant| known(&variant.name.name));
        (is_action(&def.name) || header && named()).then_some(ty)
    }

    /// Whether two declarations repeat one predefined type, as several headers may.
    pub(super) fn repeat_one_type(&self, cx: &Session, first: usize, second: usize) -> bool {
        let predefined = |index: usize| {
            if let Entity::Type(ty) = self.entries[index].entity {
                is_predefined(&cx.types, ty).then_some(ty)
            } else {
                None
            }
        };
        predefined(first).is_some() && predefined(first) == predefined(second)
    }

    /// Checks the fields that a repetition names against those of the struct.
    pub(super) fn check_struct(&mut self, cx: &mut Session, ty: Ty, name: &Ident, fields: &[FieldDecl]) {
        let TyKind::Struct(id) = cx.types.kind(ty) else { return };
        let def = cx.types.struct_def(id).clone();
        if def.origin == Origin::Special {
            return;
        }
        check_twice(cx, fields.iter().map(|field| &field.name), "fields", format!("`{}`", name.name));
        let later = later_fields(&def);
        let mut differences = Vec::new();
        for field in fields.iter().filter(|field| !later.contains(&field.name.name.as_str())) {
            if def.origin.is_relocated() {
                differences.extend(self.kernel_field(cx, ty, field));
                continue;
            }
            // The elements of an array are fields, by their indexes.
            let elements = (0..).map_while(|index| def.field(&format!("{}.{index}", field.name.name))).count();
            if let Some(first) = def.field(&format!("{}.0", field.name.name)) {
                let element = def.fields[first].ty;
                let written = resolve_bare(cx, self, &field.ty, Position::Field);
                let agrees = matches!(cx.types.kind(written), TyKind::Array(of, length)
                    if length == elements as u64 && same_form(&cx.types, element, of));
                if written != Ty::ERROR && !agrees {
                    let (element, written) = (cx.types.name(element), cx.types.name(written));
                    let kernel = format!("{element}[{elements}]");
                    differences.push(Difference::of(Some(&field.name), &name.name, kernel, written, field.ty.span));
                }
                continue;
            }
            let Some(index) = def.field(&field.name.name) else {
                let names = def.fields.iter().map(|field| field.name.as_str());
                not_of_kernel(cx, &field.name, ("field", &def.name), names);
                continue;
            };
            if let Some(default) = &field.default {
                cx.error(default.span, DefaultOfKernel { name: field.name.name.clone(), of: def.name.clone() });
            }
            if packet_pointer(&cx.types, def.fields[index].ty) && matches!(field.ty.kind, TypeKind::Pointer { .. }) {
                continue;
            }
            let written = resolve_bare(cx, self, &field.ty, Position::Field);
            if written == Ty::ERROR || !self.complete(cx, written, field.ty.span) {
                continue;
            }
            if !agrees(&cx.types, &def.fields[index], written) {
                let (kernel, written) = (cx.types.name(def.fields[index].ty), cx.types.name(written));
                differences.push(Difference::of(Some(&field.name), &name.name, kernel, written, field.ty.span));
            }
        }
        warn(cx, differences);
    }

    /// The difference of a field of the kernel's own types, if there is one. A field that only other kernels have is a warning.
    fn kernel_field(&mut self, cx: &mut Session, of: Ty, field: &FieldDecl) -> Option<Difference> {
        let TyKind::Struct(id) = cx.types.kind(of) else { return None };
        let (name, of) = (&field.name, cx.types.struct_def(id).name.clone());
        let found = cx.kernel_types.field(&mut cx.types, id, &name.name).ok()?;
        let Some(index) = found else {
            let flavour = format!("struct {of}___x {{ {}: … }}", name.name);
            cx.warn(name.span, NotOfThisKernel { name: name.name.clone(), of })
                .help(format!("for a field that other kernels have, declare `{flavour}`, and ask `exists`"));
            return None;
        };
        let written = resolve_bare(cx, self, &field.ty, Position::Field);
        if written == Ty::ERROR || !self.complete(cx, written, field.ty.span) {
            return None;
        }
        let real = cx.types.struct_def(id).fields[index].clone();
        let differs = !agrees(&cx.types, &real, written);
        let (kernel, written) = (cx.types.name(real.ty), cx.types.name(written));
        differs.then(|| Difference::of(Some(name), &of, kernel, written, field.ty.span))
    }

    /// Checks the variants that a repetition names against those of the enum.
    pub(super) fn check_enum(&mut self, cx: &mut Session, ty: Ty, decl: &EnumDecl) {
        let TyKind::Enum(id) = cx.types.kind(ty) else { return };
        let def = cx.types.enum_def(id).clone();
        let of = format!("enum `{}`", decl.name.name);
        check_twice(cx, decl.variants.iter().map(|variant| &variant.name), "variants", of);
        let mut differences = Vec::new();
        if let Some(written) = &decl.repr {
            let repr = resolve(cx, self, written, Position::Value);
            if repr != Ty::ERROR && !same_form(&cx.types, def.repr, repr) {
                let (kernel, repr) = (cx.types.name(def.repr), cx.types.name(repr));
                differences.push(Difference::of(None, &decl.name.name, kernel, repr, written.span));
            }
        }
        let mut next = 0;
        for variant in &decl.variants {
            let name = &variant.name;
            let value = match &variant.value {
                Some(expr) => consts::integer(cx, self, expr),
                None => Some(next),
            };
            let real = def.variants.iter().find(|real| real.name == name.name);
            next = value.or(real.map(|real| real.value)).unwrap_or(next) + 1;
            let Some(real) = real else {
                let names = def.variants.iter().map(|variant| variant.name.as_str());
                not_of_kernel(cx, name, ("variant", &def.name), names);
                continue;
            };
            if let Some(value) = value.filter(|&value| value != real.value) {
                let (kernel, written) = (real.value.to_string(), value.to_string());
                let span = variant.value.as_ref().map_or(name.span, |expr| expr.span);
                differences.push(Difference::of(Some(name), &decl.name.name, kernel, written, span));
            }
        }
        warn(cx, differences);
    }
}

/// The names of the fields that a struct is declared with.
pub(super) fn field_names(decl: &StructDecl) -> impl Iterator<Item = &str> {
    decl.fields.iter().map(|field| field.name.name.as_str())
}

/// The struct of the kernel that one of a header repeats: it has the name, and a field.
pub(super) fn kernel_struct(cx: &mut Session, decl: &StructDecl) -> Option<Ty> {
    let ty = cx.kernel_types.named(&mut cx.types, &decl.name.name)?.ok()?;
    let TyKind::Struct(id) = cx.types.kind(ty) else { return None };
    let names = cx.kernel_types.field_names(id);
    field_names(decl).any(|field| names.iter().any(|name| name == field)).then_some(ty)
}

/// The kernel's enum that a declaration repeats: it has the name, and a variant.
fn kernel_enum(cx: &mut Session, decl: &EnumDecl) -> Option<Ty> {
    let ty = cx.kernel_types.named(&mut cx.types, &decl.name.name)?.ok()?;
    let TyKind::Enum(id) = cx.types.kind(ty) else { return None };
    let variants = &cx.types.enum_def(id).variants;
    let known = |name: &str| variants.iter().any(|variant| variant.name == name);
    decl.variants.iter().any(|variant| known(&variant.name.name)).then_some(ty)
}

fn is_predefined(types: &Types, ty: Ty) -> bool {
    if let TyKind::Struct(id) = types.kind(ty) {
        return types.struct_def(id).span.is_none();
    }
    if let TyKind::Enum(id) = types.kind(ty) { types.enum_def(id).span.is_none() } else { false }
}

/// Whether programs return values of the enum.
fn is_action(name: &str) -> bool {
    let returned = |name: &str| PROGRAMS.iter().any(|spec| spec.result == name || spec.as_integers.contains(&name));
    returned(name) || ENUMS.iter().any(|spec| spec.name == name && spec.into.iter().any(|into| returned(into)))
}

/// Whether a field is declared as wide and in the byte order that it has.
fn agrees(types: &Types, field: &FieldDef, written: Ty) -> bool {
    // `data` and its like may be integers of any width; so may bit-fields.
    if field.bits.is_some() || packet_pointer(types, field.ty) {
        return types.as_int(written).is_some() || written == Ty::BOOL;
    }
    same_form(types, field.ty, written)
}

fn same_form(types: &Types, kernel: Ty, written: Ty) -> bool {
    match (types.kind(kernel), types.kind(written)) {
        (TyKind::Be { bits }, TyKind::Be { bits: other }) => bits == other,
        (TyKind::Be { .. }, _) | (_, TyKind::Be { .. }) => false,
        (TyKind::Array(kernel, length), TyKind::Array(written, other)) => {
            length == other && same_form(types, kernel, written)
        }
        (TyKind::Array(..) | TyKind::Struct(_), _) | (_, TyKind::Array(..) | TyKind::Struct(_)) => kernel == written,
        _ => types.size_of(kernel) == types.size_of(written),
    }
}

fn check_twice<'n>(cx: &mut Session, names: impl Iterator<Item = &'n Ident>, what: &str, of: String) {
    let mut firsts: HashMap<&str, Span> = HashMap::new();
    for name in names {
        if let Some(&first) = firsts.get(name.name.as_str()) {
            let twice = DuplicateMember { name: name.name.clone(), what: what.to_owned(), of: of.clone() };
            cx.error(name.span, twice).note(first, "first here");
        } else {
            firsts.insert(&name.name, name.span);
        }
    }
}

fn not_of_kernel<'n>(
    cx: &mut Session,
    name: &Ident,
    (what, of): (&str, &str),
    members: impl Iterator<Item = &'n str> + Clone,
) {
    let near = similar::best(&name.name, members.clone());
    let all: Vec<String> = members.map(|member| format!("`{member}`")).collect();
    let wrong = NotOfKernel { name: name.name.clone(), what: what.to_owned(), of: of.to_owned() };
    let error = cx.error(name.span, wrong);
    match near {
        Some(near) => error.help(format!("did you mean `{near}`?")).fix(name.span, near),
        None => error.help(format!("it has {}; a type of the program's own has another name", all.join(", "))),
    };
}

/// One warning for a declaration, at the first of its members that is other than the kernel's.
fn warn(cx: &mut Session, differences: Vec<Difference>) {
    let mut differences = differences.into_iter();
    let Some(Difference { what, kernel, written, span }) = differences.next() else { return };
    let warning = cx.warn(span, KernelDiffers { what, kernel, written });
    for Difference { what, kernel, span, .. } in differences {
        warning.note(span, format!("{what} is `{kernel}`"));
    }
    warning.remark("the kernel's is used, whatever is declared");
}
