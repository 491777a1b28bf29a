//! Constant expressions: lengths, sizes, defaults, enum values, initialisers, patterns.
//!
//! A literal, or an expression of literals alone, has no type: it folds exactly and takes the type of the place that it
//! goes to. If an operand has a type (an enum variant, a `const` with one, a cast), operators work as at run time.

pub mod addresses;
mod aggregates;
mod compare;
mod convert;
pub mod floats;
mod operands;
mod operators;
mod parts;
mod sizes;

pub use aggregates::{gives_again, is_zero, lacking_name};
pub use compare::refuse_union;
pub use convert::{char_of_literal, convert, fit, truth_of_literal, warn_bits, warn_cut};
pub use operands::is_arithmetic;
pub use operators::{common_int, text};
pub use parts::{index_range, is_known, part};
pub use sizes::{named_type, written_type};

use super::advice::members::no_such_variant;
use super::advice::names::{unknown_name, unknown_owner};
use super::enums;
use super::env::{Declared, Entity, Variants};
use super::imports;
use super::kernel_types;
use super::scope::{Found, Scope};
use super::tree::Const;
use super::types::describe;
use crate::ast::{Expr, ExprKind, Ident, Path};
use crate::btf::KernelEnumerator;
use crate::diag::codes::modules::ModuleSeparator;
use crate::diag::codes::names::{AmbiguousVariant, NotConstant};
use crate::diag::codes::types::{ConstantOverflow, MismatchedTypes};
use crate::session::Session;
use crate::source::Span;
use crate::types::{EnumId, Ty, TyKind};
use crate::uses::Meaning;

/// The value of a constant expression.
#[derive(Clone, PartialEq, Debug)]
pub struct Constant {
    pub value: Const,
    /// None where it is as a literal: then the place decides.
    pub ty: Option<Ty>,
}

impl Constant {
    fn untyped(value: i128) -> Constant {
        Constant { value: Const::Int(value), ty: None }
    }

    fn typed(value: Const, ty: Ty) -> Constant {
        Constant { value, ty: Some(ty) }
    }

    fn bool(value: bool) -> Constant {
        Constant::typed(Const::Bool(value), Ty::BOOL)
    }
}

/// The value of the expression; converted to the expected type, which the result then has. None once an error was
/// reported. An expected type of `Ty::ERROR` is as none.
pub fn eval(cx: &mut Session, scope: &mut dyn Scope, expr: &Expr, expected: Option<Ty>) -> Option<Constant> {
    let expected = expected.filter(|&ty| ty != Ty::ERROR);
    let constant = value(cx, scope, expr, expected)?;
    match expected {
        Some(ty) => convert(cx, expr.span, constant, ty).map(|value| Constant::typed(value, ty)),
        None => Some(constant),
    }
}

/// The value of an expression that must be an integer, of whatever type, such as a length.
pub fn integer(cx: &mut Session, scope: &mut dyn Scope, expr: &Expr) -> Option<i128> {
    let constant = value(cx, scope, expr, None)?;
    match constant {
        Constant { value: Const::Int(value), .. } => Some(value),
        other => {
            let found = convert::found(cx, &other);
            cx.error(expr.span, MismatchedTypes { wanted: "an integer".to_owned(), found });
            None
        }
    }
}

/// The type of a literal, or of what is as a literal, where nothing asks for another.
pub fn literal_type(value: i128) -> Ty {
    match value {
        _ if i32::try_from(value).is_ok() && value < 0 => Ty::I32,
        _ if value < 0 => Ty::I64,
        _ if u32::try_from(value).is_ok() => Ty::U32,
        _ => Ty::U64,
    }
}

/// The type that a constant has where nothing asks for another. None for `null` and other values that have no type of
/// their own.
pub fn own_type(cx: &mut Session, constant: &Constant) -> Option<Ty> {
    if constant.ty.is_some() {
        return constant.ty;
    }
    match &constant.value {
        Const::Int(value) => Some(literal_type(*value)),
        Const::Bool(_) => Some(Ty::BOOL),
        Const::Float(_) => Some(Ty::F64),
        Const::Str(bytes) => Some(cx.types.string(bytes.len() as u32 + 1)),
        Const::Null | Const::Func(_) | Const::Zero | Const::Struct(_) | Const::Array(_) => None,
    }
}

