//! `ksc check`: reports all diagnostics and writes nothing.

use super::{report, session, status};
use crate::cli::Check;
use crate::diag::codes::environment::{CannotRead, NoSources};
use crate::diag::{escape, verify};
use crate::ir::Module;
use crate::pipeline::{self, Input};
use crate::session::{Options, Session};
use crate::target::Target;
use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Checks all files; the status is that of the worst one.
pub fn run(args: &Check) -> ExitCode {
    // Programs that import the same module report the same of it.
    let mut shown = HashSet::new();
    let mut statuses = Vec::new();
    for named in &args.input {
        let mut cx = Session::new(Options::default());
        let files = sources(&mut cx, named).unwrap_or_default();
        statuses.push(report(&mut cx, args.common.messages, &mut shown));
        for file in files {
            let mut cx = match session(&args.common, &file) {
                Ok(cx) => cx,
                Err(status) => return status,
            };
            // An error that ends it early was reported.
            let _ = check(&mut cx, &file);
            let status = if args.verify_diagnostics {
                compare(&mut cx)
            } else {
                report(&mut cx, args.common.messages, &mut shown)
            };
            statuses.push(status);
        }
    }
    // Errors in a source count before those of the environment.
    let found = [status::SOURCE, status::ENVIRONMENT].into_iter().find(|status| statuses.contains(status));
    ExitCode::from(found.unwrap_or(status::SUCCESS))
}

/// The file itself, or the `.ks` files of a folder and those below it, in the order of their names.
pub(super) fn sources(cx: &mut Session, named: &Path) -> Option<Vec<PathBuf>> {
    if !named.is_dir() {
        return Some(vec![named.to_owned()]);
    }
    let mut found = Vec::new();
    if let Err(error) = collect(named, &mut found) {
        cx.environment(CannotRead { path: named.display().to_string(), why: error.to_string() });
        return None;
    }
    if found.is_empty() {
        cx.environment(NoSources { path: named.display().to_string() });
        return None;
    }
    Some(found)
}

/// Hidden folders and links to folders, which may lead back, are left out.
fn collect(folder: &Path, found: &mut Vec<PathBuf>) -> io::Result<()> {
    let mut entries: Vec<_> = std::fs::read_dir(folder)?.collect::<io::Result<_>>()?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            if !entry.file_name().as_encoded_bytes().starts_with(b".") {
                collect(&path, found)?;
            }
        } else if path.extension().is_some_and(|end| end == "ks") && path.is_file() {
            found.push(path);
        }
    }
    Ok(())
}

/// Goes as far as the compiler's own stages report errors. LLVM does not run: the limits that only it knows are for a compilation to report.
fn check(cx: &mut Session, path: &Path) -> Option<()> {
    let read = pipeline::read(cx, path)?;
    input(cx, read)
}

/// What remains of it after reading.
pub fn input(cx: &mut Session, input: Input) -> Option<()> {
    let module = pipeline::khir(cx, input)?;
    self::module(cx, module)
}

/// What remains after lowering.
pub fn module(cx: &mut Session, module: Module) -> Option<()> {
    let module = pipeline::front(cx, module)?;
    Target::ALL.into_iter().filter(|&target| pipeline::has(&module, target)).try_for_each(|target| match target {
        Target::Bpf => pipeline::check_bpf(cx, &module),
        Target::Host => pipeline::lowered(cx, &module, target).map(drop),
        Target::Kmod => pipeline::kmod(cx, &module).map(drop),
    })
}

/// `--verify-diagnostics`: the source says what must be reported.
fn compare(cx: &mut Session) -> u8 {
    let diagnostics = cx.diags.take();
    let mismatches = verify::check(&cx.sources, &diagnostics);
    for mismatch in &mismatches {
        eprintln!("{}", escape::value(mismatch));
    }
    if mismatches.is_empty() { status::SUCCESS } else { status::SOURCE }
}
