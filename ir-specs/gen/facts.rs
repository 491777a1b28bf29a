//! What C headers declare: the tables of `ir-specs/uapi/`, which `ci/facts` makes, and `ir-specs/kernel.toml`.

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

pub struct Facts {
    pub enums: Table,
    pub structs: Table,
    /// Number, and the language's type; none for an untyped constant.
    pub constants: BTreeMap<String, (i128, Option<&'static str>)>,
}

/// The constants of `ir-specs/constants.toml` stand beside those of the headers.
pub fn load(root: &Path, own: &Table) -> Facts {
    let mut facts = Facts { enums: Table::new(), structs: Table::new(), constants: BTreeMap::new() };
    facts.add_constants(own, None);
    let mut files: Vec<_> = std::fs::read_dir(root.join("uapi"))
        .unwrap_or_else(|e| panic!("ir-specs/uapi: {e}"))
        .map(|entry| entry.expect("a readable folder entry").path())
        .collect();
    files.sort();
    files.push(root.join("kernel.toml"));
    for path in files {
        for (header, value) in super::load::table(&path) {
            let header: Header = value.try_into().unwrap_or_else(|e| panic!("{}: [{header}]: {e}", path.display()));
            facts.add(header);
        }
    }
    facts
}

impl Facts {
    fn add(&mut self, header: Header) {
        self.add_constants(&header.constants, None);
        self.add_constants(&header.be16, Some("be16"));
        self.add_constants(&header.be32, Some("be32"));
        for (all, more) in [(&mut self.enums, header.enums), (&mut self.structs, header.structs)] {
            for (name, value) in more {
                let twice = all.insert(name.clone(), value).is_some();
                assert!(!twice, "ir-specs: `{name}` is declared twice");
            }
        }
    }

    fn add_constants(&mut self, constants: &Table, ty: Option<&'static str>) {
        for (name, value) in constants {
            // What TOML has no integer for stands there as text.
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
    let variants = facts.enums.values().filter_map(|spec| spec.get("variants")?.as_array()).flatten();
    let variants = variants.filter_map(|pair| pair.get(0).and_then(Value::as_str));
    let names = facts.enums.keys().chain(facts.structs.keys()).map(String::as_str).chain(variants);
    let mut seen: Vec<&str> = facts.constants.keys().map(String::as_str).chain(names).collect();
    seen.sort_unstable();
    for pair in seen.windows(2) {
        assert!(pair[0] != pair[1], "ir-specs: `{}` is declared twice", pair[0]);
    }
}
