//! Literals of structs and arrays, as initialisers of globals and constants.

use super::{Constant, eval, integer, own_type};
use crate::ast::{Expr, FieldInit, Path};
use crate::diag::codes::types::{BadLength, ElementCount, MissingFields, NotAStruct, UnknownTypeOf};
use crate::sema::advice::members::{self, given_again, no_such_field};
use crate::sema::env::{Declared, Entity};
use crate::sema::imports;
use crate::sema::scope::{Found, Scope};
use crate::sema::tree::Const;
use crate::session::Session;
use crate::source::Span;
use crate::types::{Origin, StructId, Ty, TyKind, Types};

/// In bytes, of the value of a constant that is not all zeros.
const MAX_LITERAL: u64 = 1 << 20;

/// `Name { field: value, … }`; `rest` is a `..` at its end.
pub(super) fn structure(
    cx: &mut Session,
    scope: &mut dyn Scope,
    span: Span,
    name: &Path,
    (inits, rest): (&[FieldInit], bool),
) -> Option<Constant> {
    let (ty, id) = struct_named(cx, scope, name)?;
    if !scope.complete(cx, ty, name.span) || !small_enough(cx, span, ty) {
        return None;
    }
    let mut given: Vec<Option<Const>> = vec![None; cx.types.struct_def(id).fields.len()];
    let mut failed = false;
    for init in inits {
        let Some(index) = cx.types.struct_def(id).field(&init.name.name) else {
            no_such_field(cx, id, &init.name);
            failed = true;
            continue;
        };
        let before = (0..given.len()).find(|&at| given[at].is_some() && gives_again(&cx.types, id, at, index));
        if let Some(before) = before {
            given_again(cx, id, before, &init.name);
            failed = true;
            continue;
        }
        let field_ty = cx.types.struct_def(id).fields[index].ty;
        let bits = cx.types.struct_def(id).fields[index].bits;
        match eval(cx, scope, &init.value, Some(field_ty)) {
            Some(constant) => {
                if let (Some(bits), Const::Int(number)) = (bits, &constant.value) {
                    super::warn_bits(cx, init.value.span, *number, (field_ty, bits));
                }
                given[index] = Some(constant.value);
            }
            None => {
                given[index] = Some(Const::Zero);
                failed = true;
            }
        }
    }
    let mut missing = Vec::new();
    let mut values = Vec::new();
    let written: Vec<usize> = (0..given.len()).filter(|&index| given[index].is_some()).collect();
    let lacking = cx.types.lacking(id, &written);
    for (index, value) in given.into_iter().enumerate() {
        let zero = cx.types.is_zero_by_default(id, index).then_some(Const::Zero);
        match value.or(zero).or_else(|| scope.field_default(cx, id, index)) {
            Some(value) => values.push(value),
            // A field that shares bytes with a given one.
            None if rest || !lacking.contains(&index) => values.push(Const::Zero),
            None => missing.push(lacking_name(&cx.types, id, index)),
        }
    }
    if !missing.is_empty() && !failed {
        let ty = cx.types.struct_def(id).name.clone();
        cx.error(span, MissingFields { ty, fields: missing.join(", ") }).help(members::LEFT_OUT);
        return None;
    }
    (!failed).then_some(Constant::typed(Const::Struct(values), ty))
}

/// A field that a literal lacks, in words; of a union, any of them will do.
pub fn lacking_name(types: &Types, id: StructId, field: usize) -> String {
    let def = types.struct_def(id);
    if def.origin != Origin::Union {
        return format!("`{}`", def.fields[field].name);
    }
    let names: Vec<String> = def.fields.iter().map(|field| format!("`{}`", field.name)).collect();
    format!("its field: one of {}", names.join(", "))
}

fn struct_named(cx: &mut Session, scope: &mut dyn Scope, name: &Path) -> Option<(Ty, StructId)> {
    let text = name.segments.iter().map(|s| s.name.as_str()).collect::<Vec<_>>().join(".");
    let found = imports::find_path(cx, scope, name).unwrap_or(Found::Nothing);
    match found {
        Found::Declared(Declared { entity: Entity::Type(ty), .. }) => {
            if let TyKind::Struct(id) = cx.types.kind(ty) {
                return Some((ty, id));
            }
        }
        Found::Broken => return None,
        Found::Nothing => {
            if let [single] = name.segments.as_slice() {
                super::unknown_owner(cx, scope, single);
                return None;
            }
        }
        Found::Declared(_) | Found::Variable(_) => {}
    }
    cx.error(name.span, NotAStruct { name: text });
    None
}

