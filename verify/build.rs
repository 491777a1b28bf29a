//! Compiles the table of refusals, `ir-specs/refusals.toml`, into the crate.

use serde::Deserialize;
use std::collections::HashSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    refusal: Vec<Refusal>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Refusal {
    code: String,
    name: String,
    category: String,
    patterns: Vec<String>,
    #[serde(default = "oldest")]
    since: String,
    #[serde(default)]
    calls: Vec<String>,
    #[serde(default)]
    held: Vec<String>,
    #[serde(default)]
    about: Vec<String>,
    sentence: String,
    label: String,
    second: String,
    #[serde(default)]
    second_calls: Vec<String>,
    #[serde(default)]
    second_label: String,
    help: String,
    doc: String,
    program: Option<String>,
    #[serde(default)]
    short: bool,
    #[serde(default)]
    cannot: bool,
}

fn oldest() -> String {
    "5.15".to_owned()
}

fn main() {
    let root = Path::new("..").join("ir-specs/refusals.toml");
    println!("cargo:rerun-if-changed={}", root.display());
    println!("cargo:rerun-if-changed=build.rs");
    let text = std::fs::read_to_string(&root).expect("the table of refusals");
    let table: Table = toml::from_str(&text).unwrap_or_else(|why| panic!("ir-specs/refusals.toml: {why}"));
    let mut codes = HashSet::new();
    let mut out = String::from("static TABLE: &[Refusal] = &[\n");
    for refusal in &table.refusal {
        assert!(codes.insert(&refusal.code), "ir-specs/refusals.toml: {} is there twice", refusal.code);
        write_refusal(&mut out, refusal);
    }
    out += "];\n";
    let path = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR")).join("refusals.rs");
    std::fs::write(path, out).expect("OUT_DIR can be written");
}

fn write_refusal(out: &mut String, refusal: &Refusal) {
    let Refusal { code, name, since, sentence, label, second_label, help, short, cannot, .. } = refusal;
    let program = refusal.program.as_deref().map_or("None".to_owned(), program);
    let category = variant(&refusal.category);
    let second = variant(&refusal.second);
    let patterns: Vec<String> = refusal.patterns.iter().map(|pattern| pieces(pattern)).collect();
    let (patterns, doc) = (patterns.join(", "), refusal.doc.trim());
    let (calls, held, about, second_calls) = (&refusal.calls, &refusal.held, &refusal.about, &refusal.second_calls);
    let written = writeln!(
        out,
        "    Refusal {{ code: {code:?}, name: {name:?}, category: Category::{category}, patterns: &[{patterns}], since: {since:?}, \
         calls: &{calls:?}, held: &{held:?}, about: &{about:?}, sentence: {sentence:?}, label: {label:?}, second: Second::{second}, \
         second_calls: &{second_calls:?}, second_label: {second_label:?}, help: {help:?}, doc: {doc:?}, programs: {program}, \
         short: {short}, cannot: {cannot} }},"
    );
    written.expect("a string takes all");
}

/// The wrong and the right program of a test.
fn program(stem: &str) -> String {
    let path = Path::new("..").join("lit-tests/run/verify").join(stem).with_extension("test");
    println!("cargo:rerun-if-changed={}", path.display());
    let text = std::fs::read_to_string(&path).unwrap_or_else(|why| panic!("{}: {why}", path.display()));
    let part = |name: &str| {
        let (_, rest) =
            text.split_once(&format!("//--- {name}.")).unwrap_or_else(|| panic!("{} has no `{name}`", path.display()));
        let rest = rest.split("//--- ").next().unwrap_or(rest);
        let (kind, program) = rest.split_once('\n').unwrap_or((rest, ""));
        // What is expected of them is no part of the programs.
        let lines = program.lines().filter(|line| !line.starts_with("//~"));
        let lines: Vec<&str> = lines.map(|line| line.split("//~").next().unwrap_or(line).trim_end()).collect();
        (kind.to_owned(), lines.join("\n") + "\n")
    };
    let ((kind, wrong), (_, right)) = (part("wrong"), part("right"));
    format!("Some(Programs {{ kind: {kind:?}, wrong: {wrong:?}, right: {right:?} }})")
}

/// `use-after-release` as `UseAfterRelease`. The compiler reports a name that is none.
fn variant(name: &str) -> String {
    let words = name.split('-').map(|word| {
        let (first, rest) = word.split_at(1);
        first.to_uppercase() + rest
    });
    words.collect()
}

/// `R{reg} invalid {type:*_or_null}` as texts and holes.
fn pieces(pattern: &str) -> String {
    let mut pieces = Vec::new();
    let mut rest = pattern;
    while let Some((text, after)) = rest.split_once('{') {
        let (hole, after) = after.split_once('}').unwrap_or_else(|| panic!("`{pattern}` has an open brace"));
        if !text.is_empty() {
            pieces.push(format!("Piece::Text({text:?})"));
        }
        assert!(!text.is_empty() || pieces.is_empty(), "`{pattern}` has two holes side by side");
        let (name, ending) = hole.split_once(":*").or_else(|| hole.split_once(':')).unwrap_or((hole, ""));
        pieces.push(format!("Piece::Hole {{ name: {name:?}, ending: {ending:?} }}"));
        rest = after;
    }
    if !rest.is_empty() {
        pieces.push(format!("Piece::Text({rest:?})"));
    }
    format!("&[{}]", pieces.join(", "))
}
