//! Enums: values of the variants, the integer that stores them, and variants as names of the file.

use super::{Declare, State};
use crate::ast::{EnumDecl, Ident, ItemKind, VariantDecl};
use crate::diag::codes::names::DuplicateMember;
use crate::diag::codes::types::{EnumRepr, NoMembers, VariantRange};
use crate::fold;
use crate::sema::consts;
use crate::sema::env::{Declared, Entity, Variants};
use crate::sema::scope::Found;
use crate::sema::tree::Const;
use crate::sema::types::{Position, resolve};
use crate::session::Session;
use crate::source::Span;
use crate::types::{EnumId, Ty, TyKind, VariantDef};
use std::collections::HashMap;

impl Declare<'_> {
    pub(super) fn enumeration(&mut self, cx: &mut Session, ty: Ty, decl: &EnumDecl) -> Option<Entity> {
        let TyKind::Enum(id) = cx.types.kind(ty) else {
            crate::bug!("the enum `{}` is none", decl.name.name);
        };
        if cx.types.enum_def(id).span.is_none() {
            self.check_enum(cx, ty, decl);
            return Some(Entity::Type(ty));
        }
        if decl.variants.is_empty() {
            cx.error(decl.name.span, NoMembers { name: decl.name.name.clone(), what: "variants".to_owned() });
        }
        let repr = decl.repr.as_ref().map(|written| {
            let ty = resolve(cx, self, written, Position::Value);
            if !matches!(cx.types.kind(ty), TyKind::Int { .. } | TyKind::Error) {
                let ty = cx.types.name(ty);
                cx.error(written.span, EnumRepr { ty }).help("write an integer type, such as `u8`");
                return Ty::ERROR;
            }
            ty
        });
        let mut names: HashMap<&str, Span> = HashMap::new();
        for variant in &decl.variants {
            let first = *names.entry(&variant.name.name).or_insert(variant.name.span);
            self.variant(cx, id, decl, (variant, first));
        }
        let repr = repr.unwrap_or_else(|| smallest_repr(cx, id));
        cx.types.enum_def_mut(id).repr = if repr == Ty::ERROR { Ty::I64 } else { repr };
        if repr != Ty::ERROR {
            check_ranges(cx, id, repr, &decl.variants);
        }
        Some(Entity::Type(ty))
    }

    /// The next variant; those before it are known already.
    /// `first` is where one of its name is declared first.
    fn variant(&mut self, cx: &mut Session, id: EnumId, decl: &EnumDecl, (variant, first): (&VariantDecl, Span)) {
        let name = &variant.name;
        if first != name.span {
            let of = format!("enum `{}`", decl.name.name);
            let twice = DuplicateMember { name: name.name.clone(), what: "variants".to_owned(), of };
            cx.error(name.span, twice).note(first, "first here");
            return;
        }
        let next = cx.types.enum_def(id).variants.last().map_or(0, |last| last.value + 1);
        let value = match &variant.value {
            Some(expr) => consts::integer(cx, self, expr).unwrap_or(next),
            None => next,
        };
        let def = VariantDef { name: name.name.clone(), value, span: Some(name.span) };
        cx.types.enum_def_mut(id).variants.push(def);
    }

    /// The value of a variant of the file's enum `index`; resolves the enum unless that is going on already.
    pub(super) fn variant_value(&mut self, cx: &mut Session, index: usize, name: &str) -> Option<(EnumId, i128)> {
        if self.entries[index].state == State::Todo {
            self.resolve(cx, index, None);
        }
        let id = enum_of(cx, &self.entries[index].entity)?;
        let found = cx.types.enum_def(id).variants.iter().find(|v| v.name == name)?;
        Some((id, found.value))
    }

    /// What a variant's name means: variants of the file, and predefined ones of the same name.
    pub(super) fn find_variant(&mut self, cx: &mut Session, name: &str) -> Found {
        let enums = self.own().by_variant.get(name).cloned().unwrap_or_default();
        let mut variants = Vec::new();
        for &index in &enums {
            let value = self.variant_value(cx, index, name);
            match value {
                // While the enum's own values are being evaluated its variants are plain numbers.
                Some((_, value)) if self.entries[index].state == State::Busy => {
                    let entity = Entity::Const { value: Const::Int(value), ty: None };
                    return Found::Declared(Declared { entity, span: None });
                }
                // Several headers may repeat one enum.
                Some(variant) if variants.contains(&variant) => {}
                Some(variant) => variants.push(variant),
                None => {
                    self.resolve(cx, index, None);
                    return Found::Broken;
                }
            }
        }
        let entity = Entity::Variants(self.with_hidden(variants, name));
        Found::Declared(Declared { entity, span: self.variant_span(name) })
    }

    /// The variants that the module declares under the name, and those that they hide.
    fn with_hidden(&self, visible: Vec<(EnumId, i128)>, name: &str) -> Variants {
        let mut hidden = Vec::new();
        if let Some(Declared { entity: Entity::Variants(predefined), .. }) = self.env.predefined.get(name) {
            hidden.extend(predefined.visible.iter().filter(|variant| !visible.contains(variant)));
        }
        Variants { visible, hidden }
    }

    fn variant_span(&self, name: &str) -> Option<crate::source::Span> {
        let index = *self.own().by_variant.get(name)?.first()?;
        let ItemKind::Enum(decl) = &self.entries[index].item.kind else { return None };
        decl.variants.iter().find(|v| v.name.name == name).map(|v| v.name.span)
    }

    pub(super) fn publish_variant(&mut self, cx: &Session, name: &Ident) {
        let published = &self.env.names[self.module.0 as usize];
        if self.own().by_name.contains_key(name.name.as_str()) || published.contains_key(&name.name) {
            return;
        }
        let enums = self.own().by_variant.get(name.name.as_str()).cloned().unwrap_or_default();
        let mut variants = Vec::new();
        for index in enums {
            let Some(id) = enum_of(cx, &self.entries[index].entity) else { continue };
            let found = cx.types.enum_def(id).variants.iter().find(|v| v.name == name.name);
            variants.extend(found.map(|v| (id, v.value)).filter(|variant| !variants.contains(variant)));
        }
        let entity =
            if variants.is_empty() { Entity::Broken } else { Entity::Variants(self.with_hidden(variants, &name.name)) };
        let declared = Declared { entity, span: Some(name.span) };
        self.env.names[self.module.0 as usize].insert(name.name.clone(), declared);
    }
}

