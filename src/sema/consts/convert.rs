//! Conversions of constants: the implicit ones, with their warnings, and `as`.

use super::{Constant, eval, floats, not_constant, value};
use crate::ast::{self, Expr};
use crate::diag::codes::types::{BadCast, ByteOrderMix, MismatchedTypes, StringTruncated, ValueTruncated};
use crate::fold;
use crate::sema::enums;
use crate::sema::scope::Scope;
use crate::sema::tree::Const;
use crate::sema::types::{Position, resolve};
use crate::session::Session;
use crate::source::Span;
use crate::types::{BitField, Ty, TyKind};

/// `'x'` for `"x"`, a string of one character.
pub fn char_of_literal(text: &str) -> Option<String> {
    let inner = text.strip_prefix('"')?.strip_suffix('"')?;
    Some(if inner == "'" { "'\\''".to_owned() } else { format!("'{inner}'") })
}

/// The constant as a value of type `to`, as assignments, arguments and initialisers convert. None once an error was
/// reported.
pub fn convert(cx: &mut Session, span: Span, constant: Constant, to: Ty) -> Option<Const> {
    if constant.ty == Some(to) || to == Ty::ERROR || constant.ty == Some(Ty::ERROR) {
        return Some(constant.value);
    }
    if let Const::Str(text) = &constant.value
        && super::addresses::refuse_text(cx, span, text, to)
    {
        return None;
    }
    let from_be = constant.ty.filter(|&ty| matches!(cx.types.kind(ty), TyKind::Be { .. }));
    match (&constant.value, cx.types.kind(to)) {
        (Const::Int(_), TyKind::Int { .. } | TyKind::Char | TyKind::Enum(_) | TyKind::Be { .. })
            if from_be.is_some() =>
        {
            let (left, right) = (type_name(cx, &constant), cx.types.name(to));
            let help = format!("write `as {right}`");
            cx.error(span, ByteOrderMix { left, right }).help(help);
            None
        }
        (Const::Int(value), TyKind::Int { .. } | TyKind::Char | TyKind::Enum(_) | TyKind::Be { .. }) => {
            let value = *value;
            if let Some(found) = constant.ty.filter(|&found| enums::differ(&cx.types, found, to)) {
                enums::refuse(cx, span, (found, Some(value)), to);
                return None;
            }
            Some(Const::Int(fit(cx, span, value, to)))
        }
        (Const::Int(number), TyKind::F64) if constant.ty.is_none() => {
            Some(Const::Float(floats::of_literal(cx, span, *number)))
        }
        (Const::Bool(_), TyKind::Bool) => Some(constant.value),
        (Const::Float(_), TyKind::F64) => Some(constant.value),
        (Const::Str(bytes), TyKind::Str(size)) => {
            let fits = bytes.len() < size as usize;
            let kept = bytes[..bytes.len().min(size as usize - 1)].to_vec();
            if !fits {
                warn_cut(cx, span, bytes, kept.len(), to);
            }
            Some(Const::Str(kept))
        }
        (Const::Str(bytes), TyKind::Array(Ty::U8 | Ty::CHAR, count)) => {
            let mut elements: Vec<Const> = bytes.iter().map(|&b| Const::Int(b.into())).collect();
            if elements.len() as u64 > count {
                warn_cut(cx, span, bytes, count as usize, to);
            }
            if super::aggregates::small_enough(cx, span, to) {
                elements.resize(count as usize, Const::Int(0));
                return Some(Const::Array(elements));
            }
            None
        }
        (Const::Null, TyKind::Ptr { nullable: true, .. } | TyKind::Fn(_)) => Some(Const::Null),
        (Const::Zero, TyKind::Array(..)) if constant.ty.is_none() => Some(Const::Zero),
        _ => {
            let wanted = format!("`{}`", cx.types.name(to));
            let found = found(cx, &constant);
            let truth = truth_of_literal(cx.sources.text(span)).filter(|_| to == Ty::BOOL);
            let letter = matches!(&constant.value, Const::Str(bytes) if bytes.len() == 1) && to == Ty::CHAR;
            let letter = letter.then(|| char_of_literal(cx.sources.text(span))).flatten();
            let error = cx.error(span, MismatchedTypes { wanted, found });
            if let Some(letter) = letter {
                error.help(format!("a character goes between single quotes: `{letter}`")).fix(span, letter);
            }
            if let Some(truth) = truth {
                error.help(format!("write `{truth}`")).fix(span, truth);
            }
            if floats::is_float(&constant) || to == Ty::F64 {
                error.help("`as` converts between integers and `f64`");
            }
            None
        }
    }
}

/// The bool that the text of a literal, which is no bool, means in other languages.
pub fn truth_of_literal(text: &str) -> Option<&'static str> {
    match text {
        "0" => Some("false"),
        "1" => Some("true"),
        _ => None,
    }
}

