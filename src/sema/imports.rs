//! Imported modules: `module.name`, in constants and types as in bodies.

use super::env::{Declared, Entity, Variants};
use super::meanings;
use super::scope::{Found, Scope};
use crate::ast::{Expr, ExprKind, Ident, ItemKind, Path, Visibility};
use crate::diag::Diagnostic;
use crate::diag::codes::modules::{NoSuchMember, PrivateMember};
use crate::modules::{ModuleId, Modules};
use crate::python::Script;
use crate::session::Session;
use crate::source::Span;
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

/// Index into `Imports::list`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ImportId(pub usize);

/// `import name from "x.ks"`
pub struct Import {
    pub name: String,
    pub module: ModuleId,
    /// The whole declaration.
    pub span: Span,
    pub used: Cell<bool>,
}

/// How a name of a module looks from outside.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Seen {
    Public,
    Private(Span),
    /// The name of a module that it imports.
    Import,
}

/// The imports of all modules, and what each module declares. The latter is known before any of it is resolved.
#[derive(Default)]
pub struct Imports {
    list: Vec<Import>,
    members: Vec<BTreeMap<String, Seen>>,
    scripts: Vec<(ModuleId, Script)>,
    /// The names of each module's functions.
    functions: Vec<BTreeSet<String>>,
}

impl Imports {
    /// No imports yet; the names that each module declares are known.
    pub fn of(modules: &Modules) -> Imports {
        Imports {
            members: modules.ids().map(|id| members(modules, id)).collect(),
            scripts: modules.scripts.clone(),
            functions: modules.ids().map(|id| functions(modules, id)).collect(),
            ..Imports::default()
        }
    }

    /// Adds an import and returns its id.
    pub fn add(&mut self, import: Import) -> ImportId {
        self.list.push(import);
        ImportId(self.list.len() - 1)
    }

    /// All imports, in the order in which they were added.
    pub fn all(&self) -> impl Iterator<Item = &Import> {
        self.list.iter()
    }

    /// The module that an import leads to. Asking for it is a use of the import.
    pub fn used(&self, id: ImportId) -> ModuleId {
        let import = &self.list[id.0];
        import.used.set(true);
        import.module
    }

    /// The file of Python that an import leads to; none for another module. Asking for it is a use of the import.
    pub fn script(&self, id: ImportId) -> Option<&Script> {
        let module = self.list[id.0].module;
        let (_, script) = self.scripts.iter().find(|(known, _)| *known == module)?;
        self.list[id.0].used.set(true);
        Some(script)
    }

    /// Whether an importer may use the name.
    pub fn is_public(&self, module: ModuleId, name: &str) -> bool {
        self.members[module.0 as usize].get(name) == Some(&Seen::Public)
    }

    /// `module.name`, of each module that the file imports and that declares the name.
    pub fn spelled_out(&self, name: &Ident) -> Vec<String> {
        let here = self.list.iter().filter(|import| import.span.file == name.span.file);
        let declaring = here.filter(|import| self.is_public(import.module, &name.name));
        declaring.map(|import| format!("{}.{}", import.name, name.name)).collect()
    }

    /// Reports a name that an importer may not use, or that is not there; once, though several rules may look at it.
    /// `called`: only a function can be meant.
    pub fn report(&self, cx: &mut Session, import: ImportId, name: &Ident, called: bool) {
        if cx.diags.iter().any(|reported| reported.span == Some(name.span)) {
            return;
        }
        let Import { name: module, module: id, .. } = &self.list[import.0];
        let (module, members) = (module.clone(), &self.members[id.0 as usize]);
        match members.get(&name.name) {
            Some(Seen::Private(declared)) => {
                cx.error(name.span, PrivateMember { module, name: name.name.clone() })
                    .note(*declared, "declared `priv` here");
            }
            Some(Seen::Import) => {
                cx.error(name.span, NoSuchMember { module: module.clone(), name: name.name.clone() })
                    .help(format!("`{module}` imports `{0}` for itself; import it here too", name.name));
            }
            Some(Seen::Public) | None => {
                let functions = &self.functions[id.0 as usize];
                let public = members.iter().filter(|(_, seen)| **seen == Seen::Public).map(|(name, _)| name);
                let near = cx.diags.near(&name.name, || public.filter(|name| !called || functions.contains(*name)));
                let error = cx.error(name.span, NoSuchMember { module, name: name.name.clone() });
                if let Some(near) = near {
                    error.near(name.span, near);
                }
            }
        }
    }
}

