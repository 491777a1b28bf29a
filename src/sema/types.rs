//! Resolves written types.

use super::advice::names::{unknown_owner, unknown_type};
use super::consts;
use super::env::{Declared, Entity};
use super::imports;
use super::kernel_types;
use super::meanings;
use super::owners;
use super::predefined::{is_context, is_object, is_unknown, pointer};
use super::scope::{Found, Scope};
use super::stack_ids;
use crate::ast::{self, Ident, Memory, TypeKind};
use crate::btf::Wanted;
use crate::diag::codes::contexts::DynptrPlace;
use crate::diag::codes::maps::MapAsType;
use crate::diag::codes::names::{NoProgramType, NotAType, UnknownType};
use crate::diag::codes::shared::{OwnerPlace, SpecialPlace};
use crate::diag::codes::types::{BadLength, NoSinglePrecision, ObjectByPointer, TypeArguments, ViewPlace, VoidValue};
use crate::diag::foreign;
use crate::session::Session;
use crate::source::Span;
use crate::tables::{PROGRAMS, SpecialFieldSpec, map_kind};
use crate::types::{FnSig, Origin, Space, TooMuch, Ty, TyKind, Types};
use crate::uses::Meaning;

/// Where a type is written; decides what `void` and the absence of `?` mean.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Position {
    /// A parameter: `*T` is never null.
    Param,
    /// A result: may be `void`; `*T` may be null.
    Result,
    /// An element, global …: `*T` may be null.
    Value,
    /// A local variable: as a value, and `bytes`.
    Local,
    /// A field of a struct: as a value, and what only values of maps hold.
    Field,
    /// After `as`, in `sizeof`, `offsetof`, `ctx.packet(…, T)`: `*T` is not null, a context's name is the struct itself.
    Bare,
}

impl Position {
    /// Whether a `*T` that is written there may be null.
    fn may_be_null(self) -> bool {
        matches!(self, Position::Value | Position::Local | Position::Field | Position::Result)
    }
}

/// The type, or `Ty::ERROR` once that was reported.
pub fn resolve(cx: &mut Session, scope: &mut dyn Scope, ty: &ast::Type, position: Position) -> Ty {
    let resolved = resolve_bare(cx, scope, ty, position);
    if resolved == Ty::VOID && position != Position::Result {
        cx.error(ty.span, VoidValue {}).help("for a pointer to bytes write `*u8`");
        return Ty::ERROR;
    }
    if let Some(owner) = misplaced_owner(&cx.types, resolved, position) {
        let what = format!("a `{}`", cx.types.name(owner));
        cx.error(ty.span, OwnerPlace { what }).help("declare a struct with such a field, and a map of such values");
        return Ty::ERROR;
    }
    if position != Position::Bare && cx.types.has_origin(resolved, Origin::is_link) {
        let what = format!("a `{}`, which is in lists or trees,", cx.types.name(resolved));
        cx.error(ty.span, OwnerPlace { what }).help("take a pointer to it: `*T`");
        return Ty::ERROR;
    }
    if let Some(spec) = misplaced_special(&cx.types, resolved, position) {
        cx.error(ty.span, SpecialPlace { what: format!("a `{}`", spec.name) })
            .help(format!("declare a struct with a field of type `{}`, and a map of such values", spec.name));
        return Ty::ERROR;
    }
    if is_misplaced_dynptr(&cx.types, resolved, position) {
        cx.error(ty.span, DynptrPlace {}).help("declare it in the function that uses it: `var d: bpf_dynptr`");
        return Ty::ERROR;
    }
    if is_misplaced_view(&cx.types, resolved, position) {
        cx.error(ty.span, ViewPlace {}).help("keep the bytes themselves in an array: `u8[N]`");
        return Ty::ERROR;
    }
    if is_object(&cx.types, resolved) && position != Position::Bare {
        let name = cx.types.name(resolved);
        cx.error(ty.span, ObjectByPointer { ty: name.clone() }).fix(ty.span, format!("*{name}"));
        return Ty::ERROR;
    }
    if let TypeKind::Named(_) = ty.kind { use_of_name(cx, resolved, position) } else { resolved }
}

/// A special field in another place than a field: it must be one, but `sizeof` may name its type. No array or pointer is of it.
fn misplaced_special(types: &Types, ty: Ty, position: Position) -> Option<&'static SpecialFieldSpec> {
    if let TyKind::Array(of, _) | TyKind::Ptr { to: of, .. } = types.kind(ty) {
        return types.special(of).or_else(|| misplaced_special(types, of, position));
    }
    types.special(ty).filter(|_| !matches!(position, Position::Field | Position::Bare))
}