/// As `eval`, but not converted: the expected type only decides what cannot be known otherwise.
pub fn value(cx: &mut Session, scope: &mut dyn Scope, expr: &Expr, expected: Option<Ty>) -> Option<Constant> {
    scope.nest(true);
    let constant = level(cx, scope, expr, expected);
    scope.nest(false);
    constant
}

fn level(cx: &mut Session, scope: &mut dyn Scope, expr: &Expr, expected: Option<Ty>) -> Option<Constant> {
    match &expr.kind {
        ExprKind::Int(literal) => {
            let value = i128::from(literal.value);
            exact(cx, expr.span, if literal.negative { -value } else { value })
        }
        ExprKind::Char(byte) => Some(Constant::typed(Const::Int((*byte).into()), Ty::CHAR)),
        ExprKind::Str(bytes) => Some(Constant { value: Const::Str(bytes.clone()), ty: None }),
        ExprKind::Bool(value) => Some(Constant::bool(*value)),
        ExprKind::Null => Some(Constant { value: Const::Null, ty: None }),
        ExprKind::Name(path) => name(cx, scope, path, expected),
        ExprKind::Paren(inner) => value(cx, scope, inner, expected),
        ExprKind::Unary { op, operand } => operators::unary(cx, scope, expr.span, *op, operand, expected),
        ExprKind::Binary { op, op_span: _, left, right } => {
            operators::binary(cx, scope, expr.span, *op, (left, right), expected)
        }
        ExprKind::Ternary { condition, then, otherwise } => {
            operators::ternary(cx, scope, condition, (then, otherwise), expected)
        }
        ExprKind::Cast { operand, ty } => convert::cast(cx, scope, operand, ty),
        ExprKind::Struct { name, fields, rest } => {
            aggregates::structure(cx, scope, expr.span, name, (fields, rest.is_some()))
        }
        ExprKind::Array(elements) => aggregates::array(cx, scope, expr.span, elements, expected),
        ExprKind::Fill { value, count } => aggregates::fill(cx, scope, (value, count), expected),
        ExprKind::SizeofType(ty) => sizes::sizeof_type(cx, scope, ty),
        ExprKind::SizeofExpr(operand) => sizes::sizeof_place(cx, scope, operand),
        ExprKind::Offsetof { ty, fields } => sizes::offsetof(cx, scope, ty, fields),
        ExprKind::Float(text) => Some(Constant::typed(Const::Float(floats::literal(text)), Ty::F64)),
        ExprKind::Call { callee, args } => match addresses::called(cx, scope, callee) {
            Some(builtin) if args.len() == 1 => addresses::call(cx, scope, builtin, args),
            Some(_) | None => not_constant(cx, expr.span, "a call"),
        },
        ExprKind::Field { base, name, arrow } => match member(cx, scope, expr, expected) {
            Some(constant) => constant,
            None => parts::field(cx, scope, (base, name, *arrow), expr.span),
        },
        ExprKind::Index { base, index } => parts::element(cx, scope, base, index, expr.span),
        ExprKind::If(_) | ExprKind::Match(_) | ExprKind::Block(_) => not_constant(cx, expr.span, "this expression"),
        ExprKind::New { .. } => not_constant(cx, expr.span, "a `new` object"),
        ExprKind::Packet { .. } => not_constant(cx, expr.span, "a packet"),
        ExprKind::Unread(_) => None,
    }
}

/// Whether two constants are of enums that do not mix, which is reported at the second.
fn refuse_enums(cx: &mut Session, first: &Constant, (second, span): (&Constant, Span)) -> bool {
    let (Some(wanted), Some(found)) = (first.ty, second.ty) else { return false };
    let refused = enums::incomparable(&cx.types, found, wanted);
    if refused {
        let number = if let Const::Int(number) = second.value { Some(number) } else { None };
        enums::refuse(cx, span, (found, number), wanted);
    }
    refused
}