/// Says in the error about a name how it is spelled where one of these is meant.
pub fn propose(error: &mut Diagnostic, span: Span, spellings: &[String]) {
    if let [only] = spellings {
        error.help(format!("did you mean `{only}`?")).fix(span, only.clone());
    } else {
        error.help(format!("did you mean `{}`?", spellings.join("` or `")));
    }
}

/// The names that a module declares: its own, those of its headers, and the variants of its enums.
fn members(modules: &Modules, id: ModuleId) -> BTreeMap<String, Seen> {
    let mut members = BTreeMap::new();
    for item in modules.items(id) {
        let Some(name) = item.kind.name() else { continue };
        let seen = match (&item.kind, item.visibility) {
            (ItemKind::Import { .. }, _) => Seen::Import,
            (_, Some(Visibility::Priv)) => Seen::Private(name.span),
            (_, Some(Visibility::Pub) | None) => Seen::Public,
        };
        members.insert(name.name.clone(), seen);
        if let ItemKind::Enum(decl) = &item.kind {
            for variant in &decl.variants {
                // One of two enums that share the variant may be public.
                let before = members.get(&variant.name.name);
                if before != Some(&Seen::Public) {
                    members.insert(variant.name.name.clone(), seen);
                }
            }
        }
    }
    members
}

fn functions(modules: &Modules, id: ModuleId) -> BTreeSet<String> {
    let functions = modules.items(id).filter(|item| matches!(item.kind, ItemKind::Fn(_)));
    functions.filter_map(|item| item.kind.name()).map(|name| name.name.clone()).collect()
}

/// What `module.name` means. That it means nothing is reported.
fn find_member(cx: &mut Session, scope: &mut dyn Scope, import: ImportId, name: &Ident) -> Found {
    let module = scope.imports().used(import);
    if !scope.imports().is_public(module, &name.name) {
        scope.imports().report(cx, import, name, false);
        return Found::Broken;
    }
    let found = scope.find_in(cx, module, &name.name);
    if let Found::Declared(Declared { entity: Entity::Variants(Variants { visible, .. }), span }) = found {
        // A name that the module hides is not its own.
        let entity = Entity::Variants(Variants { visible, hidden: Vec::new() });
        return Found::Declared(Declared { entity, span });
    }
    found
}

/// The meaning of `owner.name` if `owner` is a module here; none if it is not.
fn find_qualified(cx: &mut Session, scope: &mut dyn Scope, owner: &Ident, name: &Ident) -> Option<Found> {
    match find_noted(cx, scope, owner) {
        Found::Declared(Declared { entity: Entity::Import(import), .. }) => {
            let found = find_member(cx, scope, import, name);
            meanings::note_found(cx, name, &found);
            Some(found)
        }
        Found::Broken => Some(Found::Broken),
        Found::Declared(_) | Found::Variable(_) | Found::Nothing => None,
    }
}

fn find_noted(cx: &mut Session, scope: &mut dyn Scope, name: &Ident) -> Found {
    let found = scope.find(cx, &name.name);
    meanings::note_found(cx, name, &found);
    found
}

/// What a name of one part, or of a module and a part, means; none if its first part is no module.
pub fn find_path(cx: &mut Session, scope: &mut dyn Scope, path: &Path) -> Option<Found> {
    match path.segments.as_slice() {
        [name] => Some(find_noted(cx, scope, name)),
        [owner, name] => find_qualified(cx, scope, owner, name),
        _ => None,
    }
}

/// The meaning of `name` or `module.name` as an expression; none for any other expression.
pub fn find_expr(cx: &mut Session, scope: &mut dyn Scope, expr: &Expr) -> Option<Found> {
    if let ExprKind::Name(path) = &expr.kind
        && let [name] = path.segments.as_slice()
    {
        return Some(find_noted(cx, scope, name));
    }
    let (owner, name) = qualified(expr)?;
    find_qualified(cx, scope, owner, name)
}

/// Whether `find_expr` has nothing to report: the expression is no name of a module that the module does not have.
pub fn is_known(cx: &mut Session, scope: &mut dyn Scope, expr: &Expr) -> bool {
    let Some((owner, name)) = qualified(expr) else { return true };
    let Found::Declared(Declared { entity: Entity::Import(import), .. }) = scope.find(cx, &owner.name) else {
        return true;
    };
    let module = scope.imports().used(import);
    scope.imports().is_public(module, &name.name)
}

/// The parts of `owner.name`.
pub fn qualified(expr: &Expr) -> Option<(&Ident, &Ident)> {
    let ExprKind::Field { base, name, arrow: false } = &expr.kind else { return None };
    let ExprKind::Name(path) = &base.kind else { return None };
    if let [owner] = path.segments.as_slice() { Some((owner, name)) } else { None }
}
