//! File-level declarations: collects them, resolves each when it is first needed (so order never matters), and fills the
//! environment that bodies are checked in.

mod aliases;
mod arguments;
mod attributes;
mod bits;
mod c_functions;
mod collect;
mod cycles;
mod docs;
mod entries;
mod enums;
pub(super) mod externs;
mod flavours;
mod functions;
mod global_functions;
pub(crate) mod handed;
mod histograms;
mod inner_maps;
mod kconfig;
mod kernel_contexts;
mod kernel_names;
mod kfuncs;
mod late;
mod loading;
mod main_args;
mod map_flags;
mod map_sizes;
mod map_values;
mod maps;
mod migrations;
mod programs;
mod prototypes;
mod records;
mod repeated;
mod storage;
mod struct_ops;
mod structs;
mod symbols;
mod sysctl;
mod tests;
mod timed;
mod values;

use super::env::{Declared, Entity, Env};
use super::imports::Imports;
use super::scope::{Found, Scope, Wanted};
use super::tree::{Const, FuncId, MapId, Program};
use crate::ast::{self, Ident, ItemKind};
use crate::diag::codes::names::DeclarationDepth;
use crate::modules::{ModuleId, Modules};
use crate::session::Session;
use crate::source::Span;
use crate::types::{EnumId, FnSig, Origin, StructId, Ty, TyKind};
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;
use symbols::Symbols;

/// How many declarations and defaults of fields may need each other in a row, each one declared after what needs it.
const MAX_DEPTH: usize = 200;

/// How many levels of constant expressions may be open when another declaration is needed.
const MAX_LEVELS: usize = 500;

/// How far a declaration is resolved.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Todo,
    /// Being resolved: whoever needs it closes a cycle.
    Busy,
    Done,
    /// Reported.
    Broken,
}

struct Entry<'a> {
    /// Whose names it sees.
    module: ModuleId,
    item: &'a ast::Item,
    name: &'a Ident,
    state: State,
    /// Final once `state` is `Done`. The entity of a function, struct, enum, config or map is known from the start.
    entity: Entity,
}

/// The declarations of a module.
#[derive(Default)]
struct Names<'a> {
    by_name: HashMap<&'a str, usize>,
    /// The enums that have a variant of the name.
    by_variant: HashMap<&'a str, Vec<usize>>,
    /// All entries, in order.
    entries: Vec<usize>,
}

/// The declarations while they are being resolved.
struct Declare<'a> {
    modules: &'a Modules,
    /// The one whose declaration is being resolved.
    module: ModuleId,
    entries: Vec<Entry<'a>>,
    /// The items of each module, its headers included.
    names: Vec<Names<'a>>,
    symbols: Symbols,
    struct_entries: HashMap<StructId, usize>,
    enum_entries: HashMap<EnumId, usize>,
    /// The structs whose objects are in lists or trees, by name, each with the link that it has.
    links: HashMap<&'a str, Origin>,
    /// Fields whose default is being evaluated.
    busy_defaults: Vec<(StructId, usize)>,
    /// Fields that say `= required` in place of a default, and where; options of `main` are taken out.
    required: BTreeMap<(StructId, usize), Span>,
    /// Entries that are `Busy`, outermost first, and where each is needed, if that is known.
    stack: Vec<(usize, Option<Span>)>,
    /// Levels of constant expressions that are being evaluated.
    levels: usize,
    /// A member of a struct of the kernel's is being evaluated.
    in_member: bool,
    env: Env<'a>,
}

/// The environment of the modules' declarations. Errors are reported; the environment then has entities that are
/// `Broken` and types that are `Ty::ERROR`, and bodies can still be checked in it.
pub fn declare<'a>(cx: &mut Session, modules: &'a Modules) -> Env<'a> {
    let predefined = super::predefined::declare(&mut cx.types);
    let program = Program { license: "GPL".to_owned(), ..Program::default() };
    let imports = Imports::of(modules);
    let env = Env {
        names: Vec::new(),
        imports,
        predefined,
        program,
        funcs: Vec::new(),
        trust: RefCell::default(),
        field_defaults: HashMap::new(),
        orders: BTreeMap::new(),
    };
    let mut declare = Declare {
        modules,
        module: ModuleId::ROOT,
        entries: Vec::new(),
        names: modules.ids().map(|_| Names::default()).collect(),
        symbols: Symbols::of(modules),
        struct_entries: HashMap::new(),
        enum_entries: HashMap::new(),
        links: HashMap::new(),
        busy_defaults: Vec::new(),
        required: BTreeMap::new(),
        stack: Vec::new(),
        levels: 0,
        in_member: false,
        env,
    };
    declare.collect(cx);
    declare.note_links();
    for index in 0..declare.entries.len() {
        declare.resolve(cx, index, None);
    }
    declare.evaluate_defaults(cx);
    declare.fallbacks(cx);
    for index in 0..declare.entries.len() {
        declare.finish(cx, index);
    }
    declare.migrations(cx);
    declare.timed(cx);
    declare.refuse_reserved(cx);
    declare.refuse_required(cx);
    declare.note_docs();
    declare.publish(cx);
    kernel_names::check(cx, &declare.env.program);
    inner_maps::check_templates(cx, &declare.env.program);
    inner_maps::add_bound(&mut declare.env.program);
    cx.names = Rc::new(declare.symbols.into_names());
    declare.env
}

