//! Collects the declarations: names, duplicates, ids; reports those that are not supported.

use super::repeated::{field_names, kernel_struct};
use super::{Declare, Entry, State, attributes, storage, sysctl};
use crate::ast::{EnumDecl, FnDecl, Ident, Item, ItemKind, StrLit, TypeKind, VarDecl};
use crate::diag::codes::maps::UnknownMapKind;
use crate::diag::codes::modules::LicensesDiffer;
use crate::diag::codes::names::{DuplicateLicense, DuplicateName, NoName};
use crate::diag::foreign;
use crate::modules::ModuleId;
use crate::sema::env::Entity;
use crate::sema::imports::Import;
use crate::sema::predefined::{self, flavour_of, is_kernel_struct};
use crate::sema::similar;
use crate::sema::stack_ids;
use crate::sema::tree::{AT_RETURN, Config, ConfigId, Global, GlobalId, Map, MapId, Role, Steps, Storage};
use crate::session::Session;
use crate::source::Span;
use crate::tables::{MAP_KINDS, MapKindSpec, keyed_kind, map_kind};
use crate::types::{EnumDef, Origin, StructDef, StructId, Ty, TyKind};
use std::cell::Cell;
use std::collections::HashSet;
use std::ops::Range;

/// Names of structs, enums and aliases: they win over map kinds of the same name.
type TypeNames<'a> = HashSet<&'a str>;

/// The license of the program, and that of the file that is being collected.
#[derive(Default)]
struct Licenses {
    program: Option<(String, Span)>,
    of_file: Option<Span>,
}

impl Licenses {
    /// A file has one, and those of all files are the same.
    fn add(&mut self, cx: &mut Session, written: &StrLit) {
        let second = String::from_utf8_lossy(&written.bytes).into_owned();
        match (self.of_file, &self.program) {
            (Some(first), _) => {
                cx.error(written.span, DuplicateLicense {}).note(first, "first here");
            }
            (None, Some((first, span))) if *first != second => {
                let first = first.clone();
                cx.error(written.span, LicensesDiffer { first, second }).note(*span, "the other one");
            }
            (None, _) => {
                self.of_file = Some(written.span);
                self.program.get_or_insert((second, written.span));
            }
        }
    }
}

impl<'a> Declare<'a> {
    /// Module by module. A header's declarations belong to the first module that includes it; the others see the same.
    pub(super) fn collect(&mut self, cx: &mut Session) {
        let modules = self.modules;
        let mut collected: Vec<Option<Range<usize>>> = vec![None; modules.files.len()];
        let mut licenses = Licenses::default();
        for id in modules.ids() {
            self.module = id;
            let types: TypeNames<'a> = modules.items(id).filter_map(type_name).collect();
            let files = &modules.module(id).files;
            for &file in files {
                let items = &modules.files[file].items;
                let entries = collected[file].clone().unwrap_or_else(|| {
                    let start = self.entries.len();
                    let header = file != files[files.len() - 1];
                    self.collect_file(cx, items, &types, header, &mut licenses);
                    start..self.entries.len()
                });
                for index in entries.clone() {
                    self.bind(cx, index);
                }
                collected[file] = Some(entries);
            }
            for item in modules.items(id) {
                if let ItemKind::Enum(decl) = &item.kind {
                    self.check_variants(cx, decl);
                }
            }
        }
        if let Some((text, _)) = licenses.program {
            self.env.program.license = text;
        }
    }

    fn collect_file(
        &mut self,
        cx: &mut Session,
        items: &'a [Item],
        types: &TypeNames<'a>,
        header: bool,
        licenses: &mut Licenses,
    ) {
        licenses.of_file = None;
        for item in items {
            attributes::check(cx, item);
            if let ItemKind::License { text } = &item.kind {
                licenses.add(cx, text);
            }
            let Some(name) = item.kind.name() else { continue };
            if name.name == "_" {
                cx.error(name.span, NoName {}).help("what is declared for a whole file is used by its name");
            }
            let entity = self.entity(cx, item, types, header);
            self.entries.push(Entry { module: self.module, item, name, state: State::Todo, entity });
        }
    }