/// An owner of objects in another place than a field; like a lock it must be one.
fn misplaced_owner(types: &Types, ty: Ty, position: Position) -> Option<Ty> {
    if let TyKind::Array(of, _) | TyKind::Ptr { to: of, .. } = types.kind(ty) {
        return types.owner(of).map(|_| of).or_else(|| misplaced_owner(types, of, position));
    }
    types.owner(ty).filter(|_| !matches!(position, Position::Field | Position::Bare)).map(|_| ty)
}

/// The verifier follows a dynptr on the stack of one function. Declarations of the kernel's functions have pointers to one.
fn is_misplaced_dynptr(types: &Types, ty: Ty, position: Position) -> bool {
    if let TyKind::Array(of, _) = types.kind(ty) {
        return types.has_origin(of, |origin| origin == Origin::Dynptr) || is_misplaced_dynptr(types, of, position);
    }
    types.has_origin(ty, |origin| origin == Origin::Dynptr) && !matches!(position, Position::Local | Position::Bare)
}

/// A view itself is a variable. Nothing holds views or points to them, and no function pointer takes them.
fn is_misplaced_view(types: &Types, ty: Ty, position: Position) -> bool {
    if let TyKind::Fn(sig) = types.kind(ty) {
        return types.sig(sig).params.contains(&Ty::BYTES);
    }
    if let TyKind::Array(of, _) | TyKind::Ptr { to: of, .. } = types.kind(ty) {
        return of == Ty::BYTES || is_misplaced_view(types, of, position);
    }
    ty == Ty::BYTES && !matches!(position, Position::Local | Position::Param)
}

/// A context's name means a pointer to it; whether the pointer of an alias may be null depends on its use.
fn use_of_name(cx: &mut Session, named: Ty, position: Position) -> Ty {
    let may_be_null = position.may_be_null();
    if position != Position::Bare && is_context(&cx.types, named) {
        return pointer(&mut cx.types, named, may_be_null);
    }
    if let TyKind::Ptr { to, nullable: false, .. } = cx.types.kind(named)
        && may_be_null
    {
        return pointer(&mut cx.types, to, true);
    }
    named
}

/// As `resolve`, but `void` is a type here, and the name of a context its struct.
pub fn resolve_bare(cx: &mut Session, scope: &mut dyn Scope, ty: &ast::Type, position: Position) -> Ty {
    match &ty.kind {
        TypeKind::Named(path) => match path.segments.as_slice() {
            [name] => named(cx, scope, name),
            _ => member(cx, scope, path),
        },
        TypeKind::Applied { name, args, sizes } => applied(cx, scope, ty.span, name, args, sizes),
        TypeKind::Array { element, length, .. } => array(cx, scope, ty.span, element, length),
        TypeKind::Pointer { memory, to, nullable } => {
            let pointee = resolve_bare(cx, scope, to, Position::Value);
            match pointee {
                Ty::ERROR => Ty::ERROR,
                Ty::VOID => {
                    cx.error(to.span, VoidValue {}).help("for a pointer to bytes write `*u8`").fix(to.span, "u8");
                    Ty::ERROR
                }
                pointee => {
                    let nullable = *nullable || position.may_be_null();
                    match memory {
                        Memory::Own => pointer(&mut cx.types, pointee, nullable),
                        Memory::User => cx.types.ptr(pointee, Space::User, nullable),
                        Memory::Arena => cx.types.ptr(pointee, Space::Arena, nullable),
                    }
                }
            }
        }
        TypeKind::Fn { params, result } => {
            let params: Vec<Ty> = params.iter().map(|param| resolve(cx, scope, &param.ty, Position::Param)).collect();
            let result = result.as_ref().map_or(Ty::VOID, |result| resolve(cx, scope, result, Position::Result));
            if params.contains(&Ty::ERROR) || result == Ty::ERROR {
                return Ty::ERROR;
            }
            let of = cx.types.func(FnSig { params, result });
            check_size(cx, ty.span, of)
        }
        TypeKind::Unread => Ty::ERROR,
    }
}

/// `module.Name`
fn member(cx: &mut Session, scope: &mut dyn Scope, path: &ast::Path) -> Ty {
    let [owner, name] = path.segments.as_slice() else { return Ty::ERROR };
    match imports::find_path(cx, scope, path) {
        Some(found) => found_type(cx, scope, name, found),
        None => {
            match scope.find(cx, &owner.name) {
                Found::Nothing => unknown_owner(cx, scope, owner),
                Found::Declared(_) | Found::Variable(_) | Found::Broken => {
                    let name = format!("{}.{}", owner.name, name.name);
                    cx.error(path.span, UnknownType { name })
                        .help("`module.Name` is a type of a module that the file imports");
                }
            }
            Ty::ERROR
        }
    }
}

