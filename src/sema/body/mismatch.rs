//! Messages for a value of another type than is expected.

use super::{Site, State};
use crate::diag::codes::types::MismatchedTypes;
use crate::sema::consts;
use crate::source::Span;
use crate::types::{Ty, TyKind};

/// A replacement for a value; `instead` if that is certain.
pub(super) struct Help {
    pub text: String,
    instead: Option<String>,
}

impl Help {
    fn say(text: impl Into<String>) -> Option<Help> {
        Some(Help { text: text.into(), instead: None })
    }

    fn write(text: impl Into<String>, instead: impl Into<String>) -> Option<Help> {
        Some(Help { text: text.into(), instead: Some(instead.into()) })
    }
}

impl State<'_, '_> {
    /// A value does not fit where it goes.
    pub fn mismatch(&mut self, span: Span, found: Ty, wanted: Ty) {
        let (wanted_name, found_name) = (format!("`{}`", self.ty_name(wanted)), format!("`{}`", self.ty_name(found)));
        let wanted_by = self.wanted_by.clone();
        let help = self.mismatch_help(span, found, wanted);
        let error = self.error(span, MismatchedTypes { wanted: wanted_name, found: found_name });
        if let Some(Help { text, instead }) = help {
            error.help(text);
            if let Some(instead) = instead {
                error.fix(span, instead);
            }
        }
        if let Some(wanted_by) = wanted_by {
            error.remark(wanted_by);
        }
    }
}

impl Site<'_, '_> {
    /// The help for a value of the type `found` where `wanted` is expected; none if no conversion is likely meant.
    pub fn mismatch_help(&self, span: Span, found: Ty, wanted: Ty) -> Option<Help> {
        if let Some(help) = self.own_context_help(found, wanted) {
            return Help::say(help);
        }
        let (text, cast) = (self.text(span), self.cast_text(span));
        let types = &self.cx.types;
        match (types.kind(found), types.kind(wanted)) {
            (TyKind::Null, TyKind::Ptr { to, .. }) => {
                Help::say(format!("a pointer that may be null is written `*{}?`", types.name(to)))
            }
            (TyKind::Str(2), TyKind::Char) if text.starts_with('"') => {
                let letter = consts::char_of_literal(text)?;
                Help::write(format!("a character goes between single quotes: `{letter}`"), letter)
            }
            (TyKind::Char, TyKind::Str(_)) if text.starts_with('\'') => {
                Help::say(format!("a string goes between double quotes: `\"{}\"`", text.trim_matches('\'')))
            }
            (TyKind::Char, TyKind::Str(_)) => Help::say(format!("the text of one character: `[{text}]`")),
            (TyKind::Array(Ty::U8, _), TyKind::Str(_)) => {
                Help::say("text is made of characters: an element of type `char`, such as `e as char`")
            }
            (_, TyKind::Str(_)) if types.as_int(found).is_some() => {
                Help::say(format!("in user space `format(\"%d\", {text})` is its text"))
            }
            (_, TyKind::Ptr { .. } | TyKind::Fn(_)) if text == "0" => {
                Help::write("a pointer that points nowhere is `null`, not 0", "null")
            }
            (_, TyKind::Ptr { to, .. }) if to == found && names_place(text) => {
                Help::say(format!("its address: `&{text}`"))
            }
            (_, TyKind::Ptr { to, .. })
                if to == found && text.starts_with('*') && names_place(text[1..].trim_start()) =>
            {
                Help::say(format!("the pointer is `{}`, without the `*`", text[1..].trim_start()))
            }
            (TyKind::Array(element, _), TyKind::Ptr { to, .. }) if to == element && names_place(text) => {
                Help::say(format!("the address of its first element: `&{text}[0]`"))
            }
            (TyKind::Ptr { to, .. }, _)
                if to == wanted && text.starts_with('&') && names_place(text[1..].trim_start()) =>
            {
                let place = text[1..].trim_start();
                Help::write(format!("leave out the `&`: `{place}`"), place)
            }
            (TyKind::Ptr { to, .. }, _) if to == wanted => Help::say(format!("what it points to: `*{cast}`")),
            (TyKind::Ptr { to: other, .. }, TyKind::Ptr { to, .. })
                if text.starts_with('&')
                    && matches!(types.kind(other), TyKind::Ptr { to: inner, .. } if inner == to) =>
            {
                let pointer = text[1..].trim_start();
                Help::write(format!("`{pointer}` is a pointer already: leave out the `&`"), pointer)
            }
            (TyKind::Ptr { to: other, space: from, .. }, TyKind::Ptr { to, space, .. })
                if other != to && self.spaces_agree(from, space) =>
            {
                Help::say(format!("`{cast} as *{}` says that it is meant", types.name(to)))
            }
            (TyKind::Bool, _) if types.as_int(wanted).is_some() => {
                Help::say(format!("`{cast} as {}` is 0 or 1", types.name(wanted)))
            }
            (_, TyKind::Bool) if types.as_int(found).is_some() => match consts::truth_of_literal(text) {
                Some(truth) => Help::write(format!("write `{truth}`"), truth),
                None => Help::say(format!("`{cast} != 0` is a bool")),
            },
            (_, TyKind::F64) if types.as_int(found).is_some() => Help::say(format!("`{cast} as f64` converts")),
            (TyKind::F64, _) if types.as_int(wanted).is_some() => {
                Help::say(format!("`{cast} as {}` converts, towards zero", types.name(wanted)))
            }
            _ => None,
        }
    }
}

/// Whether the text of an expression is a name, or fields and elements of what has one.
fn names_place(text: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | '>' | '[' | ']');
    text.starts_with(|c: char| c.is_alphabetic() || c == '_') && text.chars().all(part)
}
