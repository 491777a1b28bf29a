//! The function that would make the entries of a pinned map anew, for the message where the program has none.

use super::shape::{Field, Shape};

/// Declarations for `map`, whose pinned entries have one key and value, and whose declaration has another; none if a text is of no type.
pub fn text(map: &str, there: &(String, String), wanted: &(String, String)) -> Option<String> {
    let (old_key, old) = (Shape::parse(&there.0)?, Shape::parse(&there.1)?);
    let (key, new) = (Shape::parse(&wanted.0)?, Shape::parse(&wanted.1)?);
    let names = Names { known: [key.declared(), new.declared()].concat() };
    let named = |shape: &Shape| names.of(shape);
    let mut lines: Vec<String> = Vec::new();
    let keys_agree = old_key.agrees(&key);
    let shown = if keys_agree { Vec::new() } else { old_key.declared() };
    for shape in shown.into_iter().chain(old.declared()).filter(|shape| !names.has(shape)) {
        lines.extend(shape.declaration(&named).filter(|line| !lines.contains(line)));
    }
    let (old_name, new_name) = (old.written(&named), new.written(&named));
    let value = converted(&old, &new, "old", &names).unwrap_or_else(|| nothing(&new, &names));
    if keys_agree {
        lines.push(format!("@migrate({map}) fn {map}_from_old(old: {old_name}) -> {new_name} {{"));
    } else {
        let (from, to) = (old_key.written(&named), key.written(&named));
        let fresh = converted(&old_key, &key, "key", &names).unwrap_or_else(|| nothing(&key, &names));
        lines.push(format!(
            "@migrate({map}) fn {map}_from_old(key: {from}, old: {old_name}, fresh: *{to}) -> {new_name}? {{"
        ));
        lines.push(format!("    *fresh = {fresh}"));
    }
    lines.push(format!("    return {value}"));
    lines.push("}".to_owned());
    Some(lines.join("\n"))
}

/// The structs and enums that the declaration of the map has.
struct Names<'a> {
    known: Vec<&'a Shape>,
}

impl Names<'_> {
    fn has(&self, shape: &Shape) -> bool {
        self.known.iter().any(|known| known.agrees(shape))
    }

    /// The name of a struct or an enum: the program's, or a new one.
    fn of(&self, shape: &Shape) -> String {
        let known = self.known.iter().copied().find(|known| known.agrees(shape));
        match known.unwrap_or(shape) {
            Shape::Struct { name, .. } | Shape::Enum { name, .. } if known.is_some() => name.clone(),
            Shape::Struct { name, .. } if name.is_empty() => "OldValue".to_owned(),
            Shape::Struct { name, .. } | Shape::Enum { name, .. } => format!("Old{name}"),
            Shape::Plain(_) | Shape::Array { .. } => String::new(),
        }
    }
}

/// An expression for a value of one type that is made of one of another; none where no rule makes it.
fn converted(from: &Shape, to: &Shape, text: &str, names: &Names) -> Option<String> {
    if from.agrees(to) {
        return Some(text.to_owned());
    }
    match (from, to) {
        (Shape::Plain(one), Shape::Plain(other)) => match (string(one), string(other)) {
            (Some(short), Some(long)) => (short <= long).then(|| text.to_owned()),
            (None, None) => (is_number(one) && is_number(other)).then(|| format!("{text} as {other}")),
            (Some(_), None) | (None, Some(_)) => None,
        },
        (Shape::Struct { fields, union: false, .. }, Shape::Struct { fields: wanted, union: false, .. }) => {
            let part = |field: &Field| {
                let from = fields.iter().find(|old| old.name == field.name)?;
                let value = converted(&from.shape, &field.shape, &format!("{text}.{}", field.name), names)?;
                Some(format!("{}: {value}", field.name))
            };
            let mut parts: Vec<String> = wanted.iter().filter_map(part).collect();
            if parts.len() < wanted.len() {
                parts.push("..".to_owned());
            }
            Some(format!("{} {{ {} }}", names.of(to), parts.join(", ")))
        }
        (Shape::Enum { .. }, Shape::Plain(other)) => is_number(other).then(|| format!("{text} as {other}")),
        (Shape::Plain(_) | Shape::Enum { .. } | Shape::Array { .. } | Shape::Struct { .. }, _) => None,
    }
}

/// An expression whose bytes are all zero.
fn nothing(of: &Shape, names: &Names) -> String {
    match of {
        Shape::Plain(text) if string(text).is_some() => "\"\"".to_owned(),
        Shape::Plain(text) if text == "bool" => "false".to_owned(),
        Shape::Plain(text) if text.starts_with('*') => "null".to_owned(),
        Shape::Plain(_) | Shape::Enum { .. } => "0".to_owned(),
        Shape::Array { .. } => "[]".to_owned(),
        Shape::Struct { .. } => format!("{} {{ .. }}", names.of(of)),
    }
}

/// The bytes of a `str(N)`.
fn string(text: &str) -> Option<u64> {
    text.strip_prefix("str(")?.strip_suffix(')')?.parse().ok()
}

fn is_number(text: &str) -> bool {
    ["u8", "u16", "u32", "u64", "i8", "i16", "i32", "i64", "bool", "char", "f64"].contains(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(there: [&str; 2], wanted: [&str; 2]) -> String {
        let pair = |[key, value]: [&str; 2]| (key.to_owned(), value.to_owned());
        text("m", &pair(there), &pair(wanted)).unwrap_or_default()
    }

    #[test]
    fn the_function_takes_along_what_has_the_same_name() {
        assert_eq!(
            of(["u32", "T { a: u32, b: u64 }"], ["u32", "T { a: u64, b: u64, c: str(4) }"]),
            "struct OldT { a: u32, b: u64 }\n\
             @migrate(m) fn m_from_old(old: OldT) -> T {\n    return T { a: old.a as u64, b: old.b, .. }\n}"
        );
        assert_eq!(
            of(["u32", "u64"], ["K { a: u32 }", "u64"]),
            "@migrate(m) fn m_from_old(key: u32, old: u64, fresh: *K) -> u64? {\n    *fresh = K { .. }\n    return old\n}"
        );
        assert_eq!(
            of(["u32", "u64"], ["u32", "u64"]),
            "@migrate(m) fn m_from_old(old: u64) -> u64 {\n    return old\n}"
        );
    }
}
