//! The first look at the declarations: names, duplicates, ids; and what is not supported at all.

use super::{Declare, Entry, State, attributes, storage};
use crate::ast::{self, EnumDecl, FnDecl, Ident, Item, ItemKind, StrLit, TypeKind, VarDecl};
use crate::diag::codes::maps::UnknownMapKind;
use crate::diag::codes::names::{DuplicateLicense, DuplicateName};
use crate::diag::codes::support::NotSupportedYet;
use crate::sema::env::{Entity, FuncDecl};
use crate::sema::predefined::map_kind;
use crate::sema::similar;
use crate::sema::tree::{Block, Config, ConfigId, Func, FuncId, Global, GlobalId, Map, MapId, Role};
use crate::session::Session;
use crate::source::Span;
use crate::tables::{MAP_KINDS, MapKindSpec};
use crate::types::{EnumDef, FnSig, Origin, StructDef, StructId, Ty, TyKind};
use std::collections::HashSet;

/// Names of structs, enums and aliases: they win over map kinds of the same name.
type TypeNames<'a> = HashSet<&'a str>;

impl<'a> Declare<'a> {
    pub(super) fn collect(&mut self, cx: &mut Session, files: &'a [ast::File]) {
        let items = || files.iter().flat_map(|file| &file.items);
        let types: TypeNames<'a> = items().filter_map(type_name).collect();
        let mut license: Option<Span> = None;
        for item in items() {
            attributes::check(cx, item);
            if let ItemKind::License { text } = &item.kind {
                self.license(cx, text, &mut license);
            } else if let ItemKind::Include { path } = &item.kind {
                not_yet(cx, path.span, "`include`");
            }
            let Some(name) = name_of(item) else { continue };
            let entity = self.entity(cx, item, &types);
            self.add(cx, item, name, entity);
        }
        for item in items() {
            if let ItemKind::Enum(decl) = &item.kind {
                self.check_variants(cx, decl);
            }
        }
    }

    /// What the name will stand for, with an id where it gets one.
    fn entity(&mut self, cx: &mut Session, item: &'a Item, types: &TypeNames<'a>) -> Entity {
        match &item.kind {
            ItemKind::Fn(decl) => match attributes::role(cx, item, decl) {
                Some(role) => self.add_function(item, decl, role),
                None => Entity::Broken,
            },
            ItemKind::Struct(decl) => {
                let id = add_struct(cx, &decl.name);
                self.struct_entries.insert(id, self.entries.len());
                Entity::Type(cx.types.intern(TyKind::Struct(id)))
            }
            ItemKind::Enum(decl) => self.add_enum(cx, decl),
            ItemKind::Config(decl) => {
                let ty = add_struct(cx, &decl.name);
                self.struct_entries.insert(ty, self.entries.len());
                let id = ConfigId(self.env.program.configs.len() as u32);
                let config = Config { name: decl.name.name.clone(), ty, defaults: Vec::new(), span: decl.name.span };
                self.env.program.configs.push(config);
                Entity::Config(id)
            }
            ItemKind::Var(decl) => self.add_variable(cx, item, decl, types),
            ItemKind::Alias { .. } | ItemKind::Const(_) => Entity::Broken,
            ItemKind::Impl(decl) => unsupported(cx, decl.name.span, "`impl`"),
            ItemKind::Extern(decl) => unsupported(cx, decl.name.span, "`extern`"),
            ItemKind::Import { name, .. } => unsupported(cx, name.span, "`import`"),
            ItemKind::Include { .. } | ItemKind::License { .. } => Entity::Broken,
        }
    }

    fn add(&mut self, cx: &mut Session, item: &'a Item, name: &'a Ident, entity: Entity) {
        let index = self.entries.len();
        self.entries.push(Entry { item, name, state: State::Todo, entity });
        match self.by_name.get(name.name.as_str()) {
            Some(&first) => duplicate(cx, name, self.entries[first].name.span),
            None => {
                self.by_name.insert(&name.name, index);
            }
        }
    }

    fn add_function(&mut self, item: &'a Item, decl: &'a FnDecl, role: Role) -> Entity {
        let id = FuncId(self.env.program.funcs.len() as u32);
        let span = decl.body.as_ref().map_or(item.span, |body| body.span);
        self.env.program.funcs.push(Func {
            name: decl.name.name.clone(),
            name_span: decl.name.span,
            span: item.span,
            role,
            params: Vec::new(),
            result: Ty::VOID,
            named_result: None,
            locals: Vec::new(),
            body: Block { stmts: Vec::new(), value: None, span },
        });
        self.env.funcs.push(FuncDecl { decl, sig: FnSig { params: Vec::new(), result: Ty::VOID } });
        Entity::Func(id)
    }

    fn add_enum(&mut self, cx: &mut Session, decl: &'a EnumDecl) -> Entity {
        let index = self.entries.len();
        // Until all values are known they are computed in the widest signed type.
        let id = cx.types.add_enum(EnumDef {
            name: decl.name.name.clone(),
            repr: Ty::I64,
            variants: Vec::new(),
            span: Some(decl.name.span),
        });
        self.enum_entries.insert(id, index);
        for variant in &decl.variants {
            let enums = self.by_variant.entry(&variant.name.name).or_default();
            if enums.last() != Some(&index) {
                enums.push(index);
            }
        }
        Entity::Type(cx.types.intern(TyKind::Enum(id)))
    }

