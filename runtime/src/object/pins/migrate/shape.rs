//! A type by its parts, read from its text (`pins/types.rs`): to compare types whose structs have other names, and to write declarations.

use std::fmt::Write;

/// A type.
#[derive(Clone, PartialEq, Debug)]
pub enum Shape {
    /// An integer, a `bool`, a `str(8)`, a pointer, as the language writes it.
    Plain(String),
    /// With the bits that it has.
    Enum {
        name: String,
        bits: String,
    },
    Array {
        element: Box<Shape>,
        length: String,
    },
    Struct {
        name: String,
        union: bool,
        fields: Vec<Field>,
    },
}

/// A field of a struct.
#[derive(Clone, PartialEq, Debug)]
pub struct Field {
    pub name: String,
    pub shape: Shape,
    /// The bits of a bit-field.
    pub bits: Option<String>,
    /// The place in bytes where that is another than in C.
    pub at: Option<String>,
}

impl Shape {
    /// None of a text of another form.
    pub fn parse(text: &str) -> Option<Shape> {
        let mut rest = text;
        let shape = one(&mut rest)?;
        rest.is_empty().then_some(shape)
    }

    /// Whether both have the same parts in the same places; the names of structs and enums do not count.
    pub fn agrees(&self, other: &Shape) -> bool {
        match (self, other) {
            (Shape::Plain(one), Shape::Plain(other)) => one == other,
            (Shape::Enum { bits: one, .. }, Shape::Enum { bits: other, .. }) => one == other,
            (Shape::Array { element: one, length: count }, Shape::Array { element: other, length }) => {
                count == length && one.agrees(other)
            }
            (Shape::Struct { union: one, fields, .. }, Shape::Struct { union: other, fields: others, .. }) => {
                let same = |(one, other): (&Field, &Field)| {
                    (&one.name, &one.bits, &one.at) == (&other.name, &other.bits, &other.at)
                        && one.shape.agrees(&other.shape)
                };
                one == other && fields.len() == others.len() && fields.iter().zip(others).all(same)
            }
            (Shape::Plain(_) | Shape::Enum { .. } | Shape::Array { .. } | Shape::Struct { .. }, _) => false,
        }
    }

    /// The structs and enums in it, the innermost first.
    pub fn declared(&self) -> Vec<&Shape> {
        match self {
            Shape::Plain(_) => Vec::new(),
            Shape::Enum { .. } => vec![self],
            Shape::Array { element, .. } => element.declared(),
            Shape::Struct { fields, .. } => {
                let mut found: Vec<&Shape> = fields.iter().flat_map(|field| field.shape.declared()).collect();
                found.push(self);
                found
            }
        }
    }

    /// As a use of the type is written; `named` gives structs and enums other names.
    pub fn written(&self, named: &dyn Fn(&Shape) -> String) -> String {
        match self {
            Shape::Plain(text) => text.clone(),
            Shape::Array { .. } => {
                let (mut lengths, mut inner) = (String::new(), self);
                while let Shape::Array { element, length } = inner {
                    write!(lengths, "[{length}]").ok();
                    inner = element;
                }
                inner.written(named) + &lengths
            }
            Shape::Enum { .. } | Shape::Struct { .. } => named(self),
        }
    }

    /// The declaration of a struct, or of an enum, whose variants no text says; none of another type.
    pub fn declaration(&self, named: &dyn Fn(&Shape) -> String) -> Option<String> {
        if let Shape::Enum { bits, .. } = self {
            let name = named(self);
            return Some(format!("enum {name}: u{bits} {{ {}_0 }}", name.to_uppercase()));
        }
        let Shape::Struct { union, fields, .. } = self else { return None };
        let part = |field: &Field| {
            let bits = field.bits.as_ref().map_or(String::new(), |bits| format!(":{bits}"));
            format!("{}: {}{bits}", field.name, field.shape.written(named))
        };
        let parts: Vec<String> = fields.iter().map(part).collect();
        let packed = if fields.iter().any(|field| field.at.is_some()) { "@packed " } else { "" };
        let word = if *union { "union" } else { "struct" };
        Some(format!("{packed}{word} {} {{ {} }}", named(self), parts.join(", ")))
    }
}

/// A type, whose array lengths follow it.
fn one(rest: &mut &str) -> Option<Shape> {
    let base = base(rest)?;
    let mut lengths = Vec::new();
    while let Some(behind) = rest.strip_prefix('[') {
        let (length, behind) = behind.split_once(']')?;
        lengths.push(length.to_owned());
        *rest = behind;
    }
    let array = |element, length| Shape::Array { element: Box::new(element), length };
    Some(lengths.into_iter().rev().fold(base, array))
}