fn named(cx: &mut Session, scope: &mut dyn Scope, name: &Ident) -> Ty {
    if cx.uses.asks(name.span) {
        meanings::fill_types(cx, scope);
    }
    let found = scope.find(cx, &name.name);
    // The kernel has a struct of this name, which is about something else.
    let ty = match (&found, name.name.as_str()) {
        (Found::Nothing, CONTEXT_TYPE) => cx.types.any_context(),
        _ => found_type(cx, scope, name, found),
    };
    if ty != Ty::ERROR {
        cx.uses.note_first(name.span, Meaning::Type(ty));
    }
    ty
}

fn found_type(cx: &mut Session, scope: &mut dyn Scope, name: &Ident, found: Found) -> Ty {
    meanings::note_found(cx, name, &found);
    match found {
        Found::Declared(Declared { entity: Entity::Type(ty), .. }) if is_unknown(&cx.types, ty) => {
            kernel_types::required(cx, &name.name, name.span).unwrap_or(Ty::ERROR)
        }
        Found::Declared(Declared { entity: Entity::Type(ty), .. }) => ty,
        // The kernel has structs and functions of one name.
        Found::Declared(Declared { entity: Entity::Kfunc(_), .. }) if cx.kernel_types.has(Wanted::Type, &name.name) => {
            kernel_types::named(cx, name).unwrap_or(Ty::ERROR)
        }
        Found::Declared(declared) => {
            let what = describe(&declared.entity).to_owned();
            let error = cx.error(name.span, NotAType { name: name.name.clone(), what });
            if let Some(span) = declared.span {
                error.note(span, "declared here");
            }
            Ty::ERROR
        }
        Found::Variable(_) => {
            cx.error(name.span, NotAType { name: name.name.clone(), what: "a variable".to_owned() });
            Ty::ERROR
        }
        Found::Broken => Ty::ERROR,
        Found::Nothing => unknown(cx, scope, name),
    }
}

/// The context of any program.
const CONTEXT_TYPE: &str = "context";

const MAPS_ARE_NAMED: &str =
    "`var name : hash<K, V>(n)` at file level; functions use it by its name, and it cannot be passed";

fn unknown(cx: &mut Session, scope: &mut dyn Scope, name: &Ident) -> Ty {
    if name.name == "f32" {
        cx.error(name.span, NoSinglePrecision {}).help("the floating-point type is `f64`").fix(name.span, "f64");
        return Ty::ERROR;
    }
    if name.name == "str" {
        return wrong_arguments(cx, name.span, name, "a size: `str(16)`");
    }
    if name.name == stack_ids::NAME {
        return wrong_arguments(cx, name.span, name, stack_ids::FORM);
    }
    if map_kind(&name.name).is_some() {
        cx.error(name.span, MapAsType { kind: name.name.clone() }).help(MAPS_ARE_NAMED);
        return Ty::ERROR;
    }
    // `uint32_t` and the like are C's names also where the kernel has them.
    if foreign::ty(&name.name).is_none()
        && let Some(ty) = kernel_types::named(cx, name)
    {
        return ty;
    }
    unknown_type(cx, scope, name);
    Ty::ERROR
}

/// Reports a type whose arguments are not those that `wants` names; the type of a reported mistake.
pub fn wrong_arguments(cx: &mut Session, span: Span, name: &Ident, wants: &str) -> Ty {
    cx.error(span, TypeArguments { name: name.name.clone(), wants: wants.to_owned() });
    Ty::ERROR
}

fn applied(
    cx: &mut Session,
    scope: &mut dyn Scope,
    span: Span,
    name: &Ident,
    args: &[ast::Type],
    sizes: &[ast::Expr],
) -> Ty {
    if name.name == "str" {
        let ([size], []) = (sizes, args) else {
            return wrong_arguments(cx, span, name, "a size: `str(16)`");
        };
        return match length(cx, scope, size, "the size of a string") {
            Some(bytes) => {
                let string = cx.types.string(bytes as u32);
                check_size(cx, span, string)
            }
            None => Ty::ERROR,
        };
    }
    if let Some(origin) = owners::origin(&name.name) {
        return owners::owner(cx, scope, span, (name, origin), args);
    }
    if name.name == stack_ids::NAME {
        let of = if let ([of], []) = (sizes, args) { Some(of) } else { None };
        return stack_ids::resolve(cx, scope, span, name, of);
    }
    if map_kind(&name.name).is_some() {
        cx.error(span, MapAsType { kind: name.name.clone() }).help(MAPS_ARE_NAMED);
        return Ty::ERROR;
    }
    // `string(16)`: the size is there, only the word is another.
    if foreign::ty(&name.name).is_some_and(|usual| usual.starts_with("str(")) && sizes.len() == 1 {
        cx.error(name.span, UnknownType { name: name.name.clone() })
            .help("strings are written `str(size)`")
            .fix(name.span, "str");
        return Ty::ERROR;
    }
    match named(cx, scope, name) {
        Ty::ERROR => Ty::ERROR,
        Ty::HANDLE if sizes.is_empty() => handle(cx, span, name, args),
        _ => wrong_arguments(cx, span, name, "no arguments"),
    }
}

