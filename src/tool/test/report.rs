//! What the tests have come to, as cargo prints it.

use super::make::{Suite, TestCase};
use crate::diag::escape;
use std::io::Write;
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
}

impl Outcome {
    /// Without a place and output.
    pub fn new(verdict: Verdict, why: String, time: Duration) -> Outcome {
        Outcome { verdict, place: None, why, output: Vec::new(), time }
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

/// The lines for people.
#[derive(Default)]
pub struct Report {
    counts: [usize; 3],
    /// The text about those that failed.
    failures: Vec<u8>,
}

impl Report {
    /// Prints the line of a test.
    pub fn add(&mut self, suite: &Suite, test: &TestCase, outcome: Outcome) {
        self.counts[outcome.verdict as usize] += 1;
        let name = &test.name;
        match outcome.verdict {
            Verdict::Passed => println!("test {name} ... ok"),
            Verdict::Skipped => println!("test {name} ... skipped ({})", escape::value(&outcome.why)),
            Verdict::Failed => {
                let (file, line) = outcome.place.clone().unwrap_or((suite.file.clone(), test.line));
                println!("test {name} ... FAILED ({}:{line})", escape::value(&file));
                let head = format!("\n---- {name} ({}) ----\n{}\n", escape::value(&suite.file), outcome.why.trim_end());
                self.failures.extend(escape::lines(&head).bytes());
                self.failures.extend(escape::lines(&String::from_utf8_lossy(&outcome.output)).bytes());
                if !outcome.output.is_empty() && !outcome.output.ends_with(b"\n") {
                    self.failures.push(b'\n');
                }
            }
        }
    }

    /// Whether a test failed.
    pub fn has_failed(&self) -> bool {
        self.counts[Verdict::Failed as usize] > 0
    }

    /// Prints the failures, and how many tests passed.
    pub fn finish(&self) {
        let [passed, failed, skipped] = self.counts;
        let mut out = std::io::stdout().lock();
        let skipped = if skipped > 0 { format!(", {skipped} skipped") } else { String::new() };
        // There is nowhere to report it if standard output is closed.
        let _ = out.write_all(&self.failures);
        let _ = writeln!(out, "\n{passed} passed, {failed} failed{skipped}");
    }
}