fn base(rest: &mut &str) -> Option<Shape> {
    let start = *rest;
    if let Some(behind) = rest.strip_prefix("enum ") {
        let (name, behind) = behind.split_once(": u")?;
        let length = behind.bytes().take_while(u8::is_ascii_digit).count();
        *rest = behind.get(length..)?;
        return Some(Shape::Enum { name: name.to_owned(), bits: behind.get(..length)?.to_owned() });
    }
    if let Some(behind) = rest.strip_prefix("str(") {
        let (length, behind) = behind.split_once(')')?;
        *rest = behind;
        return Some(Shape::Plain(format!("str({length})")));
    }
    let union = rest.strip_prefix("union ");
    *rest = union.unwrap_or(rest);
    let length = rest.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || b"_*".contains(byte)).count();
    let (name, behind) = rest.split_at_checked(length)?;
    *rest = behind;
    let Some(mut inside) = rest.strip_prefix(" {") else {
        let plain = start.get(..start.len() - rest.len())?;
        return (!plain.is_empty()).then(|| Shape::Plain(plain.to_owned()));
    };
    let mut fields = Vec::new();
    while !inside.starts_with(" }") && !inside.starts_with("  }") {
        inside = inside.strip_prefix(", ").or_else(|| inside.strip_prefix(' '))?;
        fields.push(field(&mut inside)?);
    }
    *rest = inside.trim_start().strip_prefix('}')?;
    Some(Shape::Struct { name: name.to_owned(), union: union.is_some(), fields })
}

fn field(rest: &mut &str) -> Option<Field> {
    let (name, behind) = rest.split_once(": ")?;
    *rest = behind;
    let shape = one(rest)?;
    let mut number = |before: &str, after: &str| {
        let behind = rest.strip_prefix(before)?;
        let length = behind.bytes().take_while(u8::is_ascii_digit).count();
        let (digits, behind) = behind.split_at_checked(length)?;
        *rest = behind.strip_prefix(after)?;
        Some(digits.to_owned())
    };
    let (bits, at) = (number(" in ", " bits"), number(" at ", ""));
    Some(Field { name: name.to_owned(), shape, bits, at })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Shape {
        Shape::parse(text).unwrap_or_else(|| Shape::Plain(format!("no type: {text}")))
    }

    #[test]
    fn types_are_read_by_their_parts_and_compare_without_names() {
        let one = parse("A { a: u32, b: B { c: str(8)[2], d: enum E: u8 }[3][2], e: *void at 9 }");
        assert!(one.agrees(&parse("X { a: u32, b: Y { c: str(8)[2], d: enum F: u8 }[3][2], e: *void at 9 }")));
        for other in [
            "A { a: u64, b: B { c: str(8)[2], d: enum E: u8 }[3][2], e: *void at 9 }",
            "A { a: u32, b: B { c: str(8)[2], d: enum E: u16 }[3][2], e: *void at 9 }",
            "A { a: u32, b: B { c: str(8)[2], d: enum E: u8 }[2][3], e: *void at 9 }",
            "A { a: u32, b: B { c: str(8)[2], d: enum E: u8 }[3][2], e: *void }",
            "A { a: u32, b: B { c: str(8)[2], d: enum E: u8 }[3][2] }",
            "union A { a: u32, b: B { c: str(8)[2], d: enum E: u8 }[3][2], e: *void at 9 }",
            "u32",
        ] {
            assert!(!one.agrees(&parse(other)), "{other}");
        }
        for text in ["A { a: u32", "A { a u32 }", "u32[", "", "enum A", "A { a: u32 }x"] {
            assert_eq!(Shape::parse(text), None, "{text}");
        }
        let named = |shape: &Shape| match shape {
            Shape::Struct { name, .. } | Shape::Enum { name, .. } => name.clone(),
            Shape::Plain(_) | Shape::Array { .. } => String::new(),
        };
        let written: Vec<String> = one.declared().iter().filter_map(|shape| shape.declaration(&named)).collect();
        assert_eq!(written[0], "enum E: u8 { E_0 }");
        assert_eq!(written[1], "struct B { c: str(8)[2], d: E }");
        assert_eq!(written[2], "@packed struct A { a: u32, b: B[3][2], e: *void }");
        assert_eq!(parse("union  { a: u32 in 3 bits }").declared().len(), 1);
    }
}
