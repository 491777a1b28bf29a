//! Diagnostics as one JSON object a line, for tools.

use super::lowered::Lowered;
use super::{Certainty, Diagnostic, Severity, escape};
use crate::source::{SourceMap, Span};
use serde::Serialize;

/// Lines and columns count from 1, columns in characters; `start` and `end` are byte offsets into the file.
#[derive(Serialize)]
struct Place<'a> {
    file: &'a str,
    line: u32,
    column: u32,
    end_line: u32,
    end_column: u32,
    start: u32,
    end: u32,
}

#[derive(Serialize)]
struct Marked<'a> {
    #[serde(flatten)]
    place: Place<'a>,
    message: &'a str,
}

/// Replace the text of the place.
#[derive(Serialize)]
struct Edit<'a> {
    #[serde(flatten)]
    place: Place<'a>,
    replacement: &'a str,
    /// False for a guess, such as the nearest name.
    certain: bool,
}

#[derive(Serialize)]
struct Record<'a> {
    severity: &'static str,
    code: &'static str,
    message: &'a str,
    /// Absent for what has no place in a source file.
    #[serde(flatten)]
    place: Option<Place<'a>>,
    /// The label of the place itself.
    label: Option<&'a str>,
    labels: Vec<Marked<'a>>,
    notes: &'a [String],
    helps: &'a [String],
    fix: Option<Edit<'a>>,
}

/// One object, without a line end.
pub fn line(sources: &SourceMap, diagnostic: &Diagnostic) -> String {
    let labels = diagnostic.labels.iter();
    let record = Record {
        severity: match diagnostic.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        },
        code: diagnostic.code,
        message: &diagnostic.message,
        place: diagnostic.span.map(|span| place(sources, span)),
        label: diagnostic.label.as_deref(),
        labels: labels.map(|l| Marked { place: place(sources, l.span), message: &l.text }).collect(),
        notes: &diagnostic.notes,
        helps: &diagnostic.helps,
        fix: diagnostic.fix.as_ref().map(|f| Edit {
            place: place(sources, f.span),
            replacement: &f.replacement,
            certain: f.certainty == Certainty::Certain,
        }),
    };
    let text = serde_json::to_string(&record).expect("strings and numbers are always JSON");
    escape::json(&text).into_owned()
}

/// What `--explain-lowering` says of one place: a note of its own kind.
#[derive(Serialize)]
struct Choice<'a> {
    severity: &'static str,
    code: &'static str,
    message: &'a str,
    #[serde(flatten)]
    place: Place<'a>,
    construct: &'a str,
    became: &'a str,
    why: &'a str,
}

/// One object, without a line end.
pub fn lowered(sources: &SourceMap, choice: &Lowered) -> String {
    let record = Choice {
        severity: "note",
        code: "lowering",
        message: &choice.text(),
        place: place(sources, choice.span),
        construct: &choice.construct,
        became: &choice.became,
        why: &choice.why,
    };
    let text = serde_json::to_string(&record).expect("strings and numbers are always JSON");
    escape::json(&text).into_owned()
}

fn place(sources: &SourceMap, span: Span) -> Place<'_> {
    let file = sources.file(span.file);
    let (start, end) = (file.line_col(span.lo), file.line_col(span.hi));
    // Spans count from behind the mark.
    let mark = if file.byte_order_mark { '\u{feff}'.len_utf8() as u32 } else { 0 };
    Place {
        file: &file.name,
        line: start.line,
        column: start.column,
        end_line: end.line,
        end_column: end.column,
        start: mark + span.lo,
        end: mark + span.hi,
    }
}