impl<'a> Declare<'a> {
    /// Makes sure that the entry, which is needed at `at`, is resolved. False if it cannot be.
    fn resolve(&mut self, cx: &mut Session, index: usize, at: Option<Span>) -> bool {
        match self.entries[index].state {
            State::Done => return true,
            State::Broken => return false,
            State::Busy => {
                self.report_cycle(cx, index, at);
                return false;
            }
            State::Todo if self.is_too_deep() => {
                let name = self.entries[index].name;
                report_depth(cx, name.span, name.name.clone());
                self.entries[index].state = State::Broken;
                self.entries[index].entity = Entity::Broken;
                return false;
            }
            State::Todo => {}
        }
        self.entries[index].state = State::Busy;
        self.stack.push((index, at));
        let item = self.entries[index].item;
        let outer = std::mem::replace(&mut self.module, self.entries[index].module);
        let entity = self.resolve_item(cx, index, item);
        self.module = outer;
        self.stack.pop();
        let entry = &mut self.entries[index];
        match entity {
            Some(entity) if entry.state == State::Busy => {
                entry.entity = entity;
                entry.state = State::Done;
            }
            Some(_) | None => {
                entry.entity = Entity::Broken;
                entry.state = State::Broken;
            }
        }
        entry.state == State::Done
    }

    /// Whether no more may be needed in the middle of what is being resolved.
    fn is_too_deep(&self) -> bool {
        self.stack.len() + self.busy_defaults.len() >= MAX_DEPTH || self.levels >= MAX_LEVELS
    }

    /// What the name means. Maps, and of functions all but the signature, are only looked at in `finish`, when all
    /// types are known.
    fn resolve_item(&mut self, cx: &mut Session, index: usize, item: &'a ast::Item) -> Option<Entity> {
        let known = self.entries[index].entity.clone();
        match (&item.kind, &known) {
            (ItemKind::Struct(decl), Entity::Type(ty)) => {
                self.structure(cx, *ty, &decl.name, (&decl.fields, attributes::is_packed(item)))
            }
            (ItemKind::Config(decl), Entity::Config(id)) => {
                let ty = self.env.program.config(*id).ty;
                let ty = cx.types.intern(TyKind::Struct(ty));
                self.structure(cx, ty, &decl.name, (&decl.fields, false)).map(|_| known)
            }
            (ItemKind::Enum(decl), Entity::Type(ty)) => self.enumeration(cx, *ty, decl),
            (ItemKind::Alias { name: _, ty }, _) => self.alias(cx, ty),
            (ItemKind::Const(decl), _) => self.constant(cx, decl),
            (ItemKind::Var(decl), Entity::Global(id)) => self.global(cx, *id, decl),
            (ItemKind::Fn(decl), Entity::Func(id)) => {
                self.function_signature(cx, *id, decl);
                Some(known)
            }
            (ItemKind::Impl(decl), Entity::Impl(id)) => {
                self.impl_signatures(cx, *id, decl);
                Some(known)
            }
            _ => Some(known),
        }
    }

    /// Resolves the declarations that need all types: functions, maps, the values of configs.
    fn finish(&mut self, cx: &mut Session, index: usize) {
        let item = self.entries[index].item;
        self.module = self.entries[index].module;
        if let Some(header) = attributes::header(cx, item)
            && !self.env.program.headers.contains(&header)
        {
            self.env.program.headers.push(header);
        }
        match (&item.kind, self.entries[index].entity.clone()) {
            (ItemKind::Fn(decl), Entity::Func(id)) => self.function(cx, id, item.span, decl),
            (ItemKind::Impl(decl), Entity::Impl(id)) => self.implementation(cx, id, decl),
            (ItemKind::Extern(decl), Entity::Kfunc(id)) => self.kfunc(cx, id, item, decl),
            (ItemKind::Extern(decl), Entity::C(id)) => self.c_function(cx, id, decl),
            (ItemKind::Var(decl), Entity::Map(id)) => self.map(cx, id, item, decl),
            (ItemKind::Config(_), Entity::Config(id)) => self.config_defaults(cx, id),
            _ => {}
        }
    }

