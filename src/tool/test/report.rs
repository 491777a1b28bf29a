//! What the tests have come to, as cargo prints it.

use super::json;
use super::make::{Suite, TestCase};
use crate::diag::escape;
use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

/// How a test ended.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Passed,
    Failed,
    Skipped,
}

/// All that is known of a test that has run.
pub struct Outcome {
    pub verdict: Verdict,
    /// Where it failed; none: as a whole.
    pub place: Option<(String, u32)>,
    /// Why it failed, in lines, or why it was skipped.
    pub why: String,
    /// What it printed, on both of its outputs.
    pub output: Vec<u8>,
    pub time: Duration,
    /// The file with what an executable for coverage has counted.
    pub counted: Option<PathBuf>,
}

impl Outcome {
    /// Without a place and output.
    pub fn new(verdict: Verdict, why: String, time: Duration) -> Outcome {
        Outcome { verdict, place: None, why, output: Vec::new(), time, counted: None }
    }

    /// Of a test that failed as a whole.
    pub fn failed(why: String, time: Duration) -> Outcome {
        Outcome::new(Verdict::Failed, why, time)
    }

    /// A test fails also by what it leaves behind.
    pub fn also_left(&mut self, left: String) {
        if self.verdict != Verdict::Failed {
            *self = Outcome { output: std::mem::take(&mut self.output), ..Outcome::failed(left, self.time) };
        } else {
            self.why.push('\n');
            self.why.push_str(&left);
        }
    }
}

/// A test that has run, as reports name it.
pub struct Row {
    pub name: String,
    pub file: String,
    /// Of the test.
    pub line: u32,
    pub outcome: Outcome,
}

impl Row {
    /// Where it failed, or else where it is.
    pub fn place(&self) -> (&str, u32) {
        self.outcome.place.as_ref().map_or((&self.file, self.line), |(file, line)| (file, *line))
    }
}

/// All tests that have run, in order, and how they are printed.
#[derive(Default)]
pub struct Report {
    pub rows: Vec<Row>,
    is_json: bool,
}

impl Report {
    /// An empty one.
    pub fn new(is_json: bool) -> Report {
        Report { rows: Vec::new(), is_json }
    }

    /// Prints the line of a test.
    pub fn add(&mut self, suite: &Suite, test: &TestCase, outcome: Outcome) {
        let row = Row { name: test.name.clone(), file: suite.file.clone(), line: test.line, outcome };
        let line = if self.is_json { json::test(&row) } else { line(&row) };
        print(format!("{line}\n").as_bytes());
        self.rows.push(row);
    }

    /// How many tests passed, failed and were skipped.
    pub fn counts(&self) -> [usize; 3] {
        let of = |verdict| self.rows.iter().filter(|row| row.outcome.verdict == verdict).count();
        [Verdict::Passed, Verdict::Failed, Verdict::Skipped].map(of)
    }

    /// Prints the failures, and how many tests passed.
    pub fn finish(&self) {
        let counts = self.counts();
        if self.is_json {
            return print(format!("{}\n", json::summary(counts)).as_bytes());
        }
        let mut out = Vec::new();
        for row in self.rows.iter().filter(|row| row.outcome.verdict == Verdict::Failed) {
            let Outcome { why, output, .. } = &row.outcome;
            let head = format!("\n---- {} ({}) ----\n{}\n", row.name, escape::value(&row.file), why.trim_end());
            out.extend(escape::lines(&head).bytes());
            out.extend(escape::lines(&String::from_utf8_lossy(output)).bytes());
            if !output.is_empty() && !output.ends_with(b"\n") {
                out.push(b'\n');
            }
        }
        let [passed, failed, skipped] = counts;
        let skipped = if skipped > 0 { format!(", {skipped} skipped") } else { String::new() };
        out.extend(format!("\n{passed} passed, {failed} failed{skipped}\n").bytes());
        print(&out);
    }
}

fn line(row: &Row) -> String {
    let name = &row.name;
    match row.outcome.verdict {
        Verdict::Passed => format!("test {name} ... ok"),
        Verdict::Skipped => format!("test {name} ... skipped ({})", escape::value(&row.outcome.why)),
        Verdict::Failed => {
            let (file, line) = row.place();
            format!("test {name} ... FAILED ({}:{line})", escape::value(file))
        }
    }
}

/// There is nowhere to report it if standard output is closed.
fn print(bytes: &[u8]) {
    let _ = std::io::stdout().lock().write_all(bytes);
}
