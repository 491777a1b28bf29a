//! Maps: types of keys and values, and the number of entries.

use super::Declare;
use crate::ast::{self, Expr, TypeKind, VarDecl};
use crate::diag::codes::maps::{MapInitialiser, MapKey, MapSize, MapTypes, MapValue};
use crate::sema::consts;
use crate::sema::scope::Scope;
use crate::sema::tree::MapId;
use crate::sema::types::{Position, resolve};
use crate::session::Session;
use crate::tables::{KeyRule, MapKindSpec};
use crate::types::{Ty, TyKind, Types};

/// The kernel keeps a key on its stack (MAX_BPF_STACK).
const MAX_KEY: u64 = 512;
/// A value of one CPU lies in one per-CPU unit (PCPU_MIN_UNIT_SIZE).
const MAX_PERCPU_VALUE: u64 = 32768;
/// Entries of a hash are allocated by kmalloc (KMALLOC_MAX_SIZE); some bytes of it are the entry's head and key.
const MAX_VALUE: u64 = (4 << 20) - 1024;

impl Declare<'_> {
    pub(super) fn map(&mut self, cx: &mut Session, id: MapId, decl: &VarDecl) {
        let kind = self.env.program.map(id).kind;
        if let Some(init) = &decl.init {
            cx.error(init.span, MapInitialiser { name: decl.name.name.clone() });
        }
        let Some(written) = &decl.ty else { return };
        let (args, size): (&[ast::Type], Option<&Expr>) = match &written.kind {
            TypeKind::Applied { args, size, .. } => (args, size.as_deref()),
            TypeKind::Named(_) | TypeKind::Array { .. } | TypeKind::Pointer { .. } | TypeKind::Fn { .. } => (&[], None),
        };
        let types = match (kind.key, args) {
            (KeyRule::None, [value]) => Some((Ty::VOID, self.map_value(cx, kind, value))),
            (KeyRule::Any | KeyRule::Index, [key, value]) => {
                Some((self.map_key(cx, kind, key), self.map_value(cx, kind, value)))
            }
            (KeyRule::None | KeyRule::Any | KeyRule::Index, _) => {
                let wants = form(kind);
                cx.error(written.span, MapTypes { kind: kind.name.to_owned(), wants });
                None
            }
        };
        let entries = match size {
            Some(size) => self.map_size(cx, size),
            None => kind.default_entries,
        };
        let map = &mut self.env.program.maps[id.0 as usize];
        map.max_entries = entries;
        if let Some((key, value)) = types {
            map.key = key;
            map.value = value;
        }
    }

    fn map_type(&mut self, cx: &mut Session, written: &ast::Type) -> Ty {
        let ty = resolve(cx, self, written, Position::Value);
        if self.complete(cx, ty, written.span) { ty } else { Ty::ERROR }
    }

    fn map_key(&mut self, cx: &mut Session, kind: &'static MapKindSpec, written: &ast::Type) -> Ty {
        let ty = self.map_type(cx, written);
        if ty == Ty::ERROR {
            return ty;
        }
        let index = kind.key == KeyRule::Index;
        let size = cx.types.size_of(ty);
        let why = match () {
            _ if index && !(size == 4 && cx.types.as_int(ty).is_some()) => "its key is an index, `u32`",
            _ if size == 0 => "it has no size",
            _ if size > MAX_KEY => "a key has at most 512 bytes",
            _ if holds(&cx.types, ty, |kind| matches!(kind, TyKind::Ptr { .. } | TyKind::Fn(_))) => {
                "two equal pointers need not mean the same"
            }
            _ if holds(&cx.types, ty, |kind| kind == TyKind::F64) => {
                "keys are compared by their bytes, `f64` by its value"
            }
            _ => return ty,
        };
        let (name, why) = (cx.types.name(ty), why.to_owned());
        let error = cx.error(written.span, MapKey { kind: kind.name.to_owned(), ty: name, why });
        if index {
            error.fix(written.span, "u32");
        }
        Ty::ERROR
    }

    fn map_value(&mut self, cx: &mut Session, kind: &'static MapKindSpec, written: &ast::Type) -> Ty {
        let ty = self.map_type(cx, written);
        if ty == Ty::ERROR {
            return ty;
        }
        let size = cx.types.size_of(ty);
        let why = match () {
            _ if size == 0 => "it has no size",
            _ if kind.percpu && size > MAX_PERCPU_VALUE => "a per-CPU value has at most 32768 bytes",
            _ if size > MAX_VALUE => "a value has at most 4 MiB",
            _ if holds(&cx.types, ty, |kind| matches!(kind, TyKind::Fn(_))) => {
                "a function pointer means nothing to the other side"
            }
            _ => return ty,
        };
        let (name, why) = (cx.types.name(ty), why.to_owned());
        cx.error(written.span, MapValue { kind: kind.name.to_owned(), ty: name, why });
        Ty::ERROR
    }

    fn map_size(&mut self, cx: &mut Session, size: &Expr) -> u32 {
        let Some(value) = consts::integer(cx, self, size) else { return 1 };
        match u32::try_from(value) {
            Ok(entries) if entries > 0 => entries,
            Ok(_) | Err(_) => {
                cx.error(size.span, MapSize { value: value.to_string() });
                1
            }
        }
    }
}

/// How a map of the kind is written.
fn form(kind: &MapKindSpec) -> String {
    let types = match kind.key {
        KeyRule::None => "V",
        KeyRule::Index => "u32, V",
        KeyRule::Any => "K, V",
    };
    format!("{}<{types}>(entries)", kind.name)
}

/// Whether the type, or a part of it, is such a one.
pub(super) fn holds(types: &Types, ty: Ty, wanted: fn(TyKind) -> bool) -> bool {
    let kind = types.kind(ty);
    if let TyKind::Array(element, _) = kind {
        return holds(types, element, wanted);
    }
    if let TyKind::Struct(id) = kind {
        return types.struct_def(id).fields.iter().any(|field| holds(types, field.ty, wanted));
    }
    wanted(kind)
}
