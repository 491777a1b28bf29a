//! The outcomes as one JSON object a line.

use super::report::{Row, Verdict};
use serde::Serialize;

#[derive(Serialize)]
struct Test<'a> {
    kind: &'static str,
    name: &'a str,
    file: &'a str,
    line: u32,
    verdict: &'static str,
    /// Where it failed.
    place: Option<Place<'a>>,
    /// Why it failed or was skipped.
    message: &'a str,
    /// What it printed, on both of its outputs.
    output: String,
    ms: u64,
}

#[derive(Serialize)]
struct Place<'a> {
    file: &'a str,
    line: u32,
}

#[derive(Serialize)]
struct Summary {
    kind: &'static str,
    passed: usize,
    failed: usize,
    skipped: usize,
}

/// A test, without a line end.
pub fn test(row: &Row) -> String {
    let outcome = &row.outcome;
    let (file, line) = row.place();
    let verdict = match outcome.verdict {
        Verdict::Passed => "passed",
        Verdict::Failed => "failed",
        Verdict::Skipped => "skipped",
    };
    text(&Test {
        kind: "test",
        name: &row.name,
        file: &row.file,
        line: row.line,
        verdict,
        place: (outcome.verdict == Verdict::Failed).then_some(Place { file, line }),
        message: &outcome.why,
        output: String::from_utf8_lossy(&outcome.output).into_owned(),
        ms: u64::try_from(outcome.time.as_millis()).unwrap_or(u64::MAX),
    })
}

/// How many tests there were, without a line end.
pub fn summary([passed, failed, skipped]: [usize; 3]) -> String {
    text(&Summary { kind: "summary", passed, failed, skipped })
}

fn text(row: &impl Serialize) -> String {
    serde_json::to_string(row).unwrap_or_else(|error| crate::bug!("a row of JSON: {error}"))
}
