//! Entries that belong to kernel objects. The key of one is a pointer to the object in BPF code, and a name of the object in user space.

use super::Checker;
use super::value::error_expr;
use crate::ast;
use crate::diag::codes::maps::ObjectKey;
use crate::sema::tree::{Expr, MapId};
use crate::tables::{self, HelperArgKind, KeyRule, NamedBy, ObjectSpec};
use crate::target::{Maps, Target};
use crate::types::{Ty, TyKind};

impl Checker<'_, '_> {
    /// A key of the map, of its type; or what finds the entry of an object.
    pub fn entry_key(&mut self, map: MapId, key: &ast::Expr) -> Expr {
        let declared = self.env.program.map(map);
        match &declared.kind.object {
            None if declared.kind.key == KeyRule::Index => self.index_key(map, key),
            None => self.coerced(key, declared.key),
            Some(object) => self.object_key(map, object, key),
        }
    }

    fn object_key(&mut self, map: MapId, object: &'static ObjectSpec, key: &ast::Expr) -> Expr {
        let number = object.named_by != NamedBy::Path && self.targets.any(|on| on.maps == Maps::ByRuntime);
        let value = self.value(key, number.then_some(Ty::I32));
        if value.is_error() {
            return value.expr;
        }
        let (ty, span) = (value.ty(), value.span());
        let by_key = if self.pointer(ty).is_some() { Target::Bpf } else { Target::Host };
        let target = self.targets.only().unwrap_or(by_key);
        let bpf = target.facts().maps == Maps::InPlace;
        let fits = match object.named_by {
            _ if bpf => self.pointer(ty).is_some(),
            NamedBy::Path => matches!(self.cx.types.kind(ty), TyKind::Str(_)),
            NamedBy::Socket | NamedBy::Process => self.cx.types.as_int(ty).is_some(),
        };
        if fits {
            let wanted = match object.named_by {
                _ if bpf => self
                    .object_with(object.pointer, ty, takes_null(object))
                    .unwrap_or_else(|| self.object_result(object.pointer, takes_null(object), span)),
                NamedBy::Path => ty,
                NamedBy::Socket | NamedBy::Process => Ty::I32,
            };
            return if wanted == Ty::ERROR { error_expr(span) } else { self.coerce(value, wanted) };
        }
        let name = self.env.program.map(map).name.clone();
        let side = target.facts().code.to_owned();
        let (wants, found) = (object.key_in_words(target), self.ty_name(ty));
        self.error(span, ObjectKey { name, side, wants, found });
        error_expr(span)
    }
}

/// Whether null is an object that has no entry, as the kernel sees it.
fn takes_null(object: &ObjectSpec) -> bool {
    let args = tables::helper(object.get).map_or(&[][..], |helper| helper.args);
    args.iter().any(|arg| arg.kind == HelperArgKind::Object && arg.nullable)
}
