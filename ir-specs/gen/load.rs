//! Reads the TOML files and checks them against each other.

use crate::facts::{self, Facts};
use serde::Deserialize;
use std::path::Path;
use toml::Table;

pub struct Specs {
    pub programs: Table,
    pub contexts: Table,
    pub structs: Table,
    pub kernel_structs: Table,
    /// Enums that no C header has so.
    pub enums: Table,
    pub facts: Facts,
    pub maps: Table,
    pub map_flags: Table,
    pub map_methods: Table,
    pub builtins: Table,
    pub helpers: Table,
    pub kfuncs: Table,
    pub ops: Vec<Op>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpRecord {
    pub summary: String,
    #[serde(default)]
    pub doc: String,
    /// What the language calls it, for messages; where the op is not named by an attribute.
    #[serde(default)]
    pub source: String,
    #[serde(default)]
    pub attrs: Vec<String>,
    #[serde(default)]
    pub operands: Vec<String>,
    #[serde(default)]
    pub results: Vec<String>,
    #[serde(default)]
    pub regions: Vec<String>,
    #[serde(default)]
    pub successors: Vec<String>,
    #[serde(default)]
    pub traits: Vec<String>,
    /// What the kind of the map must be able to do, on the side that has the op.
    #[serde(default)]
    pub needs: Vec<String>,
    /// The program types whose code may have the op; none listed: all.
    #[serde(default)]
    pub programs: Vec<String>,
    pub on: Targets,
    pub example: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Targets {
    pub bpf: String,
    pub host: String,
    pub kmod: String,
}

impl Targets {
    /// In the order of `Target` in src/target/mod.rs.
    pub fn all(&self) -> [&str; 3] {
        [&self.bpf, &self.host, &self.kmod]
    }
}

pub struct Op {
    pub dialect: String,
    pub name: String,
    pub record: OpRecord,
}

impl Op {
    /// `KsIfSome`
    pub fn variant(&self) -> String {
        format!("{}{}", camel(&self.dialect), camel(&self.name))
    }

    /// `ks_if_some`
    pub fn function(&self) -> String {
        format!("{}_{}", self.dialect, self.name)
    }
}

pub fn camel(text: &str) -> String {
    text.split('_')
        .map(|word| {
            let mut chars = word.chars();
            chars.next().map_or(String::new(), |first| first.to_uppercase().chain(chars).collect())
        })
        .collect()
}

pub fn load(root: &Path) -> Specs {
    let mut constants = table(&root.join("constants.toml"));
    let mut part = |name: &str| match constants.remove(name) {
        Some(toml::Value::Table(part)) => part,
        Some(other) => panic!("constants.toml: [{name}] is {other}"),
        None => Table::new(),
    };
    let specs = Specs {
        programs: table(&root.join("programs.toml")),
        contexts: table(&root.join("contexts.toml")),
        structs: table(&root.join("structs.toml")),
        kernel_structs: table(&root.join("kernel_structs.toml")),
        enums: part("enums"),
        facts: facts::load(root, &part("constants")),
        maps: table(&root.join("maps.toml")),
        map_flags: table(&root.join("map_flags.toml")),
        map_methods: table(&root.join("map_methods.toml")),
        builtins: table(&root.join("builtins.toml")),
        helpers: table(&root.join("helpers.toml")),
        kfuncs: table(&root.join("kfuncs.toml")),
        ops: ops(&root.join("ops")),
    };
    check(&specs);
    specs
}

pub fn table(path: &Path) -> Table {
    let text = std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    text.parse().unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn ops(folder: &Path) -> Vec<Op> {
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap_or_else(|e| panic!("{}: {e}", folder.display()))
        .map(|entry| entry.expect("a readable folder entry").path())
        .filter(|path| path.extension().is_some_and(|e| e == "toml"))
        .collect();
    files.sort();
    let mut ops = Vec::new();
    for path in files {
        let dialect = path.file_stem().expect("a file name").to_string_lossy().into_owned();
        for (name, value) in table(&path) {
            let record = value.try_into().unwrap_or_else(|e| panic!("{}: [{name}]: {e}", path.display()));
            ops.push(Op { dialect: dialect.clone(), name, record });
        }
    }
    ops
}

/// What one table says of another must exist there.
fn check(specs: &Specs) {
    facts::check(&specs.facts);
    for op in specs.ops.iter().filter(|op| ["map", "bpf"].contains(&op.dialect.as_str())) {
        let has = |word: &str| op.record.traits.iter().any(|t| t == word);
        let in_bpf = !op.record.on.bpf.starts_with("reject");
        assert!(!in_bpf || has("Pure") || has("Calls"), "ops: {}.{} is `Pure`, or it `Calls`", op.dialect, op.name);
    }
    for (name, program) in &specs.programs {
        let context = program["context"].as_str().expect("a string");
        assert!(specs.contexts.contains_key(context), "programs.toml: [{name}]: no context `{context}`");
    }
    for (name, kind) in &specs.maps {
        for flag in ["flags", "implied"].iter().filter_map(|list| kind.get(*list)?.as_array()).flatten() {
            let flag = flag.as_str().expect("a string");
            assert!(specs.map_flags.contains_key(flag), "maps.toml: [{name}]: no flag `{flag}`");
        }
    }
    for (name, method) in &specs.map_methods {
        let op = method.get("op").and_then(|o| o.as_str());
        let known = |op: &str| specs.ops.iter().any(|o| format!("{}.{}", o.dialect, o.name) == op);
        assert!(op.is_none_or(known), "map_methods.toml: [{name}]: no such op");
    }
    for (name, builtin) in &specs.builtins {
        if let Some(helper) = builtin.get("bpf").and_then(|h| h.as_str()) {
            assert!(specs.helpers.contains_key(helper), "builtins.toml: [{name}]: no helper `{helper}`");
        }
        if let Some(op) = builtin.get("op").and_then(|o| o.as_str()) {
            let known = specs.ops.iter().any(|o| format!("{}.{}", o.dialect, o.name) == op);
            assert!(known, "builtins.toml: [{name}]: no op `{op}`");
        }
    }
}
