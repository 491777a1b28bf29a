//! `sizeof` and `offsetof`: constants without a type.

use super::Constant;
use crate::ast::{self, ArraySpelling, Expr, ExprKind, Ident, TypeKind, UnaryOp};
use crate::diag::codes::names::NotConstant;
use crate::diag::codes::types::{NotAPointer, NotAStruct};
use crate::sema::advice::members::{arrow_on_value, no_such_field};
use crate::sema::env::{Declared, Entity};
use crate::sema::imports;
use crate::sema::kernel_types;
use crate::sema::scope::{Found, Scope};
use crate::sema::types::{Position, resolve};
use crate::session::Session;
use crate::source::Span;
use crate::tables::{MethodOwner, ValueMethod};
use crate::types::{Ty, TyKind};

/// `sizeof(T)`; a plain name may be a variable's.
pub(super) fn sizeof_type(cx: &mut Session, scope: &mut dyn Scope, ty: &ast::Type) -> Option<Constant> {
    if let TypeKind::Named(path) = &ty.kind
        && let [name] = path.segments.as_slice()
    {
        let operand = Expr { kind: ExprKind::Name(path.clone()), span: ty.span };
        match scope.find(cx, &name.name) {
            Found::Variable(_) => return sizeof_place(cx, scope, &operand),
            Found::Declared(Declared { entity: Entity::Type(_), .. }) | Found::Nothing | Found::Broken => {}
            Found::Declared(_) => {
                let constant = super::value(cx, scope, &operand, None)?;
                let ty = super::own_type(cx, &constant)?;
                return Some(Constant::untyped(cx.types.size_of(ty).into()));
            }
        }
    }
    let resolved = resolve(cx, scope, ty, Position::Bare);
    size(cx, scope, ty.span, resolved)
}

fn size(cx: &mut Session, scope: &mut dyn Scope, span: Span, ty: Ty) -> Option<Constant> {
    if ty == Ty::ERROR || !scope.complete(cx, ty, span) {
        return None;
    }
    if refuse_relocated(cx, ty, span) {
        return None;
    }
    Some(Constant::untyped(cx.types.size_of(ty).into()))
}

/// `sizeof(e)` of a variable, or of a field or an element of one. Other operands are checked with the body.
pub(super) fn sizeof_place(cx: &mut Session, scope: &mut dyn Scope, operand: &Expr) -> Option<Constant> {
    if let Some(ty) = written_type(cx, scope, operand) {
        let resolved = resolve(cx, scope, &ty, Position::Bare);
        return size(cx, scope, operand.span, resolved);
    }
    let ty = place_type(cx, scope, operand)?;
    size(cx, scope, operand.span, ty)
}

/// The layout of a struct of the kernel is known when the program is loaded. True if that was reported.
fn refuse_relocated(cx: &mut Session, ty: Ty, span: Span) -> bool {
    let relocated = cx.types.is_relocated(ty);
    if relocated {
        let what = format!("the layout of `{}`, of which each kernel has its own,", cx.types.name(ty));
        cx.error(span, NotConstant { what }).help("the loader fills it in: it is a value in BPF code");
    }
    relocated
}

/// `Name[4]`, `*Name` and `str(16)` look like expressions; they are types if the name is one.
pub fn written_type(cx: &mut Session, scope: &mut dyn Scope, operand: &Expr) -> Option<ast::Type> {
    let span = operand.span;
    if let ExprKind::Unary { op: UnaryOp::Deref, operand } = &operand.kind {
        let to = Box::new(written_type(cx, scope, operand)?);
        return Some(ast::Type { kind: TypeKind::Pointer { memory: ast::Memory::Own, to, nullable: false }, span });
    }
    if let ExprKind::Index { base, index } = &operand.kind {
        let (element, length) = (Box::new(written_type(cx, scope, base)?), index.clone());
        return Some(ast::Type { kind: TypeKind::Array { element, length, spelling: ArraySpelling::Postfix }, span });
    }
    if let ExprKind::Call { callee, args } = &operand.kind
        && let ExprKind::Name(path) = &callee.kind
        && let ([name], [ast::Arg { name: None, value }]) = (path.segments.as_slice(), args.as_slice())
        && name.name == "str"
    {
        let kind = TypeKind::Applied { name: name.clone(), args: Vec::new(), sizes: vec![value.clone()] };
        return Some(ast::Type { kind, span });
    }
    let found = imports::find_expr(cx, scope, operand)?;
    let is_type = matches!(found, Found::Declared(Declared { entity: Entity::Type(_), .. }));
    is_type.then(|| named_type(operand)).flatten()
}

/// `name` or `module.name`, as the type of this name.
pub fn named_type(expr: &Expr) -> Option<ast::Type> {
    let is_name = matches!(expr.kind, ExprKind::Name(_)) || imports::qualified(expr).is_some();
    is_name.then(|| ast::Type { kind: TypeKind::Named(path_of(expr)), span: expr.span })
}

