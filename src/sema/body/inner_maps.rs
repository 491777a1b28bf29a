//! Maps of maps: `if (var inner = outer[k])`, and `outer[k] = &other` in user space.

use super::Checker;
use super::exprs::strip;
use super::variables::{LocalKind, Variables};
use crate::ast::{self, ExprKind as Ast, UnaryOp};
use crate::diag::codes::maps::{InnerMismatch, InnerWanted};
use crate::diag::codes::refused::OverLimit;
use crate::sema::tree::{ConfigId, Map, MapId, Optional, OptionalKind, StmtKind};
use crate::source::Span;
use crate::tables::MapAccess;
use crate::types::{Space, Ty};

impl Checker<'_, '_> {
    /// `outer[k]`, which is there or not. None if that was reported.
    pub fn inner_map(&mut self, map: MapId, key: &ast::Expr, span: Span) -> Option<Optional> {
        if !self.can(map, MapAccess::Inner, span) {
            return None;
        }
        let (key_ty, _) = self.entry_types(map);
        let key = self.coerced(key, key_ty);
        let used = |bound: &MapId| {
            let names = self.vars.visible_locals();
            names.into_iter().any(|local| self.vars[local].map == Some(*bound))
        };
        let bound = self.env.program.map(map).bound.iter().copied().find(|bound| !used(bound));
        let Some(bound) = bound else {
            let most = self.env.program.map(map).bound.len().to_string();
            self.error(span, OverLimit { what: "many maps out of one map of maps at a time".into(), most })
                .help("end the scope of one before the next is taken out: each in an `if` or in a function");
            return None;
        };
        let ty = self.cx.types.ptr(Ty::U8, Space::Map, false);
        Some(Optional { kind: OptionalKind::InnerMap { map, key, bound }, ty, span })
    }

    /// `outer[k] = &other`
    pub fn set_inner(&mut self, map: MapId, key: &ast::Expr, value: &ast::Expr, place: Span) -> Option<StmtKind> {
        if !self.can(map, MapAccess::SetInner, place) {
            return None;
        }
        let (key_ty, _) = self.entry_types(map);
        let key = self.coerced(key, key_ty);
        let named = if let Ast::Unary { op: UnaryOp::AddressOf, operand } = &strip(value).kind {
            self.map_named(operand)
        } else {
            None
        };
        let outer = self.env.program.map(map);
        let (name, template) = (outer.name.clone(), self.env.program.map(outer.inner?));
        let Some(inner) = named.filter(|inner| !self.env.program.map(*inner).is_bound) else {
            let help = format!("write the address of a map: `{name}[key] = &{}`", template.name);
            self.error(value.span, InnerWanted { name }).help(help);
            return None;
        };
        let other = self.env.program.map(inner);
        let differs = match () {
            _ if other.kind.name != template.kind.name => "kinds",
            _ if other.key != template.key => "keys",
            _ if other.value != template.value => "values",
            _ if other.flags != template.flags => "flags",
            _ if other.kind.array && size(other) != size(template) => "numbers of entries",
            _ => return Some(StmtKind::MapSetInner { map, key, inner }),
        };
        let (inner, at) = (other.name.clone(), template.span);
        self.error(value.span, InnerMismatch { inner, name, differs: differs.to_owned() })
            .note(at, "the template of the maps that it holds");
        None
    }
}

/// What decides the number of a map's entries: a number, or the integer of a config.
fn size(map: &Map) -> (u32, Option<(ConfigId, u32)>) {
    (map.max_entries, map.sized_by.as_ref().map(|source| (source.config, source.offset)))
}

impl Variables {
    /// The map that a local is bound to, by `if (var inner = outer[k])`.
    pub fn bound_map(&self, name: &str) -> Option<MapId> {
        let info = &self[self.local_of(name)?];
        info.map.filter(|_| info.kind == LocalKind::InnerMap)
    }
}
