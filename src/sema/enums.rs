//! Values of different enums do not mix. An integer becomes any enum, and an enum becomes any integer.

use crate::diag::Diagnostic;
use crate::diag::codes::types::{EnumsMixed, NoVariant};
use crate::session::Session;
use crate::source::Span;
use crate::tables::ENUMS;
use crate::types::{Ty, TyKind, Types};

/// Whether the types are two enums, and values of the first do not go where the second is wanted.
pub fn differ(types: &Types, found: Ty, wanted: Ty) -> bool {
    let enums = matches!((types.kind(found), types.kind(wanted)), (TyKind::Enum(_), TyKind::Enum(_)));
    enums && found != wanted && !convert(types, found, wanted)
}

/// Whether the types are two enums that cannot be compared.
pub fn incomparable(types: &Types, left: Ty, right: Ty) -> bool {
    differ(types, left, right) && differ(types, right, left)
}

/// Whether the types are two predefined enums, and the kernel takes the numbers of the first for those of the second.
pub fn convert(types: &Types, found: Ty, wanted: Ty) -> bool {
    let (TyKind::Enum(found), TyKind::Enum(wanted)) = (types.kind(found), types.kind(wanted)) else { return false };
    let (found, wanted) = (types.enum_def(found), types.enum_def(wanted));
    let predefined = found.span.is_none() && wanted.span.is_none();
    predefined && ENUMS.iter().any(|spec| spec.name == found.name && spec.into.contains(&wanted.name.as_str()))
}

/// Reports a value of the enum `found` where the enum `wanted` is asked for; `number` is the value, if it is constant.
pub fn refuse(cx: &mut Session, span: Span, (found, number): (Ty, Option<i128>), wanted: Ty) -> &mut Diagnostic {
    let of_stacks = cx.types.stacks_of(wanted).is_some();
    let (found, name) = (cx.types.name(found), cx.types.name(wanted));
    if of_stacks {
        return cx
            .error(span, EnumsMixed { found, wanted: name })
            .help("a map yields numbers of its own stacks: `m.id(ctx, 0)`");
    }
    let cast = format!("`{} as {name}`", operand(cx, span));
    let there = number.map(|number| match variant(cx, wanted, number) {
        Some(variant) => format!("its number {number} is `{variant}` there; "),
        None => format!("its number {number} is no variant there; "),
    });
    let help = format!("{}{cast} says that the number is meant", there.unwrap_or_default());
    cx.error(span, EnumsMixed { found, wanted: name }).help(help)
}

/// Warns of a constant that goes where an enum is asked for which has no such variant.
pub fn check_variant(cx: &mut Session, span: Span, number: i128, wanted: Ty) {
    let TyKind::Enum(id) = cx.types.kind(wanted) else { return };
    if cx.types.enum_def(id).stacks().is_some() {
        return;
    }
    if variant(cx, wanted, number).is_none() {
        let ty = cx.types.name(wanted);
        let help = format!("`{} as {ty}` says that it is meant", operand(cx, span));
        cx.warn(span, NoVariant { number: number.to_string(), ty }).help(help);
    }
}

/// The first variant of an enum that has the number.
fn variant(cx: &Session, ty: Ty, number: i128) -> Option<&str> {
    let TyKind::Enum(id) = cx.types.kind(ty) else { return None };
    let variants = &cx.types.enum_def(id).variants;
    variants.iter().find(|variant| variant.value == number).map(|variant| variant.name.as_str())
}

/// The text there, as the operand of an `as`.
fn operand(cx: &Session, span: Span) -> String {
    let text = cx.sources.text(span);
    let plain = text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | ':'));
    if plain { text.to_owned() } else { format!("({text})") }
}
