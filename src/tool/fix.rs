//! `ksc fix`: applies the fixes that errors and warnings carry, and reports what is left.

use super::{check, finish, session};
use crate::cli::Fix as Args;
use crate::diag::{self, Severity, escape};
use crate::link::output;
use crate::pipeline;
use crate::session::Session;
use crate::source::{FileId, load};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// A fix may uncover what the next check finds; fixes that undo one another must end all the same.
const MAX_ROUNDS: usize = 100;

pub fn run(args: &Args) -> ExitCode {
    let mut cx = match session(&args.common, &args.input) {
        Ok(cx) => cx,
        Err(status) => return status,
    };
    // What stops this chain was reported.
    let _ = fix(&mut cx, args);
    finish(&mut cx, args.common.error_format)
}

/// A file of the program and what has become of it.
struct Edited {
    name: String,
    path: PathBuf,
    byte_order_mark: bool,
    original: String,
    text: String,
    applied: usize,
}

fn fix(cx: &mut Session, args: &Args) -> Option<()> {
    let mut file = load::load(cx, &args.input)?;
    let mut edited: Vec<Edited> = Vec::new();
    for round in 0.. {
        // What is wrong stands among what is reported.
        let _ = pipeline::read_file(cx, file).and_then(|input| check::input(cx, input));
        if apply_all(cx, file, args, &mut edited) == 0 || round == MAX_ROUNDS {
            break;
        }
        *cx = Session::new(args.common.options(&args.input));
        let (root, others) = edited.split_first()?;
        for other in others {
            cx.sources.edit(&other.path, other.text.clone());
        }
        file = cx.sources.add(&root.name, &root.path, root.text.clone());
    }
    for file in &edited {
        write(cx, args, file)?;
    }
    for (index, file) in edited.iter().enumerate() {
        if index == 0 || file.applied > 0 {
            summary(cx, file, args.dry_run);
        }
    }
    Some(())
}

/// Applies what is proposed, file by file, and says how much that was. The program's own file is the first of `edited`;
/// of a program that comes from standard input it is the only one.
fn apply_all(cx: &Session, root: FileId, args: &Args, edited: &mut Vec<Edited>) -> usize {
    let mut total = 0;
    for (id, source) in cx.sources.files() {
        if id != root && args.input == Path::new("-") {
            continue;
        }
        let (text, count) = apply(&source.text, &fixes(cx, id));
        let known = edited.iter().position(|file| file.path == source.path);
        let index = known.unwrap_or(edited.len());
        if known.is_none() {
            let (name, path) = (source.name.clone(), source.path.clone());
            let (byte_order_mark, original) = (source.byte_order_mark, source.text.clone());
            let text = original.clone();
            edited.push(Edited { name, path, byte_order_mark, original, text, applied: 0 });
        }
        edited[index].text = text;
        edited[index].applied += count;
        total += count;
    }
    total
}

fn write(cx: &mut Session, args: &Args, file: &Edited) -> Option<()> {
    if args.dry_run {
        print!("{}", escape::lines(&difference(&file.name, &file.original, &file.text)));
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

/// The fixes of one file in the order of their places, each once.
fn fixes(cx: &Session, file: FileId) -> Vec<diag::Fix> {
    let of_file = |d: &diag::Diagnostic| d.fix.clone().filter(|fix| fix.span.file == file);
    let mut fixes: Vec<diag::Fix> = cx.diags.iter().filter_map(of_file).collect();
    fixes.sort_by_key(|fix| (fix.span.lo, fix.span.hi));
    fixes
}

/// The text with those fixes that do not overlap an earlier one, and how many those are. The others may come in the next
/// round.
fn apply(text: &str, fixes: &[diag::Fix]) -> (String, usize) {
    let mut result = String::with_capacity(text.len());
    let (mut at, mut count) = (0, 0);
    let mut last = None;
    for fix in fixes {
        let range = fix.span.lo as usize..fix.span.hi as usize;
        let overlaps = range.start < at || last == Some(range.start);
        if overlaps || text[range.clone()] == fix.replacement {
            continue;
        }
        result += &text[at..range.start];
        result += &fix.replacement;
        at = range.end;
        last = Some(range.start);
        count += 1;
    }
    (result + &text[at..], count)
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

/// The lines that differ: each run of them if there are as many as before, else all from the first to the last.
fn difference(name: &str, old: &str, new: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let mut text = String::new();
    let mut hunk = |at: usize, from: &[&str], to: &[&str]| {
        text += &format!("@@ {}:{} @@\n", escape::value(name), at + 1);
        from.iter().for_each(|line| text += &format!("-{line}\n"));
        to.iter().for_each(|line| text += &format!("+{line}\n"));
    };
    if old.len() != new.len() {
        let same = |(a, b): &(&&str, &&str)| a == b;
        let before = old.iter().zip(&new).take_while(same).count();
        let rest = old.len().min(new.len()) - before;
        let after = old.iter().rev().zip(new.iter().rev()).take(rest).take_while(same).count();
        hunk(before, &old[before..old.len() - after], &new[before..new.len() - after]);
        return text;
    }
    let mut line = 0;
    while line < old.len() {
        let run = old[line..].iter().zip(&new[line..]).take_while(|(a, b)| a != b).count();
        if run > 0 {
            hunk(line, &old[line..line + run], &new[line..line + run]);
        }
        line += run.max(1);
    }
    text
}