    fn add_variable(&mut self, cx: &mut Session, item: &Item, decl: &VarDecl, types: &TypeNames<'a>) -> Entity {
        let name = decl.name.name.clone();
        let span = decl.name.span;
        match written_kind(decl, types) {
            Written::Variable => {
                let id = GlobalId(self.env.program.globals.len() as u32);
                let storage = storage::of_variable(cx, decl);
                attributes::refuse_flags(cx, item);
                self.env.program.globals.push(Global { name, storage, ty: Ty::ERROR, init: None, span });
                Entity::Global(id)
            }
            Written::Map(kind) => {
                let id = MapId(self.env.program.maps.len() as u32);
                let (key, value) = (Ty::ERROR, Ty::ERROR);
                storage::check_map(cx, decl);
                let pinned = decl.pin;
                self.env.program.maps.push(Map {
                    name,
                    kind,
                    key,
                    value,
                    inner: None,
                    bound: Vec::new(),
                    is_bound: false,
                    max_entries: 0,
                    flags: 0,
                    node: None,
                    pinned,
                    span,
                });
                Entity::Map(id)
            }
            Written::UnknownKind(kind) => {
                let names = MAP_KINDS.iter().flat_map(|k| std::iter::once(&k.name).chain(k.aliases));
                let near = similar::best(&kind.name, names);
                let error = cx.error(kind.span, UnknownMapKind { name: kind.name.clone() });
                match near {
                    Some(near) => error.help(format!("did you mean `{near}`?")).fix(kind.span, near),
                    None => error.help("the usual ones are `hash<K, V>(n)` and `array<u32, V>(n)`"),
                };
                Entity::Broken
            }
        }
    }

    fn license(&mut self, cx: &mut Session, text: &StrLit, license: &mut Option<Span>) {
        match *license {
            Some(first) => {
                cx.error(text.span, DuplicateLicense {}).note(first, "first here");
            }
            None => {
                *license = Some(text.span);
                self.env.program.license = String::from_utf8_lossy(&text.bytes).into_owned();
            }
        }
    }

    /// Variants are names of the file, though several enums may share one.
    fn check_variants(&mut self, cx: &mut Session, decl: &EnumDecl) {
        for variant in &decl.variants {
            if let Some(&other) = self.by_name.get(variant.name.name.as_str()) {
                duplicate(cx, &variant.name, self.entries[other].name.span);
            }
        }
    }
}

enum Written<'a> {
    Variable,
    Map(&'static MapKindSpec),
    UnknownKind(&'a Ident),
}

/// Only map kinds take type arguments, and a size but for `str(N)`.
fn written_kind<'a>(decl: &'a VarDecl, types: &TypeNames<'_>) -> Written<'a> {
    let Some(ty) = &decl.ty else { return Written::Variable };
    let (name, applied) = match &ty.kind {
        TypeKind::Applied { name, .. } => (name, true),
        TypeKind::Named(path) => match path.segments.as_slice() {
            [name] => (name, false),
            _ => return Written::Variable,
        },
        TypeKind::Array { .. } | TypeKind::Pointer { .. } | TypeKind::Fn { .. } => return Written::Variable,
    };
    if name.name == "str" || types.contains(name.name.as_str()) {
        return Written::Variable;
    }
    match map_kind(&name.name) {
        Some(kind) => Written::Map(kind),
        None if applied => Written::UnknownKind(name),
        None => Written::Variable,
    }
}

fn add_struct(cx: &mut Session, name: &Ident) -> StructId {
    cx.types.add_struct(StructDef {
        name: name.name.clone(),
        origin: Origin::User,
        fields: Vec::new(),
        size: 0,
        align: 1,
        span: Some(name.span),
    })
}

fn duplicate(cx: &mut Session, name: &Ident, first: Span) {
    cx.error(name.span, DuplicateName { name: name.name.clone() }).note(first, "first declared here");
}

fn not_yet(cx: &mut Session, span: Span, what: &str) {
    cx.error(span, NotSupportedYet { what: what.to_owned() });
}

fn unsupported(cx: &mut Session, span: Span, what: &str) -> Entity {
    not_yet(cx, span, what);
    Entity::Broken
}

fn type_name(item: &Item) -> Option<&str> {
    match &item.kind {
        ItemKind::Struct(decl) => Some(&decl.name.name),
        ItemKind::Enum(decl) => Some(&decl.name.name),
        ItemKind::Alias { name, .. } => Some(&name.name),
        ItemKind::Fn(_)
        | ItemKind::Config(_)
        | ItemKind::Var(_)
        | ItemKind::Const(_)
        | ItemKind::Impl(_)
        | ItemKind::Extern(_)
        | ItemKind::Include { .. }
        | ItemKind::Import { .. }
        | ItemKind::License { .. } => None,
    }
}

fn name_of(item: &Item) -> Option<&Ident> {
    match &item.kind {
        ItemKind::Fn(decl) => Some(&decl.name),
        ItemKind::Struct(decl) => Some(&decl.name),
        ItemKind::Enum(decl) => Some(&decl.name),
        ItemKind::Alias { name, .. } | ItemKind::Import { name, .. } => Some(name),
        ItemKind::Config(decl) => Some(&decl.name),
        ItemKind::Var(decl) => Some(&decl.name),
        ItemKind::Const(decl) => Some(&decl.name),
        ItemKind::Impl(decl) => Some(&decl.name),
        ItemKind::Extern(decl) => Some(&decl.name),
        ItemKind::Include { .. } | ItemKind::License { .. } => None,
    }
}