fn enum_of(cx: &Session, entity: &Entity) -> Option<EnumId> {
    let Entity::Type(ty) = entity else { return None };
    if let TyKind::Enum(id) = cx.types.kind(*ty) { Some(id) } else { None }
}

/// `u32`, with negative values `i32`; with large ones `u64` or `i64`.
fn smallest_repr(cx: &Session, id: EnumId) -> Ty {
    let values = || cx.types.enum_def(id).variants.iter().map(|v| v.value);
    let (low, high) = (values().min().unwrap_or(0), values().max().unwrap_or(0));
    let holds = |bits, signed| fold::fits(low, bits, signed) && fold::fits(high, bits, signed);
    match low < 0 {
        true if holds(32, true) => Ty::I32,
        true => Ty::I64,
        false if holds(32, false) => Ty::U32,
        false => Ty::U64,
    }
}

fn check_ranges(cx: &mut Session, id: EnumId, repr: Ty, decls: &[VariantDecl]) {
    let Some((bits, signed)) = cx.types.as_int(repr) else { return };
    for decl in decls {
        let def = cx.types.enum_def_mut(id);
        let Some(variant) = def.variants.iter_mut().find(|v| v.name == decl.name.name) else { continue };
        let value = variant.value;
        if fold::fits(value, bits, signed) {
            continue;
        }
        variant.value = fold::wrap(value, bits, signed);
        let span = decl.value.as_ref().map_or(decl.name.span, |expr| expr.span);
        let (value, repr) = (value.to_string(), cx.types.name(repr));
        cx.error(span, VariantRange { name: decl.name.name.clone(), value, repr });
    }
}
