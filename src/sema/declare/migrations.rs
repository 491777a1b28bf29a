//! `@migrate(m) fn …`: functions that make the entries of a pinned map anew.

use super::Declare;
use super::attributes::MIGRATE;
use super::map_values::holds;
use crate::ast::{Attribute, ExprKind, FnDecl, Ident, Item, ItemKind};
use crate::diag::codes::names::{AttributeArguments, ConflictingAttributes};
use crate::diag::codes::shared::BadMigration;
use crate::sema::env::Entity;
use crate::sema::tree::{FuncId, Map, MapId, Migration, Role};
use crate::sema::types::describe;
use crate::session::Session;
use crate::source::Span;
use crate::tables::MAP_KINDS;
use crate::types::{Ty, TyKind};

impl Declare<'_> {
    /// Finds the functions of each map, once all declarations are checked.
    pub(super) fn migrations(&mut self, cx: &mut Session) {
        for index in 0..self.entries.len() {
            let (item, module) = (self.entries[index].item, self.entries[index].module);
            let attribute = item.attributes.iter().find(|attribute| attribute.name.name == MIGRATE);
            let (Some(attribute), ItemKind::Fn(decl), Entity::Func(id)) =
                (attribute, &item.kind, self.entries[index].entity.clone())
            else {
                continue;
            };
            self.module = module;
            if let Some(migration) = self.migration(cx, item, (id, decl), attribute) {
                self.env.program.migrations.push(migration);
            }
        }
    }

    fn migration(
        &mut self,
        cx: &mut Session,
        item: &Item,
        (func, decl): (FuncId, &FnDecl),
        attribute: &Attribute,
    ) -> Option<Migration> {
        if !self.is_plain(cx, item, func, attribute) {
            return None;
        }
        let map = self.migrated_map(cx, attribute)?;
        let refuse = |cx: &mut Session, span: Span, why: String, help: String| {
            cx.error(span, BadMigration { name: decl.name.name.clone(), why }).help(help);
            None
        };
        if let Some(name) = decl.result.as_ref().and_then(|result| result.name.as_ref()) {
            let why = "its result has a name".to_owned();
            return refuse(cx, name.span, why, "end each path with `return`".to_owned());
        }
        let declared = self.env.program.map(map);
        let (key, value) = (declared.key, declared.value);
        let (key_name, value_name) = (cx.types.name(key), cx.types.name(value));
        let forms = format!(
            "`fn {0}(old: Old) -> {value_name}`, or `fn {0}(key: OldKey, old: Old, fresh: *{key_name}) -> {value_name}?`, of which `null` drops the entry",
            decl.name.name
        );
        let sig = self.env.funcs[func.0 as usize].sig.clone();
        let (old_key, old) = match (decl.params.as_slice(), sig.params.as_slice()) {
            ([_], [old, ..]) => (None, *old),
            ([_, _, fresh], [old_key, old, to, ..]) => {
                let is_fresh = matches!(cx.types.kind(*to), TyKind::Ptr { to, nullable: false, .. } if to == key)
                    || *to == Ty::ERROR;
                if !is_fresh {
                    let why = format!("its last parameter is where the new key goes, a `*{key_name}`");
                    return refuse(cx, fresh.ty.span, why, forms);
                }
                (Some(*old_key), *old)
            }
            (params, _) => {
                let why = format!("it takes {} parameters", params.len());
                return refuse(cx, decl.name.span, why, forms);
            }
        };
        let made = match decl.result.as_ref().filter(|result| result.optional.is_some()) {
            Some(_) => sig.params.last().map_or(Ty::ERROR, |&place| pointee(cx, place)),
            None => sig.result,
        };
        if made != value && made != Ty::ERROR {
            let span = decl.result.as_ref().map_or(decl.name.span, |result| result.ty.span);
            let (made, name) = (cx.types.name(made), &self.env.program.map(map).name);
            let why = format!("it makes a `{made}`, and the values of `{name}` are `{value_name}`");
            return refuse(cx, span, why, forms);
        }
        for (param, ty) in std::iter::zip(&decl.params, old_key.into_iter().chain([old])) {
            let is_address = |kind| matches!(kind, TyKind::Ptr { .. } | TyKind::Fn(_)) || kind == TyKind::Bytes;
            if holds(&cx.types, ty, is_address) {
                let why = format!("a `{}` holds addresses, which no pinned entry has", cx.types.name(ty));
                return refuse(cx, param.ty.span, why, "take the entry by value: `old: Old`".to_owned());
            }
        }
        let is_known = ![Some(old), old_key, Some(made)].contains(&Some(Ty::ERROR));
        is_known.then_some(Migration {
            map,
            func,
            name: decl.name.name.clone(),
            key: old_key,
            old,
            span: decl.name.span,
        })
    }

    /// Whether the function is one of user space without another attribute; reports if not.
    fn is_plain(&self, cx: &mut Session, item: &Item, func: FuncId, attribute: &Attribute) -> bool {
        if let Some(other) = item.attributes.iter().find(|other| other.name.name != MIGRATE) {
            let (first, second) = (other.name.name.clone(), MIGRATE.to_owned());
            cx.error(attribute.span, ConflictingAttributes { first, second }).note(other.span, "the other one");
            return false;
        }
        // That `main` has an attribute was reported.
        matches!(self.env.program.func(func).role, Role::Plain)
    }

    /// The pinned map that the attribute names.
    fn migrated_map(&mut self, cx: &mut Session, attribute: &Attribute) -> Option<MapId> {
        let name = named(cx, attribute)?;
        let index = self.own().by_name.get(name.name.as_str()).copied();
        let mut refuse = |why: String, help: &str| {
            cx.error(name.span, BadMigration { name: name.name.clone(), why }).help(help);
            None
        };
        let Some(index) = index else {
            return refuse(
                "this file declares no map of this name".to_owned(),
                "name a pinned map: `@migrate(counts)`",
            );
        };
        let entity = &self.entries[index].entity;
        let Entity::Map(id) = *entity else {
            let why = format!("it is {}, and no map", describe(entity));
            let help = "pinned variables that are added take the others along by themselves";
            return if matches!(entity, Entity::Broken) { None } else { refuse(why, help) };
        };
        let map: &Map = self.env.program.map(id);
        if !map.pinned {
            let why = "the map is not pinned, so no earlier entries exist".to_owned();
            return refuse(why, "`pin var` keeps a map for the next process");
        }
        if !map.kind.migrates {
            let kinds: Vec<String> =
                MAP_KINDS.iter().filter(|kind| kind.migrates).map(|kind| format!("`{}`", kind.word())).collect();
            let why = format!("the entries of a `{}` cannot be copied", map.kind.word());
            return refuse(why, &format!("those of {} can", kinds.join(", ")));
        }
        (map.key != Ty::ERROR && map.value != Ty::ERROR).then_some(id)
    }
}

fn pointee(cx: &Session, ty: Ty) -> Ty {
    if let TyKind::Ptr { to, .. } = cx.types.kind(ty) { to } else { Ty::ERROR }
}

/// The one name between the parentheses.
fn named<'a>(cx: &mut Session, attribute: &'a Attribute) -> Option<&'a Ident> {
    // That there is none was reported.
    let args = attribute.args.as_deref().filter(|args| !args.is_empty())?;
    if let [arg] = args
        && arg.name.is_none()
        && let ExprKind::Name(path) = &arg.value.kind
        && let [name] = path.segments.as_slice()
    {
        return Some(name);
    }
    let wants = super::attributes::wants(MIGRATE);
    cx.error(attribute.span, AttributeArguments { name: MIGRATE.to_owned(), wants });
    None
}
