//! Types of an object as types of Go. What lies between fields is `_`, which encoding/binary skips.

use super::text::{Fields, identifier};
use crate::codegen::bindings::layout::{Part, Sizes};
use crate::codegen::bindings::model::{Declared, Field, Form, Kind};
use crate::codegen::bindings::names::{Names, comment};
use std::fmt::Write;

/// The types of a file, and their names in it.
pub struct Types<'m> {
    pub declared: &'m [Declared],
    pub sizes: &'m Sizes<'m>,
    pub names: &'m [String],
    /// The name of the object, with a capital.
    pub title: &'m str,
}

impl Types<'_> {
    /// The type of a form.
    pub fn ty(&self, form: &Form) -> String {
        match form {
            Form::Int(bytes, signed) => integer((*bytes).into(), *signed),
            Form::Bool => "bool".to_owned(),
            Form::Be(bytes) => integer((*bytes).into(), false),
            Form::Float(bytes) => format!("float{}", bytes * 8),
            Form::Text(bytes) | Form::Bytes(bytes) => format!("[{bytes}]byte"),
            Form::Array(of, count) => format!("[{count}]{}", self.ty(of)),
            Form::Declared(index) => self.names[*index].clone(),
        }
    }

    /// The declaration of a type with its methods; `names` are those of the package behind `stem`.
    pub fn declaration(&self, index: usize, names: &mut Names, stem: &str) -> String {
        let (declared, name) = (&self.declared[index], &self.names[index]);
        match &declared.kind {
            Kind::Struct { fields, .. } => self.structure(name, fields, declared.size),
            Kind::Union(members) => self.union_of(name, members, declared.size),
            Kind::Enum { signed, variants } => {
                let repr = integer(declared.size, *signed);
                let mut out = format!("\ntype {name} {repr}\n");
                let mut constants = Fields::default();
                for (variant, value) in variants {
                    let of_type = name.strip_prefix(stem).unwrap_or(name);
                    let constant = names.unused(&format!("{of_type}{}", identifier(variant)), &[]);
                    constants.add(&[&format!("{stem}{constant}"), name, &format!("= {value}")]);
                }
                if !variants.is_empty() {
                    let _ = write!(out, "\nconst (\n{})\n", constants.text());
                }
                out
            }
        }
    }

    fn structure(&self, name: &str, fields: &[Field], size: u64) -> String {
        let layout = self.sizes.layout(fields, size);
        let mut names = Names::default();
        let (mut body, mut methods) = (Fields::default(), String::new());
        for part in &layout.parts {
            match part {
                Part::Gap { bytes, .. } => body.add(&["_", &format!("[{bytes}]byte")]),
                Part::Bits { offset, bytes, fields } => {
                    let own = names.unused(&format!("Bits{offset}"), &[]);
                    body.add(&[&own, &format!("[{bytes}]byte")]);
                    for field in fields {
                        methods += &self.accessors(name, &own, *offset, field, &mut names);
                    }
                }
                // Go makes a struct longer that ends with an empty field.
                Part::Field(field) if self.sizes.size(&field.form) == Some(0) => {}
                Part::Field(field) => {
                    if let Form::Be(_) = field.form {
                        body.comment("In network byte order.");
                    }
                    body.add(&[&names.unused(&identifier(&field.name), &[]), &self.ty(&field.form)]);
                }
                Part::Shared(field) => body.comment(&format!("{} shares the bytes above.", comment(&field.name))),
            }
        }
        let packed =
            if layout.packed { ", and packed: encoding/binary reads and writes it, unsafe does not" } else { "" };
        format!("\n// {name} is {size} bytes{packed}.\ntype {name} struct {{\n{}}}\n{methods}", body.text())
    }

    /// The bytes of a union, aligned as it is, and methods for each member.
    fn union_of(&self, name: &str, members: &[Field], size: u64) -> String {
        let (mut names, mut body, mut methods) = (Names::default(), Fields::default(), String::new());
        let align = self.sizes.align_of(members, size);
        if align > 1 {
            body.add(&["_", &format!("[0]uint{}", align * 8)]);
        }
        let own = names.unused("Raw", &[]);
        body.add(&[&own, &format!("[{size}]byte")]);
        for member in members {
            methods += &self.accessors(name, &own, 0, member, &mut names);
        }
        format!("\n// {name} is a union of {size} bytes.\ntype {name} struct {{\n{}}}\n{methods}", body.text())
    }

    /// The methods that read and write a part of the bytes `own`, which begin at an offset of the type.
    fn accessors(&self, name: &str, own: &str, offset: u64, field: &Field, names: &mut Names) -> String {
        let get = names.unused(&identifier(&field.name), &[]);
        let set = names.unused(&format!("Set{get}"), &[]);
        let (mut ty, title) = (self.ty(&field.form), self.title);
        let (got, put) = match field.bits {
            None => {
                let place = format!("s.{own}[{}:]", field.offset - offset);
                (
                    format!("var value {ty}\n\t_{title}Read({place}, &value)\n\treturn value"),
                    format!("_{title}Write({place}, &value)"),
                )
            }
            Some((bit, width)) => {
                let place = format!("s.{own}[:], {}, {width}", bit - 8 * offset);
                let bits = format!("_{title}Bits({place})");
                let put = |value: &str| format!("_{title}SetBits({place}, {value})");
                match &field.form {
                    Form::Bool => (
                        format!("return {bits} != 0"),
                        format!("number := uint64(0)\n\tif value {{\n\t\tnumber = 1\n\t}}\n\t{}", put("number")),
                    ),
                    form @ (Form::Int(..)
                    | Form::Declared(_)
                    | Form::Be(_)
                    | Form::Float(_)
                    | Form::Text(_)
                    | Form::Bytes(_)
                    | Form::Array(..)) => {
                        let (signed, is_number) = match form {
                            Form::Int(_, signed) => (*signed, true),
                            Form::Declared(index) => match self.declared[*index].kind {
                                Kind::Enum { signed, .. } => (signed, true),
                                Kind::Struct { .. } | Kind::Union(_) => (false, false),
                            },
                            Form::Be(_)
                            | Form::Bool
                            | Form::Float(_)
                            | Form::Text(_)
                            | Form::Bytes(_)
                            | Form::Array(..) => (false, false),
                        };
                        if !is_number {
                            ty = "uint64".to_owned();
                        }
                        let extended = format!("int64({bits}<<{0}) >> {0}", 64 - width);
                        let number = if signed { extended } else { bits };
                        (format!("return {ty}({number})"), put("uint64(value)"))
                    }
                }
            }
        };
        format!(
            "\nfunc (s *{name}) {get}() {ty} {{\n\t{got}\n}}\n\nfunc (s *{name}) {set}(value {ty}) {{\n\t{put}\n}}\n"
        )
    }

    /// What the methods call: `views` are members of unions, `fields` bit-fields.
    pub fn helpers(&self, views: bool, fields: bool, big: bool) -> String {
        let (title, mut out) = (self.title, String::new());
        if views {
            let order = if big { "BigEndian" } else { "LittleEndian" };
            let _ = write!(
                out,
                "\n// The bytes are enough for each value.\n\
                 func _{title}Read(raw []byte, value interface{{}}) {{\n\
                 \t_ = binary.Read(bytes.NewReader(raw), binary.{order}, value)\n}}\n\n\
                 func _{title}Write(raw []byte, value interface{{}}) {{\n\
                 \tvar buffer bytes.Buffer\n\
                 \t_ = binary.Write(&buffer, binary.{order}, value)\n\
                 \tcopy(raw, buffer.Bytes())\n}}\n"
            );
        }
        if fields {
            let place = if big { "7 - (first+at)%8" } else { "(first + at) % 8" };
            let of_value = if big { "width - 1 - at" } else { "at" };
            let _ = write!(
                out,
                "\nfunc _{title}Bits(raw []byte, first, width uint) (number uint64) {{\n\
                 \tfor at := uint(0); at < width; at++ {{\n\
                 \t\tbit := raw[(first+at)/8] >> ({place}) & 1\n\
                 \t\tnumber |= uint64(bit) << ({of_value})\n\t}}\n\treturn number\n}}\n\n\
                 func _{title}SetBits(raw []byte, first, width uint, number uint64) {{\n\
                 \tfor at := uint(0); at < width; at++ {{\n\
                 \t\tplace, bit := ({place}), byte(number>>({of_value})&1)\n\
                 \t\traw[(first+at)/8] = raw[(first+at)/8]&^(1<<place) | bit<<place\n\t}}\n}}\n"
            );
        }
        out
    }
}

fn integer(bytes: u64, signed: bool) -> String {
    format!("{}int{}", if signed { "" } else { "u" }, bytes * 8)
}
