//! `ksc fmt`: source in the one style. The tree and the comments of the result are compared with those of the source
//! before anything is written.

use super::{finish, status};
use crate::ast::{self, print, strip};
use crate::cli::Fmt;
use crate::diag::{Severity, escape};
use crate::link::output;
use crate::session::{Options, Session};
use crate::source::{FileId, load};
use crate::{source, syntax};
use std::path::Path;
use std::process::ExitCode;

/// Formatting what was formatted changes nothing; a comment in an odd place may need a second round to get there.
const MAX_ROUNDS: usize = 5;

/// Formats all files, or with `--check` names those that are not formatted and fails if there are any.
pub fn run(args: &Fmt) -> ExitCode {
    let mut cx = Session::new(Options::default());
    let mut changes = false;
    for path in &args.input {
        changes |= one(&mut cx, path, args.check).unwrap_or(false);
    }
    let errors: Vec<_> = cx.diags.take().into_iter().filter(|d| d.severity == Severity::Error).collect();
    let failed = !errors.is_empty();
    for error in errors {
        cx.diags.push(error);
    }
    let exit = finish(&mut cx, args.messages);
    if args.check && changes && !failed { ExitCode::from(status::SOURCE) } else { exit }
}

/// Formats one file, or standard input to standard output. Says whether it differs; none if it has errors.
fn one(cx: &mut Session, path: &Path, check: bool) -> Option<bool> {
    let file = load::load(cx, path)?;
    let text = formatted(cx, file)?;
    let source = cx.sources.file(file);
    let differs = text != source.text;
    let mark = if source.byte_order_mark { "\u{feff}" } else { "" };
    let bytes = format!("{mark}{text}");
    if check && differs {
        println!("{}", escape::value(&source.name));
    } else if path == Path::new("-") && !check {
        output::print(cx, bytes)?;
    } else if differs && !check {
        output::rewrite(cx, path, bytes.as_bytes())?;
    }
    Some(differs)
}

/// The text of a file in the one style; none if it has errors, which are reported.
pub fn formatted(cx: &mut Session, file: FileId) -> Option<String> {
    let errors = cx.diags.error_count();
    let tree = syntax::parse(cx, file);
    if cx.diags.error_count() > errors {
        return None;
    }
    let original = cx.sources.file(file).text.clone();
    let mut text = print(&tree, &original);
    for _ in 0..MAX_ROUNDS {
        let read = parse(&text);
        if strip::file(&read) != strip::file(&tree) {
            crate::bug!("the formatter would change what the program means; it was left as it is. It would be\n{text}");
        } else if comments(&text) != comments(&original) {
            crate::bug!("the formatter would lose a comment; the file was left as it is. It would be\n{text}");
        }
        let again = print(&read, &text);
        if again == text {
            return Some(with_line_ends_of(&original, text));
        }
        text = again;
    }
    crate::bug!("the formatter does not end with\n{text}");
}

fn print(tree: &ast::File, text: &str) -> String {
    let layout = source::layout::layout(text, tree.file, &mut Vec::new());
    print::formatted(tree, text, &layout)
}

/// Parses what the formatter made.
fn parse(text: &str) -> ast::File {
    let mut cx = Session::new(Options::default());
    let file = cx.sources.add("formatted", Path::new("formatted"), text.to_owned());
    let tree = syntax::parse(&mut cx, file);
    if let Some(error) = cx.diags.iter().find(|d| d.severity == Severity::Error) {
        crate::bug!("the formatter would break the program ({}); it would be\n{text}", error.message);
    }
    tree
}

/// The comments in their order, with each of their lines trimmed.
pub fn comments(text: &str) -> Vec<String> {
    let layout = source::layout::layout(text, FileId(0), &mut Vec::new());
    let lines = |comment: &str| comment.lines().map(str::trim).collect::<Vec<_>>().join("\n");
    layout.comments.iter().map(|comment| lines(&text[comment.range.clone()])).collect()
}

/// CRLF if the first line of the original ends so.
fn with_line_ends_of(original: &str, text: String) -> String {
    let crlf = original.find('\n').is_some_and(|at| original[..at].ends_with('\r'));
    if crlf { text.replace('\n', "\r\n") } else { text }
}
