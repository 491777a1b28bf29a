//! Numbers, and initial contents of memory.

use super::expr::Expr;
use super::types::Declared;
use crate::types::{BitField, FieldDef, Ty, TyKind, Types};

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
pub fn initialiser(types: &Types, declared: &Declared, ty: Ty, bytes: &[u8]) -> Option<String> {
    bytes.iter().any(|&byte| byte != 0).then(|| value(types, declared, ty, bytes))
}

fn value(types: &Types, declared: &Declared, ty: Ty, bytes: &[u8]) -> String {
    let kind = types.kind(ty);
    if let TyKind::Str(_) = kind {
        let end = bytes.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
        return quoted(&bytes[..end]);
    }
    if let TyKind::Array(element, length) = kind {
        let size = types.size_of(element) as usize;
        let parts: Vec<String> = (0..length as usize)
            .map(|at| value(types, declared, element, &bytes[at * size..(at + 1) * size]))
            .collect();
        return format!("{{ {} }}", parts.join(", "));
    }
    if let TyKind::Struct(id) = kind {
        let fields = types.struct_def(id).fields.iter();
        let field = |field: &FieldDef| {
            let unit = &bytes[field.offset as usize..][..types.size_of(field.stored()) as usize];
            match field.bits {
                None => value(types, declared, field.ty, unit),
                Some(bits) => bits_of(types, field.ty, bits, unit),
            }
        };
        if types.struct_def(id).origin.is_union() {
            // The bytes behind a shorter field are zero: a literal names one field.
            let holds = |field: &FieldDef| {
                let (unit, behind) = bytes.split_at(types.size_of(field.stored()) as usize);
                let others = field.bits.map_or(0, |bits| little(unit) & !(mask(bits) << types.shift(bits)));
                others == 0 && behind.iter().all(|&byte| byte == 0)
            };
            let whole = fields.enumerate().find(|(_, field)| holds(field));
            let (index, whole) = whole.unwrap_or_else(|| crate::bug!("no field has all bytes of a union"));
            let name = declared.field(id, index).unwrap_or(&whole.name);
            return format!("{{ .{name} = {} }}", field(whole));
        }
        let parts: Vec<String> = fields.map(field).collect();
        return format!("{{ {} }}", parts.join(", "));
    }
    if matches!(kind, TyKind::Ptr { .. } | TyKind::Fn(_)) {
        return "NULL".to_owned();
    }
    literal(types, ty, little(bytes), 8 * bytes.len() as u32)
}

/// The value of a bit-field in its storage unit.
fn bits_of(types: &Types, ty: Ty, bits: BitField, unit: &[u8]) -> String {
    literal(types, ty, little(unit) >> types.shift(bits) & mask(bits), bits.width.into())
}

/// The number of a type that is stored in so many bits.
fn literal(types: &Types, ty: Ty, stored: i128, width: u32) -> String {
    let signed = types.as_int(ty).is_some_and(|(_, signed)| signed);
    let negative = signed && stored >> (width - 1) != 0;
    number(types, ty, if negative { stored - (1 << width) } else { stored }).text().to_owned()
}

fn mask(bits: BitField) -> i128 {
    (1 << bits.width) - 1
}

fn little(bytes: &[u8]) -> i128 {
    bytes.iter().rev().fold(0i128, |number, &byte| number << 8 | i128::from(byte))
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
