//! Values as JSON: structs as objects, arrays as arrays, addresses as text.

use super::super::decimal;
use super::cell;
use super::form::{Bits, Form, Typed, terminated};
use super::stacks;

/// Appends a value. `process` is the one whose addresses stacks have, where the value does not say.
pub fn put(out: &mut String, typed: &Typed, bytes: &[u8], bits: Option<Bits>, process: Option<i32>) {
    match &typed.form {
        Form::Struct(fields) => {
            let process = stacks::process_in(typed, bytes).or(process);
            out.push('{');
            for (index, field) in fields.iter().enumerate() {
                out.push_str(if index == 0 { "" } else { ", " });
                quote(out, field.name.as_bytes());
                out.push_str(": ");
                put(out, &field.typed, field.of(bytes), field.bits, process);
            }
            out.push('}');
        }
        Form::Array(element) => {
            out.push('[');
            for (index, bytes) in typed.elements(element, bytes).enumerate() {
                out.push_str(if index == 0 { "" } else { ", " });
                put(out, element, bytes, None, process);
            }
            out.push(']');
        }
        Form::Stack { map, namer } => match stacks::frames(*map, *namer, bytes, process) {
            Ok(frames) => {
                let texts = frames.iter().map(|frame| {
                    let mut text = String::new();
                    quote(&mut text, frame.text().as_bytes());
                    text
                });
                out.push_str(&format!("[{}]", texts.collect::<Vec<_>>().join(", ")));
            }
            Err(_) => out.push_str("null"),
        },
        Form::Text => quote(out, terminated(&bytes[..typed.size])),
        Form::Char => quote(out, &bytes[..1]),
        Form::Enum { .. } => {
            let number = typed.number(bytes, bits).unwrap_or(0);
            match cell::variant(typed, number) {
                Some(name) => quote(out, name.as_bytes()),
                None => out.push_str(&number.to_string()),
            }
        }
        Form::F64 => {
            let value = bytes[..typed.size].try_into().map_or(0.0, f64::from_ne_bytes);
            // JSON has no infinities.
            out.push_str(&if value.is_finite() { decimal::shortest(value) } else { "null".to_owned() });
        }
        Form::Be if typed.size != 4 => out.push_str(&cell::simple(typed, bytes, bits)),
        Form::Number { .. } | Form::Bool => out.push_str(&cell::simple(typed, bytes, bits)),
        Form::Be | Form::Pointer | Form::Address => quote(out, cell::simple(typed, bytes, bits).as_bytes()),
    }
}

/// Appends text in quotes. Bytes that are no UTF-8 are written as those of the replacement character.
pub fn quote(out: &mut String, text: &[u8]) {
    out.push('"');
    for c in String::from_utf8_lossy(text).chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            '\0'..'\u{20}' | '\u{7f}' => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::quote;

    #[test]
    fn texts_are_escaped() {
        let mut out = String::new();
        quote(&mut out, b"a\"b\\c\n\x01\xff\xc3\xbc");
        assert_eq!(out, "\"a\\\"b\\\\c\\n\\u0001\u{fffd}\u{fc}\"");
    }
}
