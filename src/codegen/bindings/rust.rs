//! Writes the module for Rust: the types of an object, the code that all modules share, and the names and types of its maps, programs and
//! variables. It needs `core` alone.

mod types;

use super::Names as Given;
use super::layout::{Sizes, types_and_sections};
use super::model::{Form, Map, Model};
use super::names::{Names, comment, rust_literal as literal};
use crate::tables::{MAP_KINDS, MapAccess, RUST_NAMES, RUST_TYPES};
use std::fmt::Write;
use types::Types;

/// The code of every module.
const SHARED: &str = include_str!("rust/plain.rs");

/// The text of the module. The error is the reason in words.
pub fn module(model: &Model, given: &Given<'_>) -> Result<String, String> {
    let declared = types_and_sections(model);
    let sizes = Sizes::of(&declared)?;
    let mut names = Names::default();
    let own: Vec<String> = declared.iter().map(|ty| names.unused(&ty.name, RUST_TYPES)).collect();
    let types = Types { declared: &declared, sizes: &sizes, names: &own };
    let endian = if model.big { "big" } else { "little" };
    let mut out = format!(
        "//! The types, maps, programs and variables of `{}`, for Rust 1.77 or later. Made by ksc.\n\
         #![allow(dead_code, non_camel_case_types, non_snake_case, non_upper_case_globals, unused_imports, unused_macros)]\n\
         #![allow(clippy::all)]\n\n\
         const _: () = assert!(cfg!(target_endian = \"{endian}\"), \"the object is for processors of the other byte order\");\n",
        comment(given.program)
    );
    if let Some(object) = given.object {
        out += &object_of(object);
    }
    out += "\n// The types of the program.\n";
    for index in 0..declared.len() {
        out += &types.item(index);
    }
    out += &each_type(&own);
    out += &maps_of(model, &types);
    out += &programs_of(model);
    out += &variables_of(model, &types);
    out += "\n// What all modules share.\n\n";
    out += SHARED;
    Ok(out)
}

/// The bytes of the object, of a file beside the module.
fn object_of(object: &str) -> String {
    format!(
        "\n/// The BPF object, at an address that readers of ELF take.\n\
         pub static OBJECT: &[u8] = {{\n    #[repr(C, align(8))]\n    struct Aligned<T: ?Sized>(T);\n    \
         static FILE: &Aligned<[u8]> = &Aligned(*include_bytes!({}));\n    &FILE.0\n}};\n",
        literal(object)
    )
}

/// The macro by which a program marks all types.
fn each_type(names: &[String]) -> String {
    let mut out = "\n/// Implements a trait without items for all types of the module `$module`, one that says what `Plain` does:\n\
                   /// `each_type!(module: aya::Pod)`.\n\
                   macro_rules! each_type {\n    ($module:ident: $marker:path) => {\n"
        .to_owned();
    for name in ["Bool", "Be16", "Be32", "Be64"].into_iter().chain(names.iter().map(String::as_str)) {
        let _ = writeln!(out, "        unsafe impl $marker for $module::{name} {{}}");
    }
    out + "        unsafe impl<const N: usize> $marker for $module::Text<N> {}\n    };\n}\npub(crate) use each_type;\n"
}

fn maps_of(model: &Model, types: &Types<'_>) -> String {
    let mut out =
        "\n/// The maps: the name of each, and the types of its keys and values.\npub mod maps {\n".to_owned();
    let mut names = Names::default();
    for map in &model.maps {
        let kind = MAP_KINDS.iter().find(|kind| kind.map_type == map.kind);
        let of = kind.map_or_else(|| format!("type {}", map.kind), |kind| format!("`{}`", kind.name));
        let _ = writeln!(out, "    /// A map of {of}.\n    pub mod {} {{", names.unused(&map.name, RUST_NAMES));
        let _ = writeln!(out, "        pub const NAME: &str = {};", literal(&map.name));
        if !map.programs.is_empty() {
            let entries: Vec<String> =
                map.programs.iter().map(|(slot, program)| format!("({slot}, {})", literal(program))).collect();
            let _ = writeln!(
                out,
                "        /// The programs of its entries, for loaders that leave these empty.\n        \
                 pub const PROGRAMS: &[(u32, &str)] = &[{}];",
                entries.join(", ")
            );
        }
        let value = if kind.is_some_and(|kind| kind.can(MapAccess::Events)) { "Event" } else { "Value" };
        for (alias, form, size) in parts(map, value) {
            let ty = match form {
                Some(form) => types.ty(form, "super::super::"),
                // Descriptors and indexes have no types of their own.
                None if size == 4 => "u32".to_owned(),
                None => continue,
            };
            let _ = writeln!(out, "        pub type {alias} = {ty};");
        }
        out += "    }\n";
    }
    out + "}\n"
}

fn parts<'m>(map: &'m Map, value: &'m str) -> [(&'m str, Option<&'m Form>, u64); 2] {
    [("Key", map.key.as_ref(), map.sizes.0), (value, map.value.as_ref(), map.sizes.1)]
}

fn programs_of(model: &Model) -> String {
    let mut out = "\n/// The names of the programs.\npub mod programs {\n".to_owned();
    let mut names = Names::default();
    for program in &model.programs {
        let (name, section) = (names.unused(&program.name, RUST_NAMES), comment(&program.section));
        let _ = writeln!(
            out,
            "    /// In the section `{section}`.\n    pub const {name}: &str = {};",
            literal(&program.name)
        );
    }
    out + "}\n"
}

/// The sections of variables as maps, and each variable.
fn variables_of(model: &Model, types: &Types<'_>) -> String {
    let mut sections =
        "\n/// The sections of variables, each of which is a map with one value.\npub mod sections {\n".to_owned();
    let mut variables = "\n/// The variables: the name, section and type of each.\npub mod variables {\n".to_owned();
    let (mut of_sections, mut of_variables) = (Names::default(), Names::default());
    for (at, section) in model.sections.iter().enumerate() {
        let file = literal(&section.name);
        let name = of_sections.unused(section.name.trim_start_matches('.'), RUST_NAMES);
        let ty = types.ty(&Form::Declared(model.types.len() + at), "super::super::");
        let _ = writeln!(
            sections,
            "    pub mod {name} {{\n        pub const NAME: &str = {file};\n        pub type Value = {ty};\n    }}"
        );
        for variable in &section.variables {
            let name = of_variables.unused(&variable.name, RUST_NAMES);
            let when = if variable.writable { "" } else { "/// Written before the program is loaded.\n    " };
            let _ = writeln!(
                variables,
                "    {when}pub mod {name} {{\n        pub const NAME: &str = {};\n        pub const SECTION: &str = {file};\n        \
                 pub const OFFSET: usize = {};\n        pub type Value = {};\n    }}",
                literal(&variable.name),
                variable.offset,
                types.ty(&variable.form, "super::super::")
            );
        }
    }
    format!("{sections}}}\n{variables}}}\n")
}