/// `[1, 2, 3]`; one element fills the array, none zeroes it.
pub(super) fn array(
    cx: &mut Session,
    scope: &mut dyn Scope,
    span: Span,
    elements: &[Expr],
    expected: Option<Ty>,
) -> Option<Constant> {
    let place = array_place(cx, expected);
    let [first, rest @ ..] = elements else {
        return Some(Constant { value: Const::Zero, ty: expected.filter(|_| place.is_some()) });
    };
    let (first, element) = element_type(cx, scope, first, place.map(|(element, _)| element))?;
    let mut values = vec![first];
    for expr in rest {
        values.push(eval(cx, scope, expr, Some(element))?.value);
    }
    let count = place.map_or(values.len() as u64, |(_, count)| count);
    if values.len() == 1 {
        return filled(cx, span, values.remove(0), element, count);
    }
    if values.len() as u64 != count {
        cx.error(span, ElementCount { found: values.len().to_string(), wanted: count.to_string() });
        return None;
    }
    let ty = cx.types.array(element, count);
    Some(Constant::typed(Const::Array(values), ty))
}

/// Element type and length of the array that is expected.
fn array_place(cx: &Session, expected: Option<Ty>) -> Option<(Ty, u64)> {
    if let TyKind::Array(element, count) = cx.types.kind(expected?) { Some((element, count)) } else { None }
}

/// The first element and the type that it sets for the others.
fn element_type(cx: &mut Session, scope: &mut dyn Scope, first: &Expr, element: Option<Ty>) -> Option<(Const, Ty)> {
    let constant = eval(cx, scope, first, element)?;
    match own_type(cx, &constant) {
        Some(ty) => Some((constant.value, ty)),
        None => {
            cx.error(first.span, UnknownTypeOf { name: "null".to_owned() });
            None
        }
    }
}

/// `[value; count]`
pub(super) fn fill(
    cx: &mut Session,
    scope: &mut dyn Scope,
    (value, count): (&Expr, &Expr),
    expected: Option<Ty>,
) -> Option<Constant> {
    let place = array_place(cx, expected);
    let (value, element) = element_type(cx, scope, value, place.map(|(element, _)| element))?;
    let found = integer(cx, scope, count)?;
    let wanted = place.map(|(_, count)| i128::from(count));
    if wanted.is_some_and(|wanted| wanted != found) || !(1..=i128::from(u32::MAX)).contains(&found) {
        let wanted = wanted.map_or("at least 1 element".to_owned(), |wanted| wanted.to_string());
        cx.error(count.span, ElementCount { found: found.to_string(), wanted });
        return None;
    }
    filled(cx, count.span, value, element, found as u64)
}

fn filled(cx: &mut Session, span: Span, value: Const, element: Ty, count: u64) -> Option<Constant> {
    let ty = cx.types.array(element, count);
    if is_zero(&value) {
        return Some(Constant::typed(Const::Zero, ty));
    }
    small_enough(cx, span, ty).then(|| Constant::typed(Const::Array(vec![value; count as usize]), ty))
}

/// Whether all bytes of the value are zero.
pub fn is_zero(value: &Const) -> bool {
    match value {
        Const::Int(value) => *value == 0,
        Const::Bool(value) => !value,
        Const::Float(value) => value.to_bits() == 0,
        Const::Null | Const::Zero => true,
        Const::Func(_) => false,
        Const::Str(bytes) => bytes.is_empty(),
        Const::Struct(values) | Const::Array(values) => values.iter().all(is_zero),
    }
}

/// The values of a constant are kept one by one, so their number is limited. A type without a size was reported.
pub(super) fn small_enough(cx: &mut Session, span: Span, ty: Ty) -> bool {
    let size = cx.types.size_of(ty);
    if size == 0 {
        return false;
    }
    if size > MAX_LITERAL {
        let what = format!("a constant of `{}`", cx.types.name(ty));
        let why = format!("has {size} bytes, over {MAX_LITERAL}");
        cx.error(span, BadLength { what, why }).help("fill it when the program starts");
    }
    size <= MAX_LITERAL
}

/// Whether a literal that gives one field must not give the other.
pub fn gives_again(types: &Types, id: StructId, before: usize, field: usize) -> bool {
    before == field || types.is_shared(id, field) && types.share_bits(id, before, field)
}