    /// The entity that the name will mean, with an id if it gets one.
    fn entity(&mut self, cx: &mut Session, item: &'a Item, types: &TypeNames<'a>, header: bool) -> Entity {
        match &item.kind {
            ItemKind::Fn(decl) => match attributes::role(cx, item, decl, self.module == ModuleId::ROOT) {
                Some(role) => self.add_function(cx, item, decl, role),
                None => Entity::Broken,
            },
            ItemKind::Struct(decl) => {
                if let Some(predefined) = self.repeated_struct(cx, &decl.name, &decl.fields, header) {
                    return Entity::Type(predefined);
                }
                let is_flavour = flavour_of(&decl.name.name).is_some();
                if header
                    && !is_flavour
                    && let Some(kernel) = kernel_struct(cx, decl)
                {
                    return Entity::Type(kernel);
                }
                let id = self.add_struct(cx, &decl.name, header || is_flavour);
                if decl.is_union {
                    cx.types.struct_def_mut(id).origin = Origin::Union;
                }
                if is_flavour {
                    cx.types.struct_def_mut(id).origin = if decl.is_union { Origin::BtfUnion } else { Origin::Btf };
                } else if header && is_kernel_struct(&decl.name.name, field_names(decl)) {
                    cx.types.struct_def_mut(id).origin = Origin::Unknown;
                }
                self.struct_entries.insert(id, self.entries.len());
                Entity::Type(cx.types.intern(TyKind::Struct(id)))
            }
            ItemKind::Enum(decl) => self.add_enum(cx, decl, header),
            ItemKind::Config(decl) => {
                let ty = self.add_struct(cx, &decl.name, header);
                self.struct_entries.insert(ty, self.entries.len());
                let id = ConfigId(self.env.program.configs.len() as u32);
                let name = decl.name.name.clone();
                let symbol = self.symbols.symbol(self.module, &name);
                let config = Config { name, symbol, ty, defaults: Vec::new(), span: decl.name.span };
                self.env.program.configs.push(config);
                Entity::Config(id)
            }
            ItemKind::Var(decl) => self.add_variable(cx, item, decl, types),
            ItemKind::Alias { .. } | ItemKind::Const(_) => Entity::Broken,
            ItemKind::Impl(decl) => self.add_impl(cx, item, decl),
            ItemKind::Extern(decl) if decl.library.is_some() => self.add_c_function(decl),
            ItemKind::Extern(decl) => self.add_kfunc(item, decl),
            ItemKind::Import { name, path } => match self.modules.imports.get(&path.span) {
                Some(&module) => {
                    let name = name.name.clone();
                    let import = Import { name, module, span: item.span, used: Cell::new(false) };
                    Entity::Import(self.env.imports.add(import))
                }
                None => Entity::Broken,
            },
            ItemKind::Include { .. } | ItemKind::License { .. } | ItemKind::MinKernel { .. } | ItemKind::Unread(_) => {
                Entity::Broken
            }
        }
    }

    /// Gives the module the names of an entry.
    fn bind(&mut self, cx: &mut Session, index: usize) {
        let Entry { name, item, .. } = self.entries[index];
        let names = &mut self.names[self.module.0 as usize];
        names.entries.push(index);
        if name.name == "_" {
            return;
        }
        if let ItemKind::Enum(decl) = &item.kind {
            for variant in &decl.variants {
                let enums = names.by_variant.entry(&variant.name.name).or_default();
                if enums.last() != Some(&index) {
                    enums.push(index);
                }
            }
        }
        let first = *names.by_name.entry(&name.name).or_insert(index);
        let unread = |index: usize| matches!(self.entries[index].item.kind, ItemKind::Unread(_));
        if first != index && !unread(first) && !unread(index) && !self.repeat_one_type(cx, first, index) {
            duplicate(cx, name, self.entries[first].name.span);
        }
    }

    fn add_struct(&mut self, cx: &mut Session, name: &Ident, header: bool) -> StructId {
        cx.types.add_struct(StructDef {
            name: self.symbols.type_name(self.module, &name.name, header),
            origin: Origin::User,
            fields: Vec::new(),
            size: 0,
            align: 1,
            span: Some(name.span),
        })
    }

    fn add_function(&mut self, cx: &mut Session, item: &'a Item, decl: &'a FnDecl, role: Role) -> Entity {
        let name = &decl.name.name;
        let symbol = match &role {
            Role::Program(role) => {
                let symbol = self.symbols.kernel_symbol(self.module, name);
                let at_return = format!("{symbol}{AT_RETURN}");
                if role.spec.on_return.is_some() && !self.symbols.reserve(at_return.clone()) {
                    cx.error(decl.name.span, DuplicateName { name: at_return })
                        .help(format!("it is the name of what `{name}` does at the return of the function"));
                }
                symbol
            }
            Role::Helper | Role::Kfunc(_) | Role::Private | Role::Plain | Role::Main(_) | Role::Test => {
                self.symbols.symbol(self.module, name)
            }
        };
        let id = self.push_function(symbol, decl, item.span, role);
        self.env.program.funcs[id.0 as usize].global = attributes::is_global(item);
        Entity::Func(id)
    }

    fn add_enum(&mut self, cx: &mut Session, decl: &'a EnumDecl, header: bool) -> Entity {
        if let Some(predefined) = self.repeated_enum(cx, decl, header) {
            return Entity::Type(predefined);
        }
        let index = self.entries.len();
        // Until all values are known they are computed in the widest signed type.
        let name = self.symbols.type_name(self.module, &decl.name.name, header);
        let id = cx.types.add_enum(EnumDef { name, repr: Ty::I64, variants: Vec::new(), span: Some(decl.name.span) });
        self.enum_entries.insert(id, index);
        Entity::Type(cx.types.intern(TyKind::Enum(id)))
    }

