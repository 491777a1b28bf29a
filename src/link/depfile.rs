//! `--depfile`: the files that a run has read, as a rule for make.

use crate::diag::codes::environment::OutputNotWritten;
use crate::link::output::Output;
use crate::session::Session;
use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// Rules of make: `ksc-build` reads what this compiler writes.
#[path = "../../ksc-build/src/rules.rs"]
mod rules;

/// The file with the rule of what is written. None: make has no name for one of the files, which was reported.
pub fn of(cx: &mut Session, path: &Path, outputs: &[Output]) -> Option<Output> {
    let targets: Vec<&Path> = outputs.iter().map(|output| output.path.as_path()).collect();
    let written = cx.written_main;
    let read = cx.sources.files().filter(|(file, _)| Some(*file) != written).map(|(_, source)| source.path.as_path());
    let besides = cx.libraries.iter().chain(&cx.options.btf).map(|path| path.as_path());
    let mut seen = HashSet::from([Path::new("-")]);
    let files: Vec<&Path> = read.chain(besides).filter(|file| seen.insert(file)).collect();
    match rules::rule(&targets, &files) {
        Ok(bytes) => Some(Output { path: path.to_owned(), bytes, executable: false }),
        Err(name) => {
            let why = format!("rules of make have no spelling for the name `{}`", name.display());
            cx.environment(OutputNotWritten { path: path.display().to_string(), why });
            None
        }
    }
}

/// The files that the rules of a compiler for C name.
pub fn read(path: &Path) -> Vec<PathBuf> {
    std::fs::read(path).map(|text| rules::files(&text)).unwrap_or_default()
}
