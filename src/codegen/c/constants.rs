//! Numbers, and initial contents of memory.

use super::expr::Expr;
use crate::types::{Ty, TyKind, Types};

/// A number of a type, so that C computes with it as the language does.
pub fn number(types: &Types, ty: Ty, value: i128) -> Expr {
    let kind = types.kind(ty);
    if kind == TyKind::Bool {
        return Expr::primary(if value == 0 { "false" } else { "true" });
    }
    let (bits, signed) = if let TyKind::Be { bits } = kind {
        (bits, false)
    } else {
        types.as_int(ty).unwrap_or_else(|| crate::bug!("a number is an integer"))
    };
    let value = if signed { value } else { value & ((1i128 << bits) - 1) };
    let suffix = match (bits, signed) {
        (64, false) => "ull",
        (64, true) => "ll",
        (32, false) => "u",
        _ => "",
    };
    let least = -(1i128 << (bits - 1));
    if signed && value == least && bits >= 32 {
        return Expr::primary(format!("({}{suffix} - 1)", value + 1));
    }
    let text =
        if matches!(kind, TyKind::Be { .. }) { format!("{value:#x}{suffix}") } else { format!("{value}{suffix}") };
    if value < 0 { Expr::unary(text) } else { Expr::primary(text) }
}

/// The initialiser of memory that holds these bytes; none if they are all zero.
pub fn initialiser(types: &Types, ty: Ty, bytes: &[u8]) -> Option<String> {
    bytes.iter().any(|&byte| byte != 0).then(|| value(types, ty, bytes))
}

fn value(types: &Types, ty: Ty, bytes: &[u8]) -> String {
    let kind = types.kind(ty);
    if let TyKind::Str(_) = kind {
        let end = bytes.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
        return quoted(&bytes[..end]);
    }
    if let TyKind::Array(element, length) = kind {
        let size = types.size_of(element) as usize;
        let parts: Vec<String> =
            (0..length as usize).map(|at| value(types, element, &bytes[at * size..(at + 1) * size])).collect();
        return format!("{{ {} }}", parts.join(", "));
    }
    if let TyKind::Struct(id) = kind {
        let fields = types.struct_def(id).fields.iter().map(|field| {
            let start = field.offset as usize;
            value(types, field.ty, &bytes[start..start + types.size_of(field.ty) as usize])
        });
        let parts: Vec<String> = fields.collect();
        return format!("{{ {} }}", parts.join(", "));
    }
    let stored = bytes.iter().rev().fold(0i128, |number, &byte| number << 8 | i128::from(byte));
    if matches!(kind, TyKind::Ptr { .. } | TyKind::Fn(_)) {
        return "NULL".to_owned();
    }
    let signed = types.as_int(ty).is_some_and(|(_, signed)| signed);
    let width = 8 * bytes.len() as u32;
    let negative = signed && stored >> (width - 1) != 0;
    number(types, ty, if negative { stored - (1 << width) } else { stored }).text().to_owned()
}

/// A literal of C. An escape by three digits of base 8 ends there, whatever follows.
pub fn quoted(bytes: &[u8]) -> String {
    let mut text = String::from("\"");
    for &byte in bytes {
        match byte {
            b'"' => text.push_str("\\\""),
            b'\\' => text.push_str("\\\\"),
            b'\n' => text.push_str("\\n"),
            b'\t' => text.push_str("\\t"),
            // No trigraph.
            b'?' => text.push_str("\\?"),
            b' '..=b'~' => text.push(char::from(byte)),
            _ => text.push_str(&format!("\\{byte:03o}")),
        }
    }
    text.push('"');
    text
}