    /// Puts what was found into the environment.
    fn publish(&mut self, cx: &Session) {
        for id in self.modules.ids() {
            self.module = id;
            self.env.names.push(HashMap::new());
            for index in self.own().entries.clone() {
                let Entry { name, entity, .. } = &self.entries[index];
                if self.own().by_name.get(name.name.as_str()) == Some(&index) {
                    let declared = Declared { entity: entity.clone(), span: Some(name.span) };
                    self.env.names[id.0 as usize].insert(name.name.clone(), declared);
                }
                if let ItemKind::Enum(decl) = &self.entries[index].item.kind {
                    for variant in &decl.variants {
                        self.publish_variant(cx, &variant.name);
                    }
                }
            }
        }
    }

    /// The names of the module whose declaration is being resolved.
    fn own(&self) -> &Names<'a> {
        &self.names[self.module.0 as usize]
    }
}

fn report_depth(cx: &mut Session, span: Span, name: String) {
    cx.error(span, DeclarationDepth { name }).help("declare what is needed first before what needs it");
}

impl Scope for Declare<'_> {
    fn find(&mut self, cx: &mut Session, name: &str) -> Found {
        let found = self.find_in(cx, self.module, name);
        if !matches!(found, Found::Nothing) {
            return found;
        }
        self.env.predefined.get(name).map_or(Found::Nothing, |declared| Found::Declared(declared.clone()))
    }

    fn find_in(&mut self, cx: &mut Session, module: ModuleId, name: &str) -> Found {
        let outer = std::mem::replace(&mut self.module, module);
        let found = if let Some(&index) = self.own().by_name.get(name) {
            self.find_entry(cx, index)
        } else if self.own().by_variant.contains_key(name) {
            self.find_variant(cx, name)
        } else {
            Found::Nothing
        };
        self.module = outer;
        found
    }

    fn imports(&self) -> &Imports {
        &self.env.imports
    }

    fn takes_enumerators(&self) -> bool {
        self.in_member
    }

    fn complete(&mut self, cx: &mut Session, ty: Ty, span: Span) -> bool {
        let kind = cx.types.kind(ty);
        let entry = if let TyKind::Array(element, _) = kind {
            return self.complete(cx, element, span);
        } else if let TyKind::Struct(id) = kind {
            self.struct_entries.get(&id)
        } else if let TyKind::Enum(id) = kind {
            self.enum_entries.get(&id)
        } else {
            None
        };
        entry.copied().is_none_or(|index| self.resolve(cx, index, Some(span)))
    }

    fn complete_variant(&mut self, cx: &mut Session, of: Ty, variant: &Ident) -> bool {
        let TyKind::Enum(id) = cx.types.kind(of) else { return true };
        let Some(index) = self.enum_entries.get(&id).copied() else { return true };
        let known = self.variant_value(cx, index, &variant.name).is_some();
        known || self.resolve(cx, index, Some(variant.span))
    }

    fn note_order(&mut self, tree: StructId, less: FuncId) {
        self.env.orders.insert(tree, less);
    }

    fn field_default(&mut self, cx: &mut Session, of: StructId, field: usize) -> Option<Const> {
        self.default_of(cx, of, field)
    }

    fn signature(&mut self, cx: &mut Session, func: FuncId) -> Option<FnSig> {
        let index = self.entries.iter().position(|e| matches!(e.entity, Entity::Func(id) if id == func))?;
        if self.resolve(cx, index, None) { self.env.value_signature(func) } else { None }
    }

    fn nest(&mut self, deeper: bool) {
        if deeper {
            self.levels += 1;
        } else {
            self.levels -= 1;
        }
    }

    fn stacks(&self, map: MapId) -> Option<String> {
        self.env.program.map(map).stacks().map(str::to_owned)
    }

    fn candidates(&self, wanted: Wanted) -> Vec<String> {
        let mut names = match wanted {
            Wanted::Any => self.env.all_names(self.module),
            Wanted::Type => self.env.type_names(self.module),
        };
        for entry in self.own().entries.iter().map(|&index| &self.entries[index]) {
            let is_type = matches!(entry.item.kind, ItemKind::Struct(_) | ItemKind::Enum(_) | ItemKind::Alias { .. });
            if is_type || wanted == Wanted::Any {
                names.push(entry.name.name.clone());
            }
            if let (ItemKind::Enum(decl), Wanted::Any) = (&entry.item.kind, wanted) {
                names.extend(decl.variants.iter().map(|v| v.name.name.clone()));
            }
        }
        names
    }
}

impl Declare<'_> {
    fn find_entry(&mut self, cx: &mut Session, index: usize) -> Found {
        let needs_resolving =
            matches!(self.entries[index].item.kind, ItemKind::Alias { .. } | ItemKind::Const(_) | ItemKind::Var(_));
        if needs_resolving && !self.resolve(cx, index, None) {
            return Found::Broken;
        }
        let Entry { name, entity, .. } = &self.entries[index];
        if let Entity::Broken = entity {
            return Found::Broken;
        }
        if let Entity::Global(id) = entity {
            return Found::Variable(self.env.program.global(*id).ty);
        }
        Found::Declared(Declared { entity: entity.clone(), span: Some(name.span) })
    }
}