/// The value in an integer, char, enum or `be` type; warns where that changes it, and of what is no variant of the enum.
pub fn fit(cx: &mut Session, span: Span, value: i128, to: Ty) -> i128 {
    let (bits, signed) = width(cx, to);
    let kept = fold::wrap(value, bits, signed);
    if kept != value {
        let (value, ty, kept) = (value.to_string(), cx.types.name(to), kept.to_string());
        cx.warn(span, ValueTruncated { value, ty, kept });
    } else {
        enums::check_variant(cx, span, kept, to);
    }
    kept
}

/// Warns of a constant, which fits the type of a bit-field, that its bits do not hold.
pub fn warn_bits(cx: &mut Session, span: Span, value: i128, (ty, field): (Ty, BitField)) {
    let kept = fold::wrap(value, field.width, width(cx, ty).1);
    if kept != value {
        let (value, ty, kept) = (value.to_string(), format!("{}:{}", cx.types.name(ty), field.width), kept.to_string());
        cx.warn(span, ValueTruncated { value, ty, kept });
    }
}

/// Warns that of a string only the first `kept` bytes fit.
pub fn warn_cut(cx: &mut Session, span: Span, bytes: &[u8], kept: usize, to: Ty) {
    let (length, ty) = (bytes.len().to_string(), cx.types.name(to));
    let kept = format!("{:?}", String::from_utf8_lossy(&bytes[..kept]));
    let whole = if let TyKind::Array(element, _) = cx.types.kind(to) {
        format!("it takes a `{}[{}]`", cx.types.name(element), bytes.len())
    } else {
        format!("with its NUL it takes a `str({})`", bytes.len() + 1)
    };
    cx.warn(span, StringTruncated { length, ty, kept }).help(whole);
}

fn width(cx: &Session, ty: Ty) -> (u8, bool) {
    match (cx.types.as_int(ty), cx.types.kind(ty)) {
        (Some(int), _) => int,
        (None, TyKind::Be { bits }) => (bits, false),
        (None, _) => crate::bug!("`{}` is no integer", cx.types.name(ty)),
    }
}

/// The type of a constant, for messages.
pub fn type_name(cx: &mut Session, constant: &Constant) -> String {
    match (constant.ty, &constant.value) {
        (Some(ty), _) => cx.types.name(ty),
        (None, Const::Int(_)) => "an integer".to_owned(),
        (None, Const::Bool(_)) => "bool".to_owned(),
        (None, Const::Float(_)) => "f64".to_owned(),
        (None, Const::Str(_)) => "a string".to_owned(),
        (None, Const::Null) => "null".to_owned(),
        (None, Const::Func(_)) => "a function".to_owned(),
        (None, Const::Zero | Const::Array(_)) => "an array".to_owned(),
        (None, Const::Struct(_)) => "a struct".to_owned(),
    }
}

/// What follows "found" in a message.
pub fn found(cx: &mut Session, constant: &Constant) -> String {
    let name = type_name(cx, constant);
    if name.starts_with("a ") || name.starts_with("an ") { name } else { format!("`{name}`") }
}

/// `operand as T`
pub(super) fn cast(cx: &mut Session, scope: &mut dyn Scope, operand: &Expr, ty: &ast::Type) -> Option<Constant> {
    let to = resolve(cx, scope, ty, Position::Bare);
    if to == Ty::ERROR || !scope.complete(cx, to, ty.span) {
        return None;
    }
    let constant = value(cx, scope, operand, None)?;
    if to == Ty::F64 || floats::is_float(&constant) {
        return floats::cast(cx, operand.span.to(ty.span), &constant, to);
    }
    let from_be = match constant.ty.map(|ty| cx.types.kind(ty)) {
        Some(TyKind::Be { bits }) => Some(bits),
        Some(_) | None => None,
    };
    let number = if let Const::Int(value) = constant.value {
        Some(value)
    } else if let Const::Bool(value) = constant.value {
        Some(i128::from(value))
    } else {
        None
    };
    let result = match (number, cx.types.kind(to)) {
        (Some(value), TyKind::Bool) => Const::Bool(value != 0),
        (Some(_), TyKind::Be { bits }) if from_be.is_some_and(|from| from != bits) => {
            let (left, right) = (type_name(cx, &constant), cx.types.name(to));
            cx.error(operand.span.to(ty.span), ByteOrderMix { left, right });
            return None;
        }
        (Some(_), TyKind::Be { .. }) if matches!(constant.value, Const::Bool(_)) => {
            let (from, to) = (type_name(cx, &constant), cx.types.name(to));
            cx.error(operand.span.to(ty.span), BadCast { from, to });
            return None;
        }
        (Some(value), TyKind::Be { bits }) => Const::Int(fold::wrap(value, bits, false)),
        (Some(_), TyKind::Ptr { .. }) => return not_constant(cx, operand.span.to(ty.span), "a pointer"),
        (Some(value), _) if cx.types.as_int(to).is_some() => {
            let (bits, signed) = width(cx, to);
            Const::Int(fold::wrap(value, bits, signed))
        }
        _ => return eval(cx, scope, operand, Some(to)),
    };
    Some(Constant::typed(result, to))
}
