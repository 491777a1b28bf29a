//! Fields and elements of constants.

use super::{Constant, integer, is_zero, not_constant, own_type, value};
use crate::ast::{Expr, Ident};
use crate::diag::codes::types::{IndexRange, NotAStruct, NotIndexable};
use crate::sema::advice::members::{arrow_on_value, no_such_field};
use crate::sema::scope::Scope;
use crate::sema::tree::Const;
use crate::session::Session;
use crate::source::Span;
use crate::types::{StructId, Ty, TyKind, Types};

/// `base.name`, or wrongly `base->name`, of a struct that is a constant.
pub(super) fn field(
    cx: &mut Session,
    scope: &mut dyn Scope,
    (owner, name, arrow): (&Expr, &Ident, bool),
    span: Span,
) -> Option<Constant> {
    let (base, ty) = typed(cx, scope, owner, "the value of a field", span)?;
    let TyKind::Struct(id) = cx.types.kind(ty) else {
        if let TyKind::Ptr { .. } = cx.types.kind(ty) {
            return not_constant(cx, span, "what a pointer points to");
        }
        let name = cx.types.name(ty);
        cx.error(span, NotAStruct { name });
        return None;
    };
    if arrow {
        arrow_on_value(cx, owner.span, ty, name);
    }
    let def = cx.types.struct_def(id);
    if let Some(index) = def.field(&name.name) {
        let ty = def.fields[index].ty;
        if !is_known(&cx.types, &base, id, index) {
            return not_constant(cx, span, "a field that shares its bytes with others");
        }
        return Some(Constant::typed(part(&cx.types, &base, index, ty), ty));
    }
    no_such_field(cx, id, name);
    None
}

/// `base[index]` of an array or string that is a constant.
pub(super) fn element(
    cx: &mut Session,
    scope: &mut dyn Scope,
    base: &Expr,
    index: &Expr,
    span: Span,
) -> Option<Constant> {
    let (base, ty) = typed(cx, scope, base, "the value of an element", span)?;
    let at = integer(cx, scope, index)?;
    if let TyKind::Ptr { .. } = cx.types.kind(ty) {
        return not_constant(cx, span, "what a pointer points to");
    }
    let Some((element, length)) = cx.types.elements(ty) else {
        let ty = cx.types.name(ty);
        cx.error(span, NotIndexable { ty });
        return None;
    };
    match usize::try_from(at) {
        Ok(number) if (number as u64) < length => {
            Some(Constant::typed(part(&cx.types, &base, number, element), element))
        }
        Ok(_) | Err(_) => {
            let (ty, range) = (cx.types.name(ty), index_range(length));
            cx.error(index.span, IndexRange { index: at.to_string(), ty, range });
            None
        }
    }
}

/// A constant with its type.
fn typed(cx: &mut Session, scope: &mut dyn Scope, base: &Expr, what: &str, span: Span) -> Option<(Const, Ty)> {
    let constant = value(cx, scope, base, None)?;
    match own_type(cx, &constant) {
        Some(ty) => Some((constant.value, ty)),
        None => not_constant(cx, span, what),
    }
}

/// A field or element, which is there and of this type, of a constant.
pub fn part(types: &Types, whole: &Const, index: usize, ty: Ty) -> Const {
    match whole {
        Const::Struct(parts) | Const::Array(parts) => parts[index].clone(),
        // The bytes after the text are zero.
        Const::Str(text) => Const::Int(super::text(text).get(index).copied().unwrap_or(0).into()),
        Const::Zero | Const::Null => zero(types, ty),
        Const::Int(_) | Const::Bool(_) | Const::Float(_) | Const::Func(_) => {
            crate::bug!("a scalar constant has no parts")
        }
    }
}

/// Whether the constant has the value of the field. It knows the field that a literal gave, not those that lie in the same
/// bytes.
pub fn is_known(types: &Types, whole: &Const, id: StructId, field: usize) -> bool {
    let Const::Struct(values) = whole else { return true };
    let others = || values.iter().enumerate().filter(|(other, _)| types.share_bits(id, field, *other));
    !types.is_shared(id, field) || others().all(|(_, value)| is_zero(value))
}

/// The value of a type whose bytes are all zero.
fn zero(types: &Types, ty: Ty) -> Const {
    let kind = types.kind(ty);
    if types.as_int(ty).is_some() || matches!(kind, TyKind::Be { .. }) {
        Const::Int(0)
    } else if kind == TyKind::Bool {
        Const::Bool(false)
    } else if kind == TyKind::F64 {
        Const::Float(0.0)
    } else if let TyKind::Str(_) = kind {
        Const::Str(Vec::new())
    } else if let TyKind::Ptr { .. } | TyKind::Fn(_) | TyKind::Null = kind {
        Const::Null
    } else {
        Const::Zero
    }
}

/// The valid indexes in words.
pub fn index_range(length: u64) -> String {
    if length == 1 { "0 alone".to_owned() } else { format!("0 to {}", length - 1) }
}