    fn add_variable(&mut self, cx: &mut Session, item: &Item, decl: &VarDecl, types: &TypeNames<'a>) -> Entity {
        let name = decl.name.name.clone();
        let span = decl.name.span;
        match written_kind(decl, types, &self.env.predefined) {
            Written::Variable => {
                let id = GlobalId(self.env.program.globals.len() as u32);
                let storage = storage::of_variable(cx, item, decl);
                attributes::refuse_flags(cx, item);
                let symbol = match storage {
                    Storage::Kconfig => name.clone(),
                    Storage::Shared
                    | Storage::Pinned
                    | Storage::Local
                    | Storage::Entry
                    | Storage::Percpu
                    | Storage::Private
                    | Storage::Sysctl => self.symbols.symbol(self.module, &name),
                };
                let path = sysctl::path(cx, item);
                self.env.program.globals.push(Global { name, symbol, storage, ty: Ty::ERROR, init: None, path, span });
                Entity::Global(id)
            }
            Written::Map(kind) => {
                let id = MapId(self.env.program.maps.len() as u32);
                let (key, value) = (Ty::ERROR, Ty::ERROR);
                storage::check_map(cx, item, decl);
                let pinned = decl.pin;
                let symbol = self.symbols.kernel_symbol(self.module, &name);
                self.env.program.maps.push(Map {
                    name,
                    symbol,
                    kind,
                    key,
                    index: None,
                    value,
                    inner: None,
                    bound: Vec::new(),
                    is_bound: false,
                    callback: None,
                    max_entries: 0,
                    sized_by: None,
                    steps: Steps::default(),
                    flags: 0,
                    node: None,
                    pinned,
                    span,
                });
                Entity::Map(id)
            }
            Written::UnknownKind(kind) => {
                let written = MAP_KINDS.iter().filter(|kind| kind.written.is_none());
                let names = written.flat_map(|k| std::iter::once(&k.name).chain(k.aliases));
                let constant = kind.name.strip_prefix("BPF_MAP_TYPE_").map(str::to_lowercase);
                let known = constant.filter(|name| MAP_KINDS.iter().any(|kind| kind.name == *name));
                let usual = known.or_else(|| foreign::map_kind(&kind.name).map(str::to_owned));
                let error = cx.error(kind.span, UnknownMapKind { name: kind.name.clone() });
                match (usual, similar::best(&kind.name, names)) {
                    (Some(usual), _) => error.help(format!("did you mean `{usual}`?")).fix(kind.span, usual),
                    (None, Some(near)) => error.near(kind.span, near),
                    (None, None) => error.help("the usual ones are `hash<K, V>(n)` and `array<u32, V>(n)`"),
                };
                Entity::Broken
            }
        }
    }

    /// Variants are names of the file, though several enums may share one.
    fn check_variants(&mut self, cx: &mut Session, decl: &EnumDecl) {
        for variant in &decl.variants {
            if let Some(&other) = self.own().by_name.get(variant.name.name.as_str()) {
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

/// Only map kinds and predefined types take type arguments, and a size but for `str(N)`.
fn written_kind<'a>(decl: &'a VarDecl, types: &TypeNames<'_>, predefined: &predefined::Names) -> Written<'a> {
    let Some(ty) = &decl.ty else { return Written::Variable };
    let (name, applied, has_types) = match &ty.kind {
        TypeKind::Applied { name, args, .. } => (name, true, !args.is_empty()),
        TypeKind::Named(path) => match path.segments.as_slice() {
            [name] => (name, false, false),
            _ => return Written::Variable,
        },
        TypeKind::Array { .. } | TypeKind::Pointer { .. } | TypeKind::Fn { .. } | TypeKind::Unread => {
            return Written::Variable;
        }
    };
    let is_predefined = predefined.get(&name.name).is_some_and(|known| matches!(known.entity, Entity::Type(_)));
    if ["str", stack_ids::NAME].contains(&name.name.as_str()) || is_predefined || types.contains(name.name.as_str()) {
        return Written::Variable;
    }
    match map_kind(&name.name) {
        Some(kind) if has_types => Written::Map(keyed_kind(kind)),
        Some(kind) => Written::Map(kind),
        None if applied => Written::UnknownKind(name),
        None => Written::Variable,
    }
}

fn duplicate(cx: &mut Session, name: &Ident, first: Span) {
    cx.error(name.span, DuplicateName { name: name.name.clone() }).note(first, "first declared here");
}

fn type_name(item: &Item) -> Option<&str> {
    if let ItemKind::Struct(decl) = &item.kind {
        return Some(&decl.name.name);
    }
    if let ItemKind::Enum(decl) = &item.kind {
        return Some(&decl.name.name);
    }
    if let ItemKind::Alias { name, .. } = &item.kind { Some(&name.name) } else { None }
}