/// `name` or `module.name` as a path.
fn path_of(expr: &Expr) -> ast::Path {
    if let ExprKind::Name(path) = &expr.kind {
        return path.clone();
    }
    let segments = imports::qualified(expr).map_or(Vec::new(), |(module, name)| vec![module.clone(), name.clone()]);
    ast::Path { segments, span: expr.span }
}

fn place_type(cx: &mut Session, scope: &mut dyn Scope, place: &Expr) -> Option<Ty> {
    if let ExprKind::Paren(inner) = &place.kind {
        return place_type(cx, scope, inner);
    }
    if let ExprKind::Unary { op: UnaryOp::Deref, operand } = &place.kind {
        let pointer = place_type(cx, scope, operand)?;
        if let TyKind::Ptr { to, .. } = cx.types.kind(pointer) {
            return Some(to);
        }
        let ty = cx.types.name(pointer);
        cx.error(operand.span, NotAPointer { ty });
        return None;
    }
    let named = imports::find_expr(cx, scope, place);
    if let Some(Found::Variable(ty)) = named {
        return Some(ty);
    }
    if let (ExprKind::Field { base, name, arrow }, None) = (&place.kind, &named) {
        let of = place_type(cx, scope, base)?;
        return member_type(cx, scope, (base.span, of), name, *arrow);
    }
    let ty = if let ExprKind::Index { base, .. } = &place.kind {
        let base = place_type(cx, scope, base)?;
        element(cx, base)
    } else {
        let constant = super::value(cx, scope, place, None)?;
        super::own_type(cx, &constant)
    };
    if ty.is_none() {
        cx.error(place.span, NotConstant { what: "the size of this expression".to_owned() })
            .help("`sizeof` takes a type, or what has one, such as a variable");
    }
    ty
}

/// `p[i]` of a pointer is an element of the array that it points to, if that is what it points to.
fn element(cx: &Session, base: Ty) -> Option<Ty> {
    let pointee = if let TyKind::Ptr { to, .. } = cx.types.kind(base) { Some(to) } else { None };
    let kind = cx.types.kind(pointee.unwrap_or(base));
    if let TyKind::Array(element, _) = kind {
        return Some(element);
    }
    if matches!(kind, TyKind::Str(_)) { Some(Ty::CHAR) } else { pointee }
}

/// The type of `base.name`, `base->name` and `be.raw`.
fn member_type(
    cx: &mut Session,
    scope: &mut dyn Scope,
    (span, base): (Span, Ty),
    name: &Ident,
    arrow: bool,
) -> Option<Ty> {
    if let (TyKind::Be { bits }, Some(ValueMethod::Raw)) =
        (cx.types.kind(base), MethodOwner::Network.method(&name.name))
    {
        return Some(cx.types.int(bits, false));
    }
    let pointee = if let TyKind::Ptr { to, .. } = cx.types.kind(base) { Some(to) } else { None };
    if arrow && pointee.is_none() {
        arrow_on_value(cx, span, base, name);
        return None;
    }
    field(cx, scope, pointee.unwrap_or(base), name).map(|(ty, _)| ty)
}

/// Type and offset of a field.
fn field(cx: &mut Session, scope: &mut dyn Scope, base: Ty, name: &Ident) -> Option<(Ty, u64)> {
    if base == Ty::ERROR || !scope.complete(cx, base, name.span) {
        return None;
    }
    let TyKind::Struct(id) = cx.types.kind(base) else {
        let ty = cx.types.name(base);
        cx.error(name.span, NotAStruct { name: ty });
        return None;
    };
    let def = cx.types.struct_def(id);
    if def.origin.is_relocated() && def.span.is_none() {
        kernel_types::field(cx, id, name, &[])?;
    }
    let def = cx.types.struct_def(id);
    match def.fields.iter().find(|f| f.name == name.name) {
        Some(field) if field.bits.is_some() => {
            cx.error(name.span, NotConstant { what: format!("the place of the bit-field `{}`", name.name) })
                .help("`offsetof` counts bytes, and bit-fields share theirs; take a field beside it");
            None
        }
        Some(field) => Some((field.ty, field.offset)),
        None => {
            no_such_field(cx, id, name);
            None
        }
    }
}

/// `offsetof(T, a.b)`
pub(super) fn offsetof(cx: &mut Session, scope: &mut dyn Scope, ty: &ast::Type, fields: &[Ident]) -> Option<Constant> {
    let span = ty.span;
    let mut ty = resolve(cx, scope, ty, Position::Bare);
    let mut offset = 0;
    if refuse_relocated(cx, ty, span) {
        return None;
    }
    for name in fields {
        let (inner, at) = field(cx, scope, ty, name)?;
        offset += i128::from(at);
        ty = inner;
    }
    Some(Constant::untyped(offset))
}
