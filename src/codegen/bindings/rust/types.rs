//! Types of an object as items of Rust, whose sizes and offsets the module asserts.

use crate::codegen::bindings::layout::{Part, Sizes};
use crate::codegen::bindings::model::{Declared, Field, Form, Kind};
use crate::codegen::bindings::names::{Names, rust_literal as literal};
use crate::tables::{RUST_METHODS, RUST_NAMES};
use std::fmt::Write;

/// The types of a module, and their names in it.
pub struct Types<'m> {
    pub declared: &'m [Declared],
    pub sizes: &'m Sizes<'m>,
    pub names: &'m [String],
}

impl Types<'_> {
    /// The type of a form; `path` leads to the module.
    pub fn ty(&self, form: &Form, path: &str) -> String {
        match form {
            Form::Int(bytes, signed) => integer(u64::from(*bytes), *signed),
            Form::Bool => format!("{path}Bool"),
            Form::Be(bytes) => format!("{path}Be{}", bytes * 8),
            Form::Float(bytes) => format!("f{}", bytes * 8),
            Form::Text(bytes) => format!("{path}Text<{bytes}>"),
            Form::Bytes(bytes) => format!("[u8; {bytes}]"),
            Form::Array(of, count) => format!("[{}; {count}]", self.ty(of, path)),
            Form::Declared(index) => format!("{path}{}", self.names[*index]),
        }
    }

    /// The declaration of a type, with all that is implemented for it.
    pub fn item(&self, index: usize) -> String {
        let (declared, name) = (&self.declared[index], &self.names[index]);
        match &declared.kind {
            Kind::Struct { fields, .. } => self.structure(name, fields, declared.size),
            Kind::Union(members) => self.union_of(name, members, declared.size),
            Kind::Enum { signed, variants } => enumeration(name, declared.size, *signed, variants),
        }
    }

    fn structure(&self, name: &str, fields: &[Field], size: u64) -> String {
        let layout = self.sizes.layout(fields, size);
        let (mut names, mut methods) = (Names::default(), Methods::default());
        let (mut body, mut holds) = (String::new(), String::new());
        for part in &layout.parts {
            let (at, own, ty) = match part {
                Part::Gap { offset, bytes } => (*offset, format!("_pad{offset}"), format!("[u8; {bytes}]")),
                Part::Bits { offset, bytes, fields } => {
                    fields.iter().for_each(|field| methods.add(self, field));
                    (*offset, format!("_bits{offset}"), format!("[u8; {bytes}]"))
                }
                Part::Field(field) => {
                    let own = names.unused(&field.name, RUST_NAMES);
                    methods.show(&field.name, &format!("{{ self.{own} }}"));
                    (field.offset, own, self.ty(&field.form, ""))
                }
                Part::Shared(field) => {
                    methods.add(self, field);
                    continue;
                }
            };
            let _ = writeln!(body, "    pub {own}: {ty},");
            let _ = writeln!(holds, "    assert!(::core::mem::offset_of!({name}, {own}) == {at});");
        }
        let packed = if layout.packed { ", packed" } else { "" };
        let derived = if fields.iter().any(|field| self.has_float(&field.form)) { "" } else { ", Eq, Hash" };
        let item =
            format!("#[repr(C{packed})]\n#[derive(Clone, Copy, PartialEq{derived})]\npub struct {name} {{\n{body}}}\n");
        finished(name, size, &item, &holds, &methods)
    }

    /// The bytes of a union, and a method for each member: so that none is read that was not written.
    fn union_of(&self, name: &str, members: &[Field], size: u64) -> String {
        let mut methods = Methods::default();
        members.iter().for_each(|member| methods.add(self, member));
        let align = self.sizes.align_of(members, size);
        let align = if align > 1 { format!("    pub _align: [u{}; 0],\n", align * 8) } else { String::new() };
        let item = format!(
            "#[repr(C)]\n#[derive(Clone, Copy, PartialEq, Eq, Hash)]\npub struct {name} {{\n{align}    pub _raw: [u8; {size}],\n}}\n"
        );
        finished(name, size, &item, "", &methods)
    }

    fn has_float(&self, form: &Form) -> bool {
        match form {
            Form::Float(_) => true,
            Form::Array(of, _) => self.has_float(of),
            Form::Declared(index) => match &self.declared[*index].kind {
                Kind::Struct { fields, .. } => fields.iter().any(|field| self.has_float(&field.form)),
                // Its bytes are what is compared.
                Kind::Union(_) | Kind::Enum { .. } => false,
            },
            Form::Int(..) | Form::Bool | Form::Be(_) | Form::Text(_) | Form::Bytes(_) => false,
        }
    }
}

/// Methods for bit-fields and for fields that share bytes, and the fields that `Debug` shows.
#[derive(Default)]
struct Methods {
    names: Names,
    text: String,
    shown: String,
}

