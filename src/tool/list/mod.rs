//! `ksc list`: the events, functions and hooks of a kernel that programs attach to, and the functions and maps that programs use.
//!
//! `kinds.rs` has the kinds with their names, `declared.rs` what programs declare for one of them, and `binaries.rs` reads files of user
//! space.

mod binaries;
pub mod declared;
pub mod kinds;

use super::{finish, status, usage_error};
use crate::cli::{List, Messages};
use crate::diag::escape;
use crate::link::output;
use crate::session::{Options, Session};
use crate::tables::{glob, is_pattern};
use kinds::Kind;
use serde::Serialize;
use std::process::ExitCode;

/// The word before the name of a struct.
const STRUCT: &str = "struct";

/// One of what is listed; JSON has the same names.
#[derive(Serialize)]
struct Row {
    kind: String,
    name: String,
    /// Lines of the language, with `--verbose`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    declaration: Vec<String>,
}

/// Prints what fits a pattern. The status is 1 if nothing does, and 2 if there is no such kind.
pub fn run(args: &List) -> ExitCode {
    let mut cx = Session::new(Options { btf: args.btf.clone(), ..Options::default() });
    let words: Vec<&str> = args.pattern.iter().map(String::as_str).collect();
    let rows = match words[..] {
        [] => Ok(all_kinds()),
        [STRUCT, name] => Ok(structs(&mut cx, name)),
        [pattern] => rows(&mut cx, pattern, args.verbose),
        [..] => Err("a pattern is one word, or `struct NAME`".to_owned()),
    };
    let rows = match rows {
        Ok(rows) => rows,
        Err(why) => return usage_error(&why),
    };
    if rows.is_empty() {
        eprintln!("error: {}", escape::value(&nothing(&mut cx, &words.join(" "))));
        return ExitCode::from(status::SOURCE);
    }
    let text: String = rows.iter().map(|row| printed(row, args.json)).collect();
    let _ = output::print(&mut cx, text);
    finish(&mut cx, Messages::default())
}

fn printed(row: &Row, json: bool) -> String {
    if json {
        return serde_json::to_string(row).unwrap_or_else(|error| crate::bug!("names are JSON: {error}")) + "\n";
    }
    let name = if row.kind.is_empty() { row.name.clone() } else { format!("{}:{}", row.kind, row.name) };
    let lines = row.declaration.iter().map(|line| format!("    {line}\n"));
    format!("{}\n{}", escape::value(&name), lines.collect::<String>())
}

fn all_kinds() -> Vec<Row> {
    let row = |kind: &Kind| Row { kind: String::new(), name: kind.name().to_owned(), declaration: Vec::new() };
    kinds::all()
        .iter()
        .map(row)
        .chain([Row { kind: String::new(), name: STRUCT.to_owned(), declaration: Vec::new() }])
        .collect()
}

/// The rows of a pattern, or why there is no such kind.
fn rows(cx: &mut Session, pattern: &str, verbose: bool) -> Result<Vec<Row>, String> {
    if let Some(name) = pattern.strip_prefix("struct ").or(pattern.strip_prefix("struct:")) {
        return Ok(structs(cx, name));
    }
    let all = kinds::all();
    let is_kind = |of: &str| all.iter().any(|kind| kind.name() == of);
    let (of, name) = match pattern.split_once(':') {
        Some((of, name)) => (of, name),
        None if let Some((of, name)) = pattern.split_once('/').filter(|(of, _)| is_kind(of)) => (of, name),
        None if is_kind(pattern) => (pattern, "*"),
        None => ("", pattern),
    };
    let wanted = |kind: &&Kind| if of.is_empty() { kind.is_searched() } else { glob::fits(of, kind.name()) };
    let found: Vec<&Kind> = all.iter().filter(wanted).collect();
    if found.is_empty() {
        return Err(kinds::unknown(of, &all));
    }
    let mut rows = Vec::new();
    for kind in found {
        for name in kind.names(cx, name)? {
            let declaration = if verbose { kind.declared(cx, &name) } else { Vec::new() };
            rows.push(Row { kind: kind.name().to_owned(), name: name.replace('/', kind.separator()), declaration });
        }
    }
    Ok(rows)
}

/// A struct of the kernel, with its fields.
fn structs(cx: &mut Session, pattern: &str) -> Vec<Row> {
    let mut names: Vec<String> = match !is_pattern(pattern) {
        true => vec![pattern.to_owned()],
        false => cx.kernel_types.names_of_types().iter().filter(|name| glob::fits(pattern, name)).cloned().collect(),
    };
    names.sort();
    names.dedup();
    let rows = names.into_iter().filter_map(|name| {
        let declaration = declared::fields(cx, &name, true)?;
        Some(Row { kind: STRUCT.to_owned(), name, declaration })
    });
    rows.collect()
}

fn nothing(cx: &mut Session, pattern: &str) -> String {
    let types = match cx.kernel_types.btf() {
        Ok(_) => String::new(),
        Err(_) => {
            format!("\n  help: the types of the kernel cannot be read from `{}`", cx.kernel_types.path().display())
        }
    };
    format!("nothing fits `{pattern}`{types}")
}
