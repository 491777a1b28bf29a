//! One JSON object a line: verdicts, and diagnostics with the fields that those of `ksc check` have.

use super::judge::{Row, Verdict};
use super::kept::Kept;
use crate::diag::{Diagnostic, escape, json};
use crate::session::Session;
use ks_verify::report::Report;
use serde::Serialize;
use serde_json::{Map, Value};

#[derive(Serialize)]
struct VerdictLine<'a> {
    kind: &'static str,
    file: &'a str,
    program: &'a str,
    kernel: &'a str,
    verdict: &'static str,
    instructions: usize,
    processed: Option<u64>,
    /// At most at a time.
    states: Option<u64>,
    /// Bytes.
    stack: Option<u64>,
    ms: Option<f64>,
    /// What the kernel or the process lacks.
    lacks: Option<&'a str>,
    /// Of a program that cannot be judged, what kernels said of it before.
    #[serde(skip_serializing_if = "<[Kept]>::is_empty")]
    kept: &'a [Kept],
}

#[derive(Serialize)]
struct DiagnosticLine<'a> {
    kind: &'static str,
    program: &'a str,
    kernel: &'a str,
    category: &'static str,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

/// The line of a verdict.
pub fn verdict(row: &Row) -> String {
    let lacks = match &row.verdict {
        Verdict::Cannot(lacks) => Some(lacks.as_str()),
        Verdict::Ok | Verdict::Refused | Verdict::LikelyOk | Verdict::LikelyRefused => None,
    };
    let figures = row.statistics;
    line(&VerdictLine {
        kind: "verdict",
        file: &row.file,
        program: &row.program,
        kernel: &row.kernel,
        verdict: row.verdict.name(),
        instructions: row.instructions,
        processed: figures.processed,
        states: figures.peak_states,
        stack: figures.stack,
        ms: figures.time.map(|time| time as f64 / 1000.0),
        lacks,
        kept: &row.kept,
    })
}

/// The line of a refusal.
pub fn diagnostic(cx: &Session, row: &Row, report: &Report, told: &Diagnostic) -> String {
    let rest = serde_json::from_str(&json::line(&cx.sources, told)).unwrap_or_default();
    let category = report.category.name();
    line(&DiagnosticLine { kind: "diagnostic", program: &row.program, kernel: &row.kernel, category, rest })
}

/// Any record as a line.
pub fn line(record: &impl Serialize) -> String {
    match serde_json::to_string(record) {
        Ok(text) => escape::json(&text).into_owned() + "\n",
        Err(error) => crate::bug!("a verdict is JSON: {error}"),
    }
}
