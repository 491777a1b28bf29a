//! Writes the module for Python: the code that all modules share, then the types, maps and variables of one object.

use super::model::{Declared, Field, Form, Kind, Map, Model, Section};
use super::names::{Names, literal};
use crate::tables::{MAP_KINDS, PYTHON_FIELDS, PYTHON_MAPS, PYTHON_TYPES, PYTHON_VARIANTS};
use std::fmt::Write;

/// The code of every module, in order.
const SHARED: [&str; 5] = [
    include_str!("python/kernel.py"),
    include_str!("python/types.py"),
    include_str!("python/maps.py"),
    include_str!("python/events.py"),
    include_str!("python/open.py"),
];

/// The text of the module; `name` is that of the program.
pub fn module(model: &Model, name: &str) -> String {
    let mut names = Names::default();
    let attributes: Vec<String> = model.maps.iter().map(|map| names.unused(&map.name, PYTHON_MAPS)).collect();
    let classes: Vec<String> = model.types.iter().map(|ty| names.unused(&ty.name, PYTHON_TYPES)).collect();
    let mut out = head(model, name, &attributes, &classes);
    for shared in SHARED {
        out += "\n";
        out += shared;
    }
    out += "\n\n# The types of the program.\n";
    for (declared, class) in std::iter::zip(&model.types, &classes) {
        out += &class_of(declared, class, &classes);
    }
    out += "\n# The maps and the variables of the program.\n_SPECS = {spec.name: spec for spec in (\n";
    for map in &model.maps {
        let _ = writeln!(out, "    {},", spec(map, &classes));
    }
    for section in &model.sections {
        out += &section_of(section, &classes);
    }
    out += ")}\n";
    let renamed = std::iter::zip(&model.maps, &attributes).filter(|(map, attribute)| map.name != **attribute);
    let renamed: Vec<String> =
        renamed.map(|(map, attribute)| format!("{}: {}", literal(&map.name), literal(attribute))).collect();
    let _ = writeln!(out, "_ATTRIBUTES = {{{}}}", renamed.join(", "));
    out
}

/// The doc string, which names all that the module has.
fn head(model: &Model, name: &str, attributes: &[String], classes: &[String]) -> String {
    let list = |what: &str, names: &[String]| {
        if names.is_empty() { String::new() } else { format!("\n{what}: {}", names.join(", ")) }
    };
    let mut variables = Vec::new();
    for section in &model.sections {
        variables.extend(section.variables.iter().map(|variable| variable_name(&variable.name)));
    }
    let clean: String = name.chars().filter(|c| c.is_ascii_alphanumeric() || "_-.".contains(*c)).collect();
    format!(
        "\"\"\"The maps and variables of `{clean}`, for Python 3.11 or later. Made by ksc.\n{}{}{}\n\"\"\"\nfrom __future__ import annotations\n",
        list("Maps", attributes),
        list("Variables, of `var`", &variables),
        list("Types", classes),
    )
}

/// The class of a type, and what reads and writes its values.
fn class_of(declared: &Declared, class: &str, classes: &[String]) -> String {
    let mut names = Names::default();
    let mut named = |fields: &[Field]| -> Vec<String> {
        fields.iter().map(|field| names.unused(&field.name, PYTHON_FIELDS)).collect()
    };
    match &declared.kind {
        Kind::Struct { fields, locked } => {
            let names = named(fields);
            let mut out =
                format!("\n\n@_dataclass(frozen=True)\nclass {class}:\n    \"\"\"{} bytes.\"\"\"\n", declared.size);
            for (field, name) in std::iter::zip(fields, &names) {
                let _ = writeln!(out, "    {name}: {} = {}", hint(&field.form, classes), zero(field, classes));
            }
            let _ = write!(out, "\n\n_c_{class} = _Struct({class}, {}, (", declared.size);
            for (field, name) in std::iter::zip(fields, &names) {
                let offset = if field.bits.is_some() { 0 } else { field.offset };
                let _ = write!(out, "\n    ({}, {offset}, {}),", literal(name), field_codec(field, classes));
            }
            out += if *locked { "\n), locked=True)\n" } else { "\n))\n" };
            out
        }
        Kind::Union(fields) => {
            let names = named(fields);
            let mut out = format!("\n\nclass {class}(_Overlaid):\n    \"\"\"{} bytes.\"\"\"\n", declared.size);
            let _ = write!(out, "\n\n_c_{class} = _Union({class}, {}, {{", declared.size);
            for (field, name) in std::iter::zip(fields, &names) {
                let _ = write!(out, "\n    {}: {},", literal(name), field_codec(field, classes));
            }
            out + "\n})\n"
        }
        Kind::Enum { signed, variants } => {
            let mut out = format!("\n\nclass {class}(_IntEnum):\n    \"\"\"{} bytes.\"\"\"\n", declared.size);
            for (name, value) in variants {
                let _ = writeln!(out, "    {} = {value}", names.unused(name, PYTHON_VARIANTS));
            }
            let code = integer(declared.size as u32, *signed);
            out + &format!("\n\n_c_{class} = _Enum({class}, {code}.code)\n")
        }
    }
}

