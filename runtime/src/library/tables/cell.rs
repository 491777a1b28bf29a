//! Values as text for people: what `print` makes of their types, structs and arrays with their parts.

use super::form::{Bits, Form, Typed, terminated};
use crate::abi::{KsArg, KsArgKind};
use crate::kernel::escape;
use crate::library::print::values;
use std::net::{Ipv4Addr, Ipv6Addr};

/// Appends the text of a value, which stays within its line.
pub fn put(out: &mut String, typed: &Typed, bytes: &[u8], bits: Option<Bits>) {
    match &typed.form {
        Form::Struct(fields) => {
            out.push('{');
            for (index, field) in fields.iter().enumerate() {
                out.push_str(if index == 0 { "" } else { ", " });
                out.push_str(field.name);
                out.push_str(": ");
                put(out, &field.typed, field.of(bytes), field.bits);
            }
            out.push('}');
        }
        Form::Array(element) => {
            out.push('[');
            for (index, bytes) in typed.elements(element, bytes).enumerate() {
                out.push_str(if index == 0 { "" } else { ", " });
                put(out, element, bytes, None);
            }
            out.push(']');
        }
        Form::Text => out.push_str(&shown(terminated(&bytes[..typed.size]))),
        Form::Char => out.push_str(&shown(&bytes[..1])),
        Form::Number { .. }
        | Form::Bool
        | Form::Be
        | Form::F64
        | Form::Enum { .. }
        | Form::Pointer
        | Form::Address
        | Form::Stack { .. } => out.push_str(&simple(typed, bytes, bits)),
    }
}

/// The text of a value that has no parts and is no text; what JSON has too.
pub fn simple(typed: &Typed, bytes: &[u8], bits: Option<Bits>) -> String {
    if let Some(address) = address(typed, bytes) {
        return address;
    }
    if let (Form::F64, Ok(bytes)) = (&typed.form, bytes[..typed.size].try_into()) {
        let mut out = Vec::new();
        let value = u64::from_ne_bytes(bytes);
        values::plain(&mut out, &KsArg { kind: KsArgKind::F64 as u32, size: 8, value }, true);
        return String::from_utf8_lossy(&out).into_owned();
    }
    let number = typed.number(bytes, bits).unwrap_or(0);
    match &typed.form {
        Form::Bool if number == 0 => "false".to_owned(),
        Form::Bool => "true".to_owned(),
        Form::Pointer => format!("{number:#x}"),
        Form::Enum { .. } => variant(typed, number).map_or_else(|| number.to_string(), str::to_owned),
        Form::Number { .. }
        | Form::Be
        | Form::Char
        | Form::Text
        | Form::F64
        | Form::Address
        | Form::Struct(_)
        | Form::Array(_)
        | Form::Stack { .. } => number.to_string(),
    }
}

/// The name of the first variant that has the value.
pub fn variant(typed: &Typed, number: i128) -> Option<&'static str> {
    let Form::Enum { variants, .. } = &typed.form else { return None };
    // A value of 64 bits without sign has the bits of a negative one here.
    let same = |value: i64| i128::from(value) == number || i128::from(value.cast_unsigned()) == number;
    variants.iter().find(|(_, value)| same(*value)).map(|(name, _)| *name)
}

/// The address of a network that a value is.
pub fn address(typed: &Typed, bytes: &[u8]) -> Option<String> {
    let bytes = &bytes[..typed.size];
    match &typed.form {
        Form::Be => <[u8; 4]>::try_from(bytes).ok().map(|bytes| Ipv4Addr::from(bytes).to_string()),
        Form::Address => Some(match <[u8; 16]>::try_from(bytes) {
            Ok(bytes) => Ipv6Addr::from(bytes).to_string(),
            Err(_) => bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(":"),
        }),
        Form::Number { .. }
        | Form::Bool
        | Form::Char
        | Form::Text
        | Form::F64
        | Form::Enum { .. }
        | Form::Pointer
        | Form::Struct(_)
        | Form::Array(_)
        | Form::Stack { .. } => None,
    }
}

/// Text of others, for a cell: nothing in it ends the line or moves on it.
fn shown(text: &[u8]) -> String {
    let escaped = escape::foreign(text, |_| false);
    String::from_utf8_lossy(&escaped).replace('\t', "\\x09")
}
