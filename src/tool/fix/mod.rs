//! `ksc fix`: applies the certain fixes that errors and warnings carry, and reports what is left.
//!
//! No fix may cause an error. So the program is checked after each round, and a fix that causes a new error is left out
//! (`new_errors`).

mod difference;
mod edits;
mod new_errors;

use super::{check, finish, session};
use crate::cli::Fix as Args;
use crate::diag::{self, Severity, escape};
use crate::link::output;
use crate::pipeline;
use crate::session::Session;
use crate::source::{FileId, load};
use edits::{Edited, Proposal};
use new_errors::{Faults, Stage};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;

/// How often a program is checked. A fix may uncover what the next check finds; fixes that undo one another must still
/// end.
const MAX_CHECKS: usize = 200;

/// Fixes a file in rounds, and reports what no fix has mended.
pub fn run(args: &Args) -> ExitCode {
    let mut cx = match session(&args.common, &args.input) {
        Ok(cx) => cx,
        Err(status) => return status,
    };
    // An error that ends it early was reported.
    let _ = fix(&mut cx, args);
    finish(&mut cx, args.common.messages)
}

/// A program with some of its fixes, and what the check of it reported. The program's own file is the first; of a program
/// that comes from standard input it is the only one that is edited.
struct State {
    files: Vec<Edited>,
    faults: Faults,
    proposals: Vec<Proposal>,
}

fn fix(cx: &mut Session, args: &Args) -> Option<()> {
    let file = load::load(cx, &args.input)?;
    let mut state = examine(cx, args, file, Vec::new());
    // The state before a fix whose new errors are not all gone yet; none if all are.
    let mut safe: Option<State> = None;
    let mut owed = BTreeSet::new();
    let mut refused = BTreeSet::new();
    let mut checks = 0;
    let mut alone = false;
    while checks < MAX_CHECKS {
        let mut chosen: Vec<&Proposal> = state.proposals.iter().filter(|p| !refused.contains(&p.key)).collect();
        chosen.truncate(if alone { 1 } else { usize::MAX });
        let Some(first) = chosen.first().map(|proposal| proposal.key.clone()) else { break };
        let (files, touched) = edits::apply(&state.files, &chosen);
        let single = chosen.len() == 1;
        let mut after = Session::new(args.common.options(&args.input));
        let next = again(&mut after, args, files)?;
        checks += 1;
        let made = state.faults.made(&next.faults, &after.sources, &touched);
        if made.iter().all(|error| error.has_fix) {
            owed.extend(made.into_iter().map(|error| error.key));
            let settled = owed.iter().all(|error| !next.faults.has(error));
            let previous = std::mem::replace(&mut state, next);
            if settled {
                (safe, owed) = (None, BTreeSet::new());
            } else if safe.is_none() {
                safe = Some(previous);
            }
            *cx = after;
            alone = false;
        } else if single {
            refused.insert(first);
            alone = false;
        } else {
            alone = true;
        }
    }
    if let Some(safe) = safe {
        *cx = Session::new(args.common.options(&args.input));
        state = again(cx, args, safe.files)?;
    }
    for file in &state.files {
        write(cx, args, file)?;
    }
    for (index, file) in state.files.iter().enumerate() {
        if index == 0 || file.applied > 0 {
            summary(cx, file, args.dry_run);
        }
    }
    Some(())
}

/// Checks a program with these texts.
fn again(cx: &mut Session, args: &Args, files: Vec<Edited>) -> Option<State> {
    let (root, others) = files.split_first()?;
    for other in others {
        cx.sources.edit(&other.path, other.text.clone());
    }
    let file = cx.sources.add(&root.name, &root.path, root.text.clone());
    Some(examine(cx, args, file, files))
}

fn examine(cx: &mut Session, args: &Args, root: FileId, mut files: Vec<Edited>) -> State {
    // A fix that makes a function right would uncover errors at the stage where other functions have some.
    cx.options.checks_parts = false;
    let stage = check_file(cx, root);
    for (id, source) in cx.sources.files() {
        let of_stdin = id != root && args.input == Path::new("-");
        if !of_stdin && files.iter().all(|file| file.path != source.path) {
            files.push(Edited::new(source));
        }
    }
    let proposals = edits::proposals(cx, &files);
    State { files, faults: Faults::new(cx, stage), proposals }
}

/// Reports all that is wrong, and says how far that went.
fn check_file(cx: &mut Session, file: FileId) -> Stage {
    let Some(module) = pipeline::read_file(cx, file).and_then(|input| pipeline::khir(cx, input)) else {
        return Stage::of_errors(cx);
    };
    // The result is of no use: all mistakes are among the diagnostics.
    let _ = check::module(cx, module);
    Stage::Lowered
}

fn write(cx: &mut Session, args: &Args, file: &Edited) -> Option<()> {
    if args.dry_run {
        let changes = difference::difference(&escape::value(&file.name), &file.original, &file.text);
        print!("{}", escape::lines(&changes));
        return Some(());
    }
    let mark = if file.byte_order_mark { "\u{feff}" } else { "" };
    let bytes = format!("{mark}{}", file.text);
    if file.path == Path::new("-") {
        output::print(cx, bytes)
    } else if file.text != file.original {
        output::rewrite(cx, &file.path, bytes.as_bytes())
    } else {
        Some(())
    }
}

fn summary(cx: &Session, file: &Edited, dry_run: bool) {
    let here = |diag: &&diag::Diagnostic| diag.span.is_none_or(|span| cx.sources.file(span.file).path == file.path);
    let counted = |severity, word: &str| {
        let count = cx.diags.iter().filter(here).filter(|d| d.severity == severity).count();
        format!("{count} {word}{}", if count == 1 { "" } else { "s" })
    };
    let (errors, warnings) = (counted(Severity::Error, "error"), counted(Severity::Warning, "warning"));
    let done = if dry_run { "would be applied" } else { "applied" };
    let fixes = if file.applied == 1 { "fix" } else { "fixes" };
    let name = escape::value(&file.name);
    eprintln!("{name}: {} {fixes} {done}, {errors} and {warnings} left", file.applied);
}