/// The name of the codec of an integer.
fn integer(size: u32, signed: bool) -> String {
    format!("_{}{}", if signed { "I" } else { "U" }, size * 8)
}

/// What a type checker is told.
fn hint(form: &Form, classes: &[String]) -> String {
    match form {
        Form::Int(..) | Form::Be(2 | 8) => "int".to_owned(),
        Form::Be(_) => "_ipaddress.IPv4Address".to_owned(),
        Form::Bool => "bool".to_owned(),
        Form::Float(_) => "float".to_owned(),
        Form::Text(_) => "str".to_owned(),
        Form::Bytes(_) => "bytes".to_owned(),
        Form::Array(of, _) => format!("tuple[{}, ...]", hint(of, classes)),
        Form::Declared(index) => classes[*index].clone(),
    }
}

/// The expression of what reads and writes a form.
fn codec(form: &Form, classes: &[String]) -> String {
    match form {
        Form::Int(size, signed) => integer(*size, *signed),
        Form::Be(4) => "_IP4".to_owned(),
        Form::Be(size) => format!("_Be({size})"),
        Form::Bool => "_BOOL".to_owned(),
        Form::Float(size) => format!("_F{}", size * 8),
        Form::Text(size) => format!("_Text({size})"),
        Form::Bytes(size) => format!("_Bytes({size})"),
        Form::Array(of, count) => format!("_Array({}, {count})", codec(of, classes)),
        Form::Declared(index) => format!("_c_{}", classes[*index]),
    }
}

fn field_codec(field: &Field, classes: &[String]) -> String {
    match (field.bits, &field.form) {
        (Some((bit, width)), form) => {
            let signed = if matches!(form, Form::Int(_, true)) { "True" } else { "False" };
            format!("_Bits({bit}, {width}, {signed})")
        }
        (None, form) => codec(form, classes),
    }
}

/// The value of a field that is left out.
fn zero(field: &Field, classes: &[String]) -> String {
    format!("{}.zero", field_codec(field, classes))
}

fn spec(map: &Map, classes: &[String]) -> String {
    let kind = MAP_KINDS.iter().find(|kind| kind.map_type == map.kind);
    let class = kind.map_or("_Map", |kind| kind.python);
    // Descriptors and indexes have no types of their own.
    let form = |form: &Option<Form>, size: u64| match form {
        Some(form) => codec(form, classes),
        None if size == 4 => "_U32".to_owned(),
        None => "None".to_owned(),
    };
    let mut out = format!("_Spec({}, {}, {class}", literal(&map.name), map.kind);
    let _ = write!(out, ", {}, {}", form(&map.key, map.sizes.0), form(&map.value, map.sizes.1));
    let _ = write!(out, ", ({}, {})", map.sizes.0, map.sizes.1);
    if map.used {
        out += ", used=True";
    }
    if let Some(pin) = &map.pin {
        let _ = write!(out, ", pin={}", literal(pin));
    }
    if let Some(inner) = &map.inner {
        let _ = write!(out, ", inner={}", spec(inner, classes));
    }
    out + ")"
}

/// A variable as an attribute; variables of an object have different names.
fn variable_name(name: &str) -> String {
    Names::default().unused(name, PYTHON_FIELDS)
}

fn section_of(section: &Section, classes: &[String]) -> String {
    let mut out = format!("    _Section({}, {}, (", literal(&section.name), section.size);
    for variable in &section.variables {
        let writable = if variable.writable { "True" } else { "False" };
        let (name, form) = (literal(&variable_name(&variable.name)), codec(&variable.form, classes));
        let _ = write!(out, "\n        ({name}, {}, {form}, {writable}),", variable.offset);
    }
    out += "\n    )";
    if section.used {
        out += ", used=True";
    }
    if let Some(pin) = &section.pin {
        let _ = write!(out, ", pin={}", literal(pin));
    }
    out + "),\n"
}
