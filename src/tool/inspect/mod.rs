//! `ksc inspect FILE`: the contents of a BPF object of any compiler, and of the objects inside an executable.

mod btf;
mod calls;
pub mod kernels;
mod object;
mod text;

use super::finish;
use super::signature::report::{self as signed, Signature};
use crate::cli::{Inspect, InspectFormat};
use crate::diag::codes::environment::NoBpfObject;
use crate::diag::escape;
use crate::link::output;
use crate::session::{Options, Session};
use crate::source::load;
pub use object::{Objects, map_kinds, objects, parse, section};
use serde::Serialize;
use std::process::ExitCode;

/// The report; JSON has the same names.
#[derive(Serialize)]
struct Report {
    license: Option<String>,
    maps: Vec<Map>,
    programs: Vec<Program>,
    /// Subprograms.
    functions: Vec<Function>,
    globals: Vec<Global>,
    btf: BtfSize,
    /// The code of the objects that an executable carries besides, for newer kernels.
    tiers: Vec<Tier>,
    /// Who signed the loaders of the objects; of objects for kernels that verify no signatures there is none.
    signatures: Vec<Signature>,
}

/// The object for some kernels.
#[derive(Serialize)]
struct Tier {
    /// The first of them.
    since: String,
    programs: Vec<Program>,
    functions: Vec<Function>,
}

#[derive(Serialize)]
struct Map {
    name: String,
    kind: String,
    key: Option<Type>,
    value: Option<Type>,
    max_entries: u32,
    flags: Vec<String>,
    /// Where the program that carries the object pins it, or libbpf.
    pin: Option<String>,
}

/// A type, which need not be described: then it has only its size.
#[derive(Serialize)]
struct Type {
    #[serde(rename = "type")]
    name: Option<String>,
    size: Option<u64>,
}

#[derive(Serialize)]
struct Program {
    name: String,
    /// As bpftool names it; none for sections of types that the language lacks.
    #[serde(rename = "type")]
    kind: Option<String>,
    section: String,
    instructions: u64,
}

#[derive(Serialize)]
struct Function {
    name: String,
    section: String,
    instructions: u64,
}

#[derive(Serialize)]
struct Global {
    name: String,
    #[serde(rename = "type")]
    ty: Option<String>,
    section: String,
    size: u64,
    pin: Option<String>,
}

/// In bytes, but for the number of types.
#[derive(Serialize)]
struct BtfSize {
    types: usize,
    btf: u64,
    btf_ext: u64,
}

/// The programs of an object with their sections, and its maps with their kinds.
pub type Names = (Vec<(String, String)>, Vec<(String, String)>);

/// What an object holds, by name.
pub fn names(object: &[u8]) -> Result<Names, String> {
    let report = object::report(object, &[])?;
    let programs = report.programs.into_iter().map(|program| (program.name, program.section));
    Ok((programs.collect(), report.maps.into_iter().map(|map| (map.name, map.kind)).collect()))
}

/// Prints the contents of an object, or a part of them.
pub fn run(args: &Inspect) -> ExitCode {
    let mut cx = Session::new(Options::default());
    let Some(bytes) = load::bytes(&mut cx, &args.input) else { return finish(&mut cx, args.messages) };
    let part = |Objects { oldest, newer }: &Objects| match args.call_graph {
        Some(format) => calls::graph(oldest, format),
        None if args.kernels => kernels::of(oldest),
        None => object::report(oldest, newer).map(|report| printed(&report, args.format)),
    };
    let printed = objects(&bytes).and_then(|objects| part(&objects));
    match printed {
        Ok(out) => {
            // A failure is reported.
            let _ = output::print(&mut cx, out);
        }
        Err(why) => {
            let path = args.input.display().to_string();
            cx.environment(NoBpfObject { path, why })
                .help("`ksc FILE.ks` writes one, and an executable that carries it; so does `clang -target bpf -g -c`");
        }
    }
    finish(&mut cx, args.messages)
}

fn printed(report: &Report, format: InspectFormat) -> String {
    match format {
        InspectFormat::Text => text::of(report),
        InspectFormat::Json => match serde_json::to_string_pretty(report) {
            Ok(json) => escape::json(&json).into_owned() + "\n",
            Err(error) => crate::bug!("a report is JSON: {error}"),
        },
    }
}
