//! Declarations.

use super::Rule;
use super::builder::Builder;
use super::types::{only, unread};
use super::words;
use crate::ast::*;
use crate::diag::codes::syntax::*;
use crate::source::Span;
use pest::iterators::{Pair, Pairs};

/// The attribute of functions that make entries of maps anew.
const MIGRATE: &str = "migrate";

/// The words before a declaration.
#[derive(Default)]
struct Modifiers {
    visibility: Option<Visibility>,
    storage: Option<Storage>,
    pin: bool,
    /// The modifiers that only a variable takes.
    of_variables: Vec<Ident>,
}

impl Builder<'_> {
    /// Builds a declaration; none if nothing of it can be used, which was reported.
    pub fn item(&mut self, pair: Pair<'_, Rule>) -> Option<Item> {
        let mut docs = Vec::new();
        let mut attributes = Vec::new();
        let mut modifiers = Modifiers::default();
        for part in pair.into_inner() {
            let span = self.span(&part);
            docs.extend(self.layout.docs(self.source, span.lo as usize));
            if part.as_rule() == Rule::attribute {
                attributes.push(self.attribute(part, span));
            } else if part.as_rule() == Rule::modifier {
                self.modifier(part, &mut modifiers);
            } else {
                // The span of an item is that of its declaration with all that belongs to it.
                let start = Span::new(self.file, self.base, self.base);
                if part.as_rule() != Rule::var_item {
                    self.only_variables(&modifiers.of_variables);
                }
                let visibility = modifiers.visibility;
                let mut kind = self.declaration_kind(part, modifiers);
                let migrates = attributes.iter().any(|attribute: &Attribute| attribute.name.name == MIGRATE);
                if let ItemKind::Fn(decl) = &mut kind
                    && !migrates
                {
                    self.refuse_optional(decl);
                }
                return Some(Item { docs, attributes, visibility, kind, span: start.to(span) });
            }
        }
        None
    }

    /// Only where entries of maps are made anew, a function may yield a value or nothing.
    fn refuse_optional(&mut self, decl: &mut FnDecl) {
        if let Some(result) = &mut decl.result
            && let Some(mark) = result.optional.take()
        {
            self.no_pointer(result.ty.span, mark);
        }
    }

    fn only_variables(&mut self, words: &[Ident]) {
        for word in words {
            let why = "belongs to a global `var` only".to_owned();
            self.error(word.span, MisplacedModifier { word: word.name.clone(), why }).help("remove it");
        }
    }

    fn modifier(&mut self, pair: Pair<'_, Rule>, modifiers: &mut Modifiers) {
        let word = self.ident(pair);
        let twice = match word.name.as_str() {
            "pub" => modifiers.visibility.replace(Visibility::Pub).is_some(),
            "priv" => modifiers.visibility.replace(Visibility::Priv).is_some(),
            "local" => modifiers.storage.replace(Storage::Local).is_some(),
            "percpu" => modifiers.storage.replace(Storage::Percpu).is_some(),
            // `pin`
            _ => std::mem::replace(&mut modifiers.pin, true),
        };
        if twice {
            let why = "contradicts or repeats what is before it".to_owned();
            self.error(word.span, MisplacedModifier { word: word.name.clone(), why }).help("remove it");
        }
        if !matches!(word.name.as_str(), "pub" | "priv") {
            modifiers.of_variables.push(word);
        }
    }

    fn attribute(&mut self, pair: Pair<'_, Rule>, span: Span) -> Attribute {
        let mut parts = pair.into_inner();
        let name = parts.next().map(|word| self.ident(word));
        let args = parts.next().map(|args| self.args(args));
        Attribute { name: name.unwrap_or_else(|| crate::bug!("an attribute without a name")), args, span }
    }

    fn declaration_kind(&mut self, pair: Pair<'_, Rule>, modifiers: Modifiers) -> ItemKind {
        let rule = pair.as_rule();
        if rule == Rule::var_item {
            let (name, ty, init) = self.global(pair);
            return ItemKind::Var(VarDecl { pin: modifiers.pin, storage: modifiers.storage, name, ty, init });
        } else if rule == Rule::const_stmt {
            let (name, ty, value) = self.global(pair);
            let value = value.unwrap_or_else(|| crate::bug!("a constant without a value"));
            return ItemKind::Const(ConstDecl { name, ty, value });
        }
        let mut parts = pair.into_inner();
        if rule == Rule::fn_item {
            ItemKind::Fn(self.fn_decl(parts, false))
        } else if rule == Rule::struct_item {
            let (name, fields) = self.fields(parts);
            ItemKind::Struct(StructDecl { name, is_union: false, fields })
        } else if rule == Rule::union_item {
            let (name, fields) = self.fields(parts);
            ItemKind::Struct(StructDecl { name, is_union: true, fields })
        } else if rule == Rule::config_item {
            let (name, fields) = self.fields(parts);
            ItemKind::Config(ConfigDecl { name, fields })
        } else if rule == Rule::enum_item {
            ItemKind::Enum(self.enum_decl(parts))
        } else if rule == Rule::type_item {
            let name = self.name_part(&mut parts);
            let ty = parts.next().map(|ty| self.ty(ty));
            ItemKind::Alias { name, ty: ty.unwrap_or_else(|| crate::bug!("an alias without a type")) }
        } else if rule == Rule::impl_item {
            let name = self.name_part(&mut parts);
            ItemKind::Impl(ImplDecl { name, members: parts.filter_map(|member| self.impl_member(member)).collect() })
        } else if rule == Rule::extern_item {
            ItemKind::Extern(self.extern_decl(parts))
        } else if rule == Rule::import_item {
            let name = self.name_part(&mut parts);
            ItemKind::Import { name, path: self.string_part(&mut parts) }
        } else if rule == Rule::include_item {
            ItemKind::Include { path: self.string_part(&mut parts) }
        } else if rule == Rule::min_kernel_item {
            ItemKind::MinKernel { text: self.string_part(&mut parts) }
        } else {
            ItemKind::License { text: self.string_part(&mut parts) }
        }
    }

    fn name_part(&mut self, parts: &mut Pairs<'_, Rule>) -> Ident {
        let word = parts.next().unwrap_or_else(|| crate::bug!("a declaration without a name"));
        self.declared(word)
    }

    fn string_part(&mut self, parts: &mut Pairs<'_, Rule>) -> StrLit {
        let string = parts.next().unwrap_or_else(|| crate::bug!("a declaration without its string"));
        self.str_lit(&string)
    }

    /// `any_name`: as a member of an `impl` every word is a name.
    fn fn_decl(&mut self, mut parts: Pairs<'_, Rule>, any_name: bool) -> FnDecl {
        let name = parts.next().unwrap_or_else(|| crate::bug!("a function without a name"));
        let name = if any_name { self.ident(name) } else { self.declared(name) };
        let mut params = Vec::new();
        let mut result = None;
        let mut body = None;
        for part in parts {
            if part.as_rule() == Rule::params {
                params = part.into_inner().filter_map(|param| self.param(param)).collect();
            } else if part.as_rule() == Rule::result {
                result = Some(self.result(part));
            } else if part.as_rule() == Rule::hole_text {
                result = Some(FnResult { name: None, ty: unread(self.span(&part)), optional: None });
            } else {
                self.none_is_name = params.iter().any(|param| param.name.name == "none");
                body = Some(self.block(part));
                self.none_is_name = false;
            }
        }
        FnDecl { name, params, result, body }
    }

    /// Builds a parameter. One that cannot be read has its name and an unread type; none if no name is found in it.
    pub fn param(&mut self, pair: Pair<'_, Rule>) -> Option<Param> {
        let span = self.span(&pair);
        if pair.as_rule() == Rule::hole_text {
            return self.name_in(span).map(|name| Param { name, ty: unread(span), span });
        }
        let mut parts = pair.into_inner();
        let (Some(name), Some(ty)) = (parts.next(), parts.next()) else { crate::bug!("a parameter of one part") };
        let name = self.ident(name);
        if words::is_reserved_of_parameter(&name.name) {
            self.keyword_as_name(&name);
        }
        Some(Param { name, ty: self.ty(ty), span })
    }

    /// What a parameter, a field or a variant that could not be read most likely declares: its last name.
    fn name_in(&mut self, span: Span) -> Option<Ident> {
        let ExprKind::Unread(Unread { mentioned, .. }) = self.unread(span).kind else { return None };
        let name = mentioned.into_iter().rev().find(|name| !words::is_primitive(&name.name));
        self.refused |= name.is_none();
        name
    }

    fn result(&mut self, pair: Pair<'_, Rule>) -> FnResult {
        let mut name = None;
        let mut read = None;
        for part in pair.into_inner() {
            if part.as_rule() == Rule::label {
                name = Some(self.declared(only(part)));
            } else {
                read = Some(self.result_type(part));
            }
        }
        let Some((ty, optional)) = read else { crate::bug!("a result without a type") };
        FnResult { name, ty, optional }
    }

    fn fields(&mut self, mut parts: Pairs<'_, Rule>) -> (Ident, Vec<FieldDecl>) {
        let name = self.name_part(&mut parts);
        (name, parts.filter_map(|field| self.field(field)).collect())
    }

    fn field(&mut self, pair: Pair<'_, Rule>) -> Option<FieldDecl> {
        let span = self.span(&pair);
        let docs = self.layout.docs(self.source, span.lo as usize);
        if pair.as_rule() == Rule::hole_text {
            let name = self.name_in(span)?;
            return Some(FieldDecl { docs, name, ty: unread(span), bits: None, default: None, span });
        }
        let mut parts = pair.into_inner();
        let (Some(name), Some(ty)) = (parts.next(), parts.next()) else { crate::bug!("a field of one part") };
        let (name, ty) = (self.ident(name), self.ty(ty));
        let (mut bits, mut default) = (None, None);
        for part in parts {
            if part.as_rule() == Rule::bit_width {
                bits = part.into_inner().next().map(|width| self.expr(width));
            } else {
                default = Some(self.expr(part));
            }
        }
        Some(FieldDecl { docs, name, ty, bits, default, span })
    }

    fn enum_decl(&mut self, mut parts: Pairs<'_, Rule>) -> EnumDecl {
        let name = self.name_part(&mut parts);
        let mut repr = None;
        let mut variants = Vec::new();
        for part in parts {
            if part.as_rule() == Rule::r#type {
                repr = Some(self.ty(part));
                continue;
            }
            let span = self.span(&part);
            let docs = self.layout.docs(self.source, span.lo as usize);
            if part.as_rule() == Rule::hole_text {
                let name = self.name_in(span);
                variants.extend(name.map(|name| VariantDecl { docs, name, value: Some(self.unread(span)), span }));
                continue;
            }
            let mut inner = part.into_inner();
            let name = self.name_part(&mut inner);
            variants.push(VariantDecl { docs, name, value: inner.next().map(|value| self.expr(value)), span });
        }
        EnumDecl { name, repr, variants }
    }

    fn impl_member(&mut self, pair: Pair<'_, Rule>) -> Option<ImplMember> {
        let span = self.span(&pair);
        if pair.as_rule() == Rule::hole_text {
            self.refused = true;
            return None;
        }
        let mut docs = Vec::new();
        let mut attributes = Vec::new();
        let mut kind = None;
        for part in pair.into_inner() {
            let span = self.span(&part);
            docs.extend(self.layout.docs(self.source, span.lo as usize));
            if part.as_rule() == Rule::attribute {
                attributes.push(self.attribute(part, span));
                continue;
            }
            let is_fn = part.as_rule() == Rule::fn_item;
            let mut inner = part.into_inner();
            kind = Some(if is_fn {
                let mut decl = self.fn_decl(inner, true);
                self.refuse_optional(&mut decl);
                ImplMemberKind::Fn(decl)
            } else {
                let (Some(name), Some(value)) = (inner.next(), inner.next()) else {
                    crate::bug!("a member of one part")
                };
                ImplMemberKind::Field { name: self.ident(name), value: self.expr(value) }
            });
        }
        let kind = kind.unwrap_or_else(|| crate::bug!("an empty member"));
        Some(ImplMember { docs, attributes, kind, span })
    }

    fn extern_decl(&mut self, parts: Pairs<'_, Rule>) -> ExternDecl {
        let mut optional = false;
        let (mut library, mut name) = (None, None);
        let mut params = Vec::new();
        let mut result = None;
        for part in parts {
            if part.as_rule() == Rule::optional_mark {
                optional = true;
            } else if part.as_rule() == Rule::string_text {
                library = Some(self.str_lit(&part));
            } else if part.as_rule() == Rule::word_text {
                name = Some(self.declared(part));
            } else if part.as_rule() == Rule::extern_params {
                params = part.into_inner().map(|param| self.extern_param(param)).collect();
            } else {
                result = Some(self.ty(part));
            }
        }
        let name = name.unwrap_or_else(|| crate::bug!("an extern without a name"));
        ExternDecl { optional, library, name, params, result }
    }

    fn extern_param(&mut self, pair: Pair<'_, Rule>) -> ExternParam {
        let FnTypeParam { name, ty } = self.fn_type_param(pair);
        ExternParam { name, ty }
    }
}
