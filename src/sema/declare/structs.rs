//! Structs, and the fields of configs: types, C layout, defaults.

use super::bits::{self, refuse_in_union};
use super::{Declare, Entry, flavours, report_depth};
use crate::ast::{Expr, ExprKind, FieldDecl, Ident, ItemKind, TypeKind};
use crate::diag::codes::names::DuplicateMember;
use crate::diag::codes::shared::{OwnerPlace, SpecialPlace};
use crate::diag::codes::types::NoMembers;
use crate::sema::consts;
use crate::sema::env::Entity;
use crate::sema::owners;
use crate::sema::scope::{Found, Scope};
use crate::sema::tree::Const;
use crate::sema::types::{Position, check_size, resolve, resolve_bare};
use crate::session::Session;
use crate::source::Span;
use crate::types::{FieldDef, GAP, Origin, Space, StructId, Ty, TyKind, Types};
use std::collections::HashMap;

/// In place of a default: the option has to be given.
const REQUIRED: &str = "required";

impl<'a> Declare<'a> {
    /// Fills in the fields of a struct or config and lays it out.
    pub(super) fn structure(
        &mut self,
        cx: &mut Session,
        ty: Ty,
        name: &Ident,
        (fields, packed): (&'a [FieldDecl], bool),
    ) -> Option<Entity> {
        let in_config = self.env.program.configs.iter().any(|config| cx.types.kind(ty) == TyKind::Struct(config.ty));
        let TyKind::Struct(id) = cx.types.kind(ty) else {
            crate::bug!("the struct `{}` is none", name.name);
        };
        if cx.types.struct_def(id).span.is_none() {
            self.check_struct(cx, ty, name, fields);
            return Some(Entity::Type(ty));
        }
        if cx.types.struct_def(id).origin == Origin::Unknown {
            return Some(Entity::Type(ty));
        }
        let is_flavour = cx.types.struct_def(id).origin.is_relocated();
        if fields.is_empty() {
            cx.error(name.span, NoMembers { name: name.name.clone(), what: "fields".to_owned() });
        }
        let mut defs: Vec<FieldDef> = Vec::new();
        let mut names: HashMap<&str, Span> = HashMap::new();
        for field in fields {
            if field.is_gap() {
                let ty = resolve(cx, self, &field.ty, Position::Field);
                let bits = self.bit_field(cx, field, ty, in_config);
                defs.extend(bits.map(|bits| FieldDef { bits: Some(bits), ..unnamed(ty) }));
                continue;
            }
            let first = *names.entry(&field.name.name).or_insert(field.name.span);
            if first != field.name.span {
                let of = format!("`{}`", name.name);
                let twice = DuplicateMember { name: field.name.name.clone(), what: "fields".to_owned(), of };
                cx.error(field.name.span, twice).note(first, "first here");
            }
            let ty = if is_flavour {
                let written = resolve_bare(cx, self, &field.ty, Position::Field);
                in_kernel(&mut cx.types, written)
            } else {
                resolve(cx, self, &field.ty, if in_config { Position::Value } else { Position::Field })
            };
            let known = self.complete(cx, ty, field.ty.span)
                && !((in_config || packed) && refuse_special(cx, ty, field.ty.span))
                && !(cx.types.struct_def(id).origin == Origin::Union && refuse_in_union(cx, field, ty));
            let ty = if known { ty } else { Ty::ERROR };
            defs.push(FieldDef {
                name: field.name.name.clone(),
                bits: self.bit_field(cx, field, ty, in_config),
                span: Some(field.name.span),
                ..unnamed(ty)
            });
        }
        cx.types.struct_def_mut(id).fields = defs;
        if packed {
            bits::lay_out_packed(cx, id);
        } else {
            cx.types.lay_out(id);
        }
        if is_flavour {
            let fields: Vec<&FieldDecl> = fields.iter().filter(|field| !field.is_gap()).collect();
            flavours::warn_other_kinds(cx, &name.name, id, &fields);
        }
        let link = self.links.get(name.name.as_str()).copied();
        if let Some(link) = link.filter(|_| cx.types.struct_def(id).origin == Origin::User && !packed && !in_config) {
            cx.types.add_link(id, link);
        }
        (check_size(cx, name.span, ty) == ty).then_some(Entity::Type(ty))
    }

    /// The names of structs whose objects are in lists or trees. That is known before any struct is laid out.
    pub(super) fn note_links(&mut self) {
        for fields in self.entries.iter().filter_map(fields_of) {
            for field in fields {
                let TypeKind::Applied { name, args, .. } = &field.ty.kind else { continue };
                let link = match owners::origin(&name.name) {
                    Some(Origin::List) => Origin::ListLink,
                    Some(Origin::Tree) => Origin::TreeLink,
                    Some(_) | None => continue,
                };
                if let Some(TypeKind::Named(path)) = args.first().map(|of| &of.kind)
                    && let Some(of) = path.segments.last()
                {
                    self.links.insert(&of.name, link);
                }
            }
        }
    }

    /// The default of a field, evaluated when it is first asked for.
    pub(super) fn default_of(&mut self, cx: &mut Session, of: StructId, field: usize) -> Option<Const> {
        if let Some(known) = self.env.field_defaults.get(&(of, field)) {
            return Some(known.clone());
        }
        let index = *self.struct_entries.get(&of)?;
        let expr = named_fields(&self.entries[index])?.get(field)?.default.as_ref()?;
        let ty = cx.types.struct_def(of).fields.get(field)?.ty;
        if self.is_required_mark(cx, index, expr) {
            self.required.insert((of, field), expr.span);
            return None;
        }
        if self.busy_defaults.contains(&(of, field)) {
            self.report_default_cycle(cx, of, field);
            return Some(Const::Zero);
        }
        if self.is_too_deep() {
            let def = cx.types.struct_def(of);
            let name = format!("{}.{}", def.name, def.fields[field].name);
            report_depth(cx, expr.span, name);
            self.env.field_defaults.insert((of, field), Const::Zero);
            return Some(Const::Zero);
        }
        self.busy_defaults.push((of, field));
        let outer = std::mem::replace(&mut self.module, self.entries[index].module);
        let value = consts::eval(cx, self, expr, Some(ty)).map_or(Const::Zero, |constant| constant.value);
        self.module = outer;
        self.busy_defaults.pop();
        self.env.field_defaults.insert((of, field), value.clone());
        Some(value)
    }

    /// `field: T = required`: the word is no value, unless the program declares one of this name.
    fn is_required_mark(&mut self, cx: &mut Session, entry: usize, expr: &Expr) -> bool {
        let ExprKind::Name(path) = &expr.kind else { return false };
        if path.segments.len() != 1 || path.segments[0].name != REQUIRED {
            return false;
        }
        let outer = std::mem::replace(&mut self.module, self.entries[entry].module);
        let found = self.find(cx, REQUIRED);
        self.module = outer;
        matches!(found, Found::Nothing)
    }

    fn report_default_cycle(&mut self, cx: &mut Session, of: StructId, field: usize) {
        use crate::diag::codes::names::DeclarationCycle;
        let def = cx.types.struct_def(of);
        let name = format!("{}.{}", def.name, def.fields[field].name);
        if let Some(span) = def.fields[field].span {
            cx.error(span, DeclarationCycle { name });
        }
    }

    /// All defaults, also those that no literal leaves to them.
    pub(super) fn evaluate_defaults(&mut self, cx: &mut Session) {
        for index in 0..self.entries.len() {
            let Some(fields) = named_fields(&self.entries[index]) else { continue };
            let Some(id) = self.struct_of(cx, index) else { continue };
            for field in 0..fields.len() {
                self.default_of(cx, id, field);
            }
        }
    }

    fn struct_of(&self, cx: &Session, index: usize) -> Option<StructId> {
        if let Entity::Config(id) = self.entries[index].entity {
            return Some(self.env.program.config(id).ty);
        }
        let Entity::Type(ty) = self.entries[index].entity else { return None };
        if let TyKind::Struct(id) = cx.types.kind(ty) { Some(id) } else { None }
    }
}

/// A field's type as one of kernel memory: what it points to is there too.
fn in_kernel(types: &mut Types, ty: Ty) -> Ty {
    if let TyKind::Ptr { to, space: Space::Any, .. } = types.kind(ty) {
        return types.ptr(to, Space::BtfUntrusted, true);
    }
    let TyKind::Array(element, length) = types.kind(ty) else { return ty };
    let element = in_kernel(types, element);
    types.array(element, length)
}

fn fields_of<'a>(entry: &Entry<'a>) -> Option<&'a [FieldDecl]> {
    if let ItemKind::Struct(decl) = &entry.item.kind {
        return Some(&decl.fields);
    }
    if let ItemKind::Config(decl) = &entry.item.kind { Some(&decl.fields) } else { None }
}

/// The fields that the type has, in order: those with a name.
fn named_fields<'a>(entry: &Entry<'a>) -> Option<Vec<&'a FieldDecl>> {
    Some(fields_of(entry)?.iter().filter(|field| !field.is_gap()).collect())
}

fn unnamed(ty: Ty) -> FieldDef {
    FieldDef { name: GAP.to_owned(), ty, offset: 0, bits: None, span: None }
}

/// Whether a value of the type holds what the kernel has in entries of maps alone, which is reported.
pub(super) fn refuse_special(cx: &mut Session, ty: Ty, span: Span) -> bool {
    let refused = cx.types.has_kept(ty);
    if let Some(spec) = cx.types.specials(ty).first() {
        let what = format!("`{}`, which holds a `{}`,", cx.types.name(ty), spec.name);
        cx.error(span, SpecialPlace { what })
            .help("a `local var` can hold it, and so can the one entry of an `array<u32, T>(1)`");
    } else if refused {
        let what = format!("`{}`, which owns objects or is one,", cx.types.name(ty));
        cx.error(span, OwnerPlace { what })
            .help("a `local var` can own objects, and so can the one entry of an `array<u32, T>(1)`");
    }
    refused
}
