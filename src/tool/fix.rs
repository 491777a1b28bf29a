//! `ksc fix`: applies the fixes that errors and warnings carry, and reports what is left.

use super::{check, finish};
use crate::cli::Fix as Args;
use crate::diag::{self, Severity};
use crate::link::output;
use crate::pipeline;
use crate::session::Session;
use crate::source::{FileId, load};
use std::path::Path;
use std::process::ExitCode;

/// A fix may uncover what the next check finds; fixes that undo one another must end all the same.
const MAX_ROUNDS: usize = 20;

pub fn run(args: &Args) -> ExitCode {
    let mut cx = Session::new(args.common.options(&args.input));
    // What stops this chain was reported.
    let _ = fix(&mut cx, args);
    finish(&mut cx, args.common.error_format)
}

fn fix(cx: &mut Session, args: &Args) -> Option<()> {
    let mut file = load::load(cx, &args.input)?;
    let source = cx.sources.file(file);
    let (name, mark) = (source.name.clone(), source.byte_order_mark);
    let original = source.text.clone();
    let mut text = original.clone();
    let mut applied = 0;
    for round in 0.. {
        // What is wrong stands among what is reported.
        let _ = pipeline::read_file(cx, file).and_then(|input| check::input(cx, input));
        let (edited, count) = apply(&text, &fixes(cx, file));
        if count == 0 || round == MAX_ROUNDS {
            break;
        }
        applied += count;
        text = edited;
        *cx = Session::new(args.common.options(&args.input));
        file = cx.sources.add(&name, &args.input, text.clone());
    }
    if args.dry_run {
        print!("{}", difference(&name, &original, &text));
    } else if text != original || args.input == Path::new("-") {
        let mark = if mark { "\u{feff}" } else { "" };
        let bytes = format!("{mark}{text}");
        if args.input == Path::new("-") {
            output::print(cx, bytes)?;
        } else {
            output::rewrite(cx, &args.input, bytes.as_bytes())?;
        }
    }
    summary(cx, &name, applied, args.dry_run);
    Some(())
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

fn summary(cx: &Session, name: &str, applied: usize, dry_run: bool) {
    let counted = |severity, word: &str| {
        let count = cx.diags.iter().filter(|d| d.severity == severity).count();
        format!("{count} {word}{}", if count == 1 { "" } else { "s" })
    };
    let (errors, warnings) = (counted(Severity::Error, "error"), counted(Severity::Warning, "warning"));
    let done = if dry_run { "would be applied" } else { "applied" };
    let fixes = if applied == 1 { "fix" } else { "fixes" };
    eprintln!("{name}: {applied} {fixes} {done}, {errors} and {warnings} left");
}

/// The lines that differ: each run of them if there are as many as before, else all from the first to the last.
fn difference(name: &str, old: &str, new: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let mut text = String::new();
    let mut hunk = |at: usize, from: &[&str], to: &[&str]| {
        text += &format!("@@ {name}:{} @@\n", at + 1);
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
