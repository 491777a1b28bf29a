//! What C headers declare: the tables of `ir-specs/uapi/`, which `ci/facts` makes, and `ir-specs/kernel.toml`.

use crate::load::record;
use crate::tables::records::{EnumSpec, StructSpec};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use toml::{Table, Value};

/// What one header declares.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    #[serde(default)]
    constants: Table,
    /// Constants that the header converts to network byte order; the number is the one that it converts.
    #[serde(default)]
    be16: Table,
    #[serde(default)]
    be32: Table,
    #[serde(default)]
    enums: Table,
    #[serde(default)]
    structs: Table,
}

/// The enums, structs and constants of the headers.
pub struct Facts {
    pub enums: Vec<EnumSpec>,
    pub structs: Vec<StructSpec>,
    /// Number, and the language's type; none for an untyped constant.
    pub constants: BTreeMap<String, (i128, Option<&'static str>)>,
}

/// Loads the facts of the headers, and adds those of `ir-specs/constants.toml` and `ir-specs/kernel.toml`.
pub fn load(root: &Path) -> Facts {
    let mut facts = Facts { enums: Vec::new(), structs: Vec::new(), constants: BTreeMap::new() };
    let own = root.join("constants.toml");
    facts.add(&own, header(&own, "all", Value::Table(super::load::table(&own))));
    let mut files: Vec<_> = std::fs::read_dir(root.join("uapi"))
        .unwrap_or_else(|e| panic!("ir-specs/uapi: {e}"))
        .map(|entry| entry.expect("a readable folder entry").path())
        .collect();
    files.sort();
    files.push(root.join("kernel.toml"));
    for path in files {
        for (name, value) in super::load::table(&path) {
            facts.add(&path, header(&path, &name, value));
        }
    }
    facts
}

fn header(path: &Path, name: &str, value: Value) -> Header {
    value.try_into().unwrap_or_else(|e| panic!("{}: [{name}]: {e}", path.display()))
}

impl Facts {
    fn add(&mut self, path: &Path, header: Header) {
        self.add_constants(&header.constants, None);
        self.add_constants(&header.be16, Some("be16"));
        self.add_constants(&header.be32, Some("be32"));
        self.enums.extend(header.enums.into_iter().map(|(name, value)| record::<EnumSpec>(path, name, value)));
        self.structs.extend(header.structs.into_iter().map(|(name, value)| record::<StructSpec>(path, name, value)));
    }

    fn add_constants(&mut self, constants: &Table, ty: Option<&'static str>) {
        for (name, value) in constants {
            // TOML writes what it has no integer for as text.
            let text = value.as_str().and_then(|text| text.parse().ok());
            let number = value.as_integer().map(i128::from).or(text);
            let number = number.unwrap_or_else(|| panic!("ir-specs: `{name}` is no number"));
            let twice = self.constants.insert(name.clone(), (number, ty)).is_some();
            assert!(!twice, "ir-specs: `{name}` is declared twice");
        }
    }
}

/// The statics of the constants, by name, so that a lookup can bisect them.
pub fn render(facts: &Facts) -> String {
    let mut out = String::from("pub static CONSTS: &[ConstSpec] = &[\n");
    for (name, (value, ty)) in &facts.constants {
        writeln!(out, "    ConstSpec {{ name: {name:?}, value: {value}, ty: {ty:?} }},").expect("a string grows");
    }
    out.push_str("];\n/// The constants, for the compiler's own use.\npub mod uapi {\n");
    let own = |name: &str| name.starts_with("BPF_") && !name.starts_with("BPF_FUNC_") || name.starts_with('E');
    for (name, (value, _)) in facts.constants.iter().filter(|(name, _)| own(name)) {
        writeln!(out, "    pub const {name}: i128 = {value};").expect("a string grows");
    }
    out.push_str("}\n");
    out
}

/// No two names of the tables are equal.
pub fn check(facts: &Facts) {
    let variants = facts.enums.iter().flat_map(|spec| &spec.variants).map(|(name, _)| name);
    let types = facts.enums.iter().map(|spec| &spec.name).chain(facts.structs.iter().map(|spec| &spec.name));
    let mut seen: Vec<&str> = facts.constants.keys().chain(types).chain(variants).map(String::as_str).collect();
    seen.sort_unstable();
    for pair in seen.windows(2) {
        assert!(pair[0] != pair[1], "ir-specs: `{}` is declared twice", pair[0]);
    }
}
