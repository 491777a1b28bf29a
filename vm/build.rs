//! Generates the facts of the kernel's interface (`src/facts.rs`) from the tables that the compiler has them from.

use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use toml::{Table, Value};

#[derive(Deserialize)]
struct Helper {
    number: u32,
}

#[derive(Deserialize)]
struct MapKind {
    map_type: u32,
}

#[derive(Deserialize)]
struct Program {
    prog_type: String,
    params: Option<Params>,
    forms: Vec<Form>,
}

#[derive(Deserialize)]
struct Form {
    section: Option<String>,
}

/// Only the context matters here; other rules for parameters are names.
#[derive(Deserialize)]
#[serde(untagged)]
enum Params {
    Context { context: ContextParam },
    Other(#[allow(dead_code)] Value),
}

#[derive(Deserialize)]
struct ContextParam {
    of: String,
}

#[derive(Deserialize)]
struct Context {
    size: u32,
    fields: Vec<Field>,
    #[serde(default)]
    object: bool,
}

#[derive(Deserialize)]
struct Field {
    name: String,
    ty: String,
    offset: u32,
    width: Option<u32>,
    role: Option<String>,
    #[serde(default)]
    writers: Vec<String>,
}

fn main() {
    let root = Path::new("../ir-specs");
    println!("cargo:rerun-if-changed={}", root.display());
    let mut text = String::new();
    uapi(root, &mut text);
    pairs(
        "HELPERS",
        "u32, &str",
        rows::<Helper>(root, "helpers").map(|(name, of)| format!("{}, {name:?}", of.number)),
        &mut text,
    );
    let kinds = rows::<MapKind>(root, "maps").map(|(name, of)| format!("{}, {name:?}", of.map_type));
    pairs("MAP_KINDS", "u32, &str", kinds, &mut text);
    programs(root, &mut text);
    contexts(root, &mut text);
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR")).join("facts.rs");
    std::fs::write(&out, text).unwrap_or_else(|e| panic!("cannot write {}: {e}", out.display()));
}

fn read<T: for<'d> Deserialize<'d>>(path: &Path) -> T {
    let text = std::fs::read_to_string(path).unwrap_or_else(|e| panic!("cannot read {}: {e}", path.display()));
    toml::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// The records of a table whose every entry is one.
fn rows<T: for<'d> Deserialize<'d>>(root: &Path, table: &str) -> impl Iterator<Item = (String, T)> {
    let all: Table = read(&root.join(table).with_extension("toml"));
    let table = table.to_owned();
    all.into_iter().map(move |(name, value)| {
        let record = value.try_into().unwrap_or_else(|e| panic!("{table}.toml: {name}: {e}"));
        (name, record)
    })
}

fn pairs(name: &str, types: &str, rows: impl Iterator<Item = String>, text: &mut String) {
    let rows: Vec<String> = rows.map(|row| format!("({row})")).collect();
    let _ = writeln!(text, "pub static {name}: &[({types})] = &[{}];", rows.join(", "));
}

/// The constants and enums of linux/bpf.h and linux/errno.h.
fn uapi(root: &Path, text: &mut String) {
    let mut numbers = BTreeMap::new();
    let bpf: Table = read(&root.join("uapi/bpf.toml"));
    let section = |table: &Table, name: &str| table[name].as_table().cloned().unwrap_or_default();
    let header = section(&bpf, "linux/bpf.h");
    for (name, value) in section(&header, "constants") {
        numbers.insert(name, value.as_integer());
    }
    for (_, of) in section(&header, "enums") {
        for variant in of["variants"].as_array().into_iter().flatten() {
            numbers.insert(variant[0].as_str().unwrap_or_default().to_owned(), variant[1].as_integer());
        }
    }
    text.push_str("/// Constants of linux/bpf.h and linux/errno.h.\npub mod uapi {\n");
    // Lower-case names are those of helpers, which have a table of their own.
    let is_constant = |name: &String| !name.contains(|letter: char| letter.is_lowercase());
    for (name, value) in numbers.into_iter().filter_map(|(name, value)| Some((name, value?))) {
        if !is_constant(&name) {
            continue;
        }
        let ty = if u32::try_from(value).is_ok() { "u32" } else { "i64" };
        let _ = writeln!(text, "pub const {name}: {ty} = {value};");
    }
    let errors: Table = read(&root.join("uapi/errno.toml"));
    for (name, value) in section(&section(&errors, "linux/errno.h"), "constants") {
        let _ = writeln!(text, "pub const {name}: i64 = {};", value.as_integer().unwrap_or_default());
    }
    text.push_str("}\n");
}

fn programs(root: &Path, text: &mut String) {
    let mut found = String::new();
    for (name, program) in rows::<Program>(root, "programs") {
        let context = match &program.params {
            Some(Params::Context { context }) => context.of.as_str(),
            Some(Params::Other(_)) | None => "",
        };
        let sections: Vec<&str> = program.forms.iter().filter_map(|form| form.section.as_deref()).collect();
        let kind = &program.prog_type;
        let _ = write!(
            found,
            "ProgramKind {{ name: {name:?}, number: uapi::{kind}, context: {context:?}, sections: &{sections:?} }}, "
        );
    }
    let _ = writeln!(text, "pub static PROGRAM_KINDS: &[ProgramKind] = &[{found}];");
}

fn contexts(root: &Path, text: &mut String) {
    let mut found = String::new();
    for (name, context) in rows::<Context>(root, "contexts") {
        let fields: Vec<String> = context.fields.iter().map(field).collect();
        let (size, object) = (context.size, context.object);
        let _ = write!(
            found,
            "Layout {{ name: {name:?}, size: {size}, is_object: {object}, fields: &[{}] }}, ",
            fields.join(", ")
        );
    }
    let _ = writeln!(text, "pub static LAYOUTS: &[Layout] = &[{found}];");
}

fn field(field: &Field) -> String {
    let Field { name, offset, .. } = field;
    let role = field.role.as_ref().map_or("Role::Plain".to_owned(), |role| format!("Role::{role}"));
    let is_object = field.ty.starts_with('*') && field.ty != "*u8";
    let role = if is_object { "Role::Object".to_owned() } else { role };
    let size = field.width.unwrap_or_else(|| size(&field.ty));
    let writers = &field.writers;
    format!("Field {{ name: {name:?}, offset: {offset}, size: {size}, role: {role}, writers: &{writers:?} }}")
}

/// Bytes of a type of the language. Packet pointers are numbers of 32 bits in contexts, those to objects pointers.
fn size(ty: &str) -> u32 {
    let (element, count) = match ty.strip_suffix(']').and_then(|ty| ty.split_once('[')) {
        Some((element, count)) => (element, count.parse().unwrap_or_else(|e| panic!("{ty}: {e}"))),
        None => (ty, 1),
    };
    let size = match element {
        "u8" | "i8" => 1,
        "be16" | "u16" => 2,
        "u32" | "i32" | "be32" | "*u8" => 4,
        _ => 8,
    };
    size * count
}