/// The forms of a constant, in the words of a help.
pub const CONSTANTS: &str =
    "constants are literals, names that `const` declares, enum variants, `sizeof`, `offsetof`, and operators on those";

fn not_constant<T>(cx: &mut Session, span: Span, what: &str) -> Option<T> {
    cx.error(span, NotConstant { what: what.to_owned() }).help(CONSTANTS);
    None
}

fn exact(cx: &mut Session, span: Span, value: i128) -> Option<Constant> {
    if (i128::from(i64::MIN)..=i128::from(u64::MAX)).contains(&value) {
        return Some(Constant::untyped(value));
    }
    cx.error(span, ConstantOverflow {});
    None
}

fn name(cx: &mut Session, scope: &mut dyn Scope, path: &Path, expected: Option<Ty>) -> Option<Constant> {
    let [name] = path.segments.as_slice() else {
        return qualified(cx, scope, path);
    };
    let found = scope.find(cx, &name.name);
    declared(cx, scope, name, found, expected)
}

/// `module.name`; none if it is another expression of that form.
fn member(cx: &mut Session, scope: &mut dyn Scope, expr: &Expr, expected: Option<Ty>) -> Option<Option<Constant>> {
    let (owner, member) = imports::qualified(expr)?;
    let found = imports::find_expr(cx, scope, expr)?;
    let name = Ident { name: format!("{}.{}", owner.name, member.name), span: expr.span };
    Some(declared(cx, scope, &name, found, expected))
}

/// The constant that a name means.
fn declared(
    cx: &mut Session,
    scope: &mut dyn Scope,
    name: &Ident,
    found: Found,
    expected: Option<Ty>,
) -> Option<Constant> {
    match found {
        Found::Declared(Declared { entity: Entity::Const { value, ty }, .. }) => Some(Constant { value, ty }),
        Found::Declared(Declared { entity: Entity::Variants(variants), .. }) => {
            let (id, value) = choose_variant(cx, name, &variants, expected)?;
            if cx.kernel_types.has_variants(&cx.types, id) && !scope.takes_enumerators() {
                return loaded_later(cx, name.span);
            }
            let ty = cx.types.intern(TyKind::Enum(id));
            Some(Constant::typed(Const::Int(value), ty))
        }
        Found::Declared(Declared { entity: Entity::Func(func), .. }) if scope.signature(cx, func).is_some() => {
            let sig = scope.signature(cx, func)?;
            let ty = cx.types.func(sig);
            Some(Constant::typed(Const::Func(func), ty))
        }
        Found::Declared(declared) => {
            let what = format!("`{}`, {},", name.name, describe(&declared.entity));
            let error = cx.error(name.span, NotConstant { what });
            error.help("only `const` declares names for constants");
            if let Some(span) = declared.span {
                error.note(span, "declared here");
            }
            None
        }
        Found::Variable(_) => {
            let what = format!("`{}`, a variable,", name.name);
            cx.error(name.span, NotConstant { what }).help("only `const` declares names for constants");
            None
        }
        Found::Broken => None,
        Found::Nothing => match kernel_types::enumerator(cx, name) {
            Some(Some(KernelEnumerator::Constant(value))) => Some(Constant::untyped(value)),
            Some(Some(KernelEnumerator::Variant(of, place))) if scope.takes_enumerators() => {
                let ty = cx.types.intern(TyKind::Enum(of));
                Some(Constant::typed(Const::Int(cx.types.enum_def(of).variants[place].value), ty))
            }
            Some(Some(KernelEnumerator::Variant(..))) => loaded_later(cx, name.span),
            Some(None) => None,
            None => {
                unknown_name(cx, scope, name, None);
                None
            }
        },
    }
}

/// Reports a variant of an enum of the kernel where a constant is asked for.
fn loaded_later<T>(cx: &mut Session, span: Span) -> Option<T> {
    let what = format!("`{}`, of which each kernel has its own value,", cx.sources.text(span));
    cx.error(span, NotConstant { what }).help("the loader fills it in: compare with it by `==`, or write its number");
    None
}