/// `ProgramHandle<xdp>`: the type of programs is named as in their attributes.
fn handle(cx: &mut Session, span: Span, name: &Ident, args: &[ast::Type]) -> Ty {
    let [ast::Type { kind: TypeKind::Named(path), .. }] = args else {
        return wrong_arguments(cx, span, name, "a type of programs: `ProgramHandle<xdp>`");
    };
    let [kind] = path.segments.as_slice() else {
        return wrong_arguments(cx, span, name, "a type of programs: `ProgramHandle<xdp>`");
    };
    if let Some(spec) = PROGRAMS.iter().find(|spec| spec.name == kind.name) {
        return cx.types.handle(spec.name);
    }
    let near = cx.diags.near(&kind.name, || PROGRAMS.iter().map(|spec| spec.name));
    let error = cx.error(kind.span, NoProgramType { name: kind.name.clone() });
    if let Some(near) = near {
        error.near(kind.span, near);
    } else {
        error.help("it is named as in the attribute of its programs: `ProgramHandle<xdp>`");
    }
    Ty::ERROR
}

fn array(cx: &mut Session, scope: &mut dyn Scope, span: Span, element: &ast::Type, count: &ast::Expr) -> Ty {
    if let ast::TypeKind::Named(path) = &element.kind
        && let [name] = path.segments.as_slice()
        && name.name == "str"
    {
        let form = format!("str({})", cx.sources.text(count.span));
        let wants = "its size in parentheses".to_owned();
        cx.error(span, TypeArguments { name: name.name.clone(), wants })
            .help(format!("write `{form}`"))
            .fix(span, form);
        return Ty::ERROR;
    }
    if let ast::TypeKind::Applied { name, sizes, .. } = &element.kind
        && sizes.is_empty()
        && map_kind(&name.name).is_some()
    {
        let form = format!("({})", cx.sources.text(count.span));
        let brackets = Span { lo: element.span.hi, ..span };
        cx.error(span, MapAsType { kind: name.name.clone() })
            .help(format!("the number of entries goes in parentheses: `{form}`"))
            .fix(brackets, form);
        return Ty::ERROR;
    }
    let element = resolve(cx, scope, element, Position::Value);
    let Some(count) = length(cx, scope, count, "the length of an array") else {
        return Ty::ERROR;
    };
    if element == Ty::ERROR {
        return Ty::ERROR;
    }
    // The element need not be known yet, as in a pointer to an array of the struct around it.
    let array = cx.types.array(element, count);
    check_size(cx, span, array)
}

/// The type, or `Ty::ERROR` if it is too large, which is reported. Whoever makes a type of others asks.
pub fn check_size(cx: &mut Session, span: Span, ty: Ty) -> Ty {
    let Some(too_much) = cx.types.too_much(ty) else { return ty };
    let what = match (too_much, cx.types.kind(ty)) {
        // It would be written out.
        (TooMuch::Written, _) => "the type of this function".to_owned(),
        (_, TyKind::Struct(_)) => format!("the struct `{}`", cx.types.name(ty)),
        (_, _) => format!("`{}`", cx.types.name(ty)),
    };
    cx.error(span, BadLength { what, why: too_much.why() });
    Ty::ERROR
}

/// A constant from 1 to what 32 bits hold.
fn length(cx: &mut Session, scope: &mut dyn Scope, expr: &ast::Expr, what: &str) -> Option<u64> {
    let value = consts::integer(cx, scope, expr)?;
    let why = match value {
        0 => "is 0".to_owned(),
        _ if value < 0 => format!("is negative: {value}"),
        _ if value > i128::from(u32::MAX) => format!("is {value}, over {}", u32::MAX),
        _ => return Some(value as u64),
    };
    cx.error(expr.span, BadLength { what: what.to_owned(), why });
    None
}

/// With an article, for messages.
pub fn describe(entity: &Entity) -> &'static str {
    match entity {
        Entity::Func(_) => "a function",
        Entity::Global(_) => "a variable",
        Entity::Config(_) => "a config",
        Entity::Map(_) => "a map",
        Entity::Impl(_) => "an `impl`",
        Entity::Kfunc(_) => "a function of the kernel",
        Entity::C(_) => "a function of C",
        Entity::Const { .. } => "a constant",
        Entity::Variants(_) => "an enum variant",
        Entity::Type(_) => "a type",
        Entity::Import(_) => "a module",
        Entity::Broken => "a broken declaration",
    }
}