impl Methods {
    fn show(&mut self, name: &str, value: &str) {
        let _ = write!(self.shown, "\n            .field({}, &{value})", literal(name));
    }

    /// `name()` and `set_name()`.
    fn add(&mut self, types: &Types<'_>, field: &Field) {
        let name = self.names.unused(&field.name, RUST_METHODS);
        let set = self.names.unused(&format!("set_{name}"), RUST_METHODS);
        let whole = types.ty(&field.form, "");
        let (ty, get, put) = match field.bits {
            None => {
                let at = field.offset;
                let put = format!("set_part(self.as_bytes_mut(), {at}, value)");
                (whole, format!("part(self.as_bytes(), {at})"), put)
            }
            Some((bit, width)) => {
                let (signed, ty, to, from) = match &field.form {
                    Form::Bool => (false, "bool".to_owned(), " != 0".to_owned(), "value as u64".to_owned()),
                    Form::Int(bytes, signed) => (
                        *signed,
                        whole,
                        format!(" as {}", integer((*bytes).into(), *signed)),
                        "value as u64".to_owned(),
                    ),
                    Form::Declared(index) if let Kind::Enum { signed, .. } = types.declared[*index].kind => {
                        let number = integer(types.declared[*index].size, signed);
                        (signed, whole, format!(" as {number}"), "value.raw as u64".to_owned())
                    }
                    Form::Be(_)
                    | Form::Float(_)
                    | Form::Text(_)
                    | Form::Bytes(_)
                    | Form::Array(..)
                    | Form::Declared(_) => (false, "u64".to_owned(), String::new(), "value".to_owned()),
                };
                let read = if signed { "signed_field" } else { "field" };
                let number = format!("{read}(self.as_bytes(), {bit}, {width}){to}");
                let is_enum = matches!(field.form, Form::Declared(_)) && ty != "u64";
                let get = if is_enum { format!("{ty} {{ raw: {number} }}") } else { number };
                (ty, get, format!("set_field(self.as_bytes_mut(), {bit}, {width}, {from})"))
            }
        };
        let _ = write!(
            self.text,
            "    pub fn {name}(&self) -> {ty} {{\n        {get}\n    }}\n\n    pub fn {set}(&mut self, value: {ty}) {{\n        {put}\n    }}\n\n"
        );
        self.show(&field.name, &format!("self.{name}()"));
    }
}

/// The item with its assertions and implementations.
fn finished(name: &str, size: u64, item: &str, holds: &str, methods: &Methods) -> String {
    let mut out = format!("\n/// {size} bytes.\n{item}\n");
    let _ = write!(
        out,
        "const _: () = {{\n    assert!(::core::mem::size_of::<{name}>() == {size});\n{holds}}};\n\n\
         // SAFETY: the fields have all bytes, and any bytes are a value of each.\n\
         unsafe impl Plain for {name} {{}}\n\n\
         impl ::core::default::Default for {name} {{\n    fn default() -> {name} {{\n        Plain::zeroed()\n    }}\n}}\n\n\
         impl ::core::fmt::Debug for {name} {{\n    fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {{\n        \
         f.debug_struct({}){}\n            .finish()\n    }}\n}}\n",
        literal(name),
        methods.shown
    );
    if !methods.text.is_empty() {
        let _ = write!(out, "\nimpl {name} {{\n{}}}\n", methods.text.trim_end_matches('\n').to_owned() + "\n");
    }
    out
}

/// A number with constants: one that is none of them is a value too. The struct has a named field, since a tuple struct would be a function,
/// and no variable where it is in scope could have its name.
fn enumeration(name: &str, size: u64, signed: bool, variants: &[(String, i128)]) -> String {
    let (mut names, mut constants, mut shown) = (Names::default(), String::new(), String::new());
    let mut seen = Vec::new();
    for (variant, value) in variants {
        let _ = writeln!(
            constants,
            "    pub const {}: {name} = {name} {{ raw: {value} }};",
            names.unused(variant, RUST_NAMES)
        );
        if !seen.contains(value) {
            seen.push(*value);
            let _ = writeln!(shown, "            {value} => f.write_str({}),", literal(variant));
        }
    }
    let repr = integer(size, signed);
    format!(
        "\n/// An enum; a number that is none of its variants is one of its values too.\n#[repr(transparent)]\n\
         #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]\npub struct {name} {{\n    pub raw: {repr},\n}}\n\n\
         impl {name} {{\n{constants}}}\n\n\
         // SAFETY: it is a number.\nunsafe impl Plain for {name} {{}}\n\n\
         impl ::core::fmt::Debug for {name} {{\n    fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {{\n        \
         #[allow(unreachable_patterns)]\n        match self.raw {{\n{shown}            other => ::core::fmt::Debug::fmt(&other, f),\n        }}\n    }}\n}}\n"
    )
}

fn integer(bytes: u64, signed: bool) -> String {
    format!("{}{}", if signed { "i" } else { "u" }, bytes * 8)
}