/// Which of the enums that share the variant's name is meant: the expected one, or the only one.
pub fn choose_variant(
    cx: &mut Session,
    name: &Ident,
    Variants { visible, hidden }: &Variants,
    expected: Option<Ty>,
) -> Option<(EnumId, i128)> {
    if let Some(TyKind::Enum(wanted)) = expected.map(|ty| cx.types.kind(ty))
        && let Some(&variant) = visible.iter().chain(hidden).find(|(id, _)| *id == wanted)
    {
        return Some(variant);
    }
    if let &[only] = visible.as_slice() {
        return Some(only);
    }
    let spelled: Vec<String> =
        visible.iter().map(|(id, _)| format!("`{}::{}`", cx.types.enum_def(*id).name, name.name)).collect();
    cx.error(name.span, AmbiguousVariant { name: name.name.clone() }).help(format!("write {}", spelled.join(" or ")));
    None
}

/// `Enum::VARIANT`, `module.Enum::VARIANT`
fn qualified(cx: &mut Session, scope: &mut dyn Scope, path: &Path) -> Option<Constant> {
    let Variant { of, value, .. } = variant_of(cx, scope, path)?;
    if cx.kernel_types.has_variants(&cx.types, of) && !scope.takes_enumerators() {
        return loaded_later(cx, path.span);
    }
    let ty = cx.types.intern(TyKind::Enum(of));
    Some(Constant::typed(Const::Int(value), ty))
}

/// A variant of an enum: its place among the variants, and its value.
pub struct Variant {
    pub of: EnumId,
    pub place: usize,
    pub value: i128,
}

/// `Enum::VARIANT` or `module.Enum::VARIANT`
pub fn variant_of(cx: &mut Session, scope: &mut dyn Scope, path: &Path) -> Option<Variant> {
    let [module @ .., owner, variant] = path.segments.as_slice() else {
        crate::bug!("a path of {} segments", path.segments.len())
    };
    let owner_path = Path { segments: module.iter().chain([owner]).cloned().collect(), span: owner.span };
    let ty = match imports::find_path(cx, scope, &owner_path) {
        Some(Found::Declared(Declared { entity: Entity::Type(ty), .. })) => ty,
        Some(Found::Declared(Declared { entity: Entity::Import(_), .. })) => {
            let between = Span { lo: owner.span.hi, hi: variant.span.lo, ..owner.span };
            let (module, name) = (owner.name.clone(), variant.name.clone());
            cx.error(between, ModuleSeparator { module, name, found: "::".to_owned() })
                .help(format!("write `{}.{}`", owner.name, variant.name))
                .fix(between, ".");
            return None;
        }
        Some(Found::Broken) => return None,
        Some(Found::Nothing) => match kernel_types::named(cx, owner) {
            Some(ty) => ty,
            None => {
                unknown_owner(cx, scope, owner);
                return None;
            }
        },
        Some(Found::Declared(_) | Found::Variable(_)) => Ty::ERROR,
        None => {
            let first = module.first().unwrap_or(owner);
            if matches!(scope.find(cx, &first.name), Found::Nothing) {
                unknown_owner(cx, scope, first);
                return None;
            }
            let found = format!("`{}`", first.name);
            cx.error(first.span, MismatchedTypes { wanted: "a module".to_owned(), found });
            return None;
        }
    };
    let TyKind::Enum(id) = cx.types.kind(ty) else {
        cx.error(owner.span, MismatchedTypes { wanted: "an enum".to_owned(), found: format!("`{}`", owner.name) });
        return None;
    };
    if !scope.complete_variant(cx, ty, variant) {
        return None;
    }
    let def = cx.types.enum_def(id);
    if let Some(place) = def.variants.iter().position(|v| v.name == variant.name) {
        cx.uses.note(variant.span, || Meaning::Variant { of: id, variant: place });
        return Some(Variant { of: id, place, value: def.variants[place].value });
    }
    no_such_variant(cx, id, variant);
    None
}
