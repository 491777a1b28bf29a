//! What a test has come to: said once to whoever runs the tests, and by nothing else but a test.

use super::end::{self, leave};
use super::program::MainThread;
use std::cell::Cell;

/// How a test ended.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Passed,
    Failed,
    Skipped,
}

/// Takes the verdict, the file and the line where it came about, and the reason.
type Takes = fn(Verdict, (&str, u32), &str);

static TAKES: MainThread<Cell<Option<Takes>>> = MainThread::new(Cell::new(None));

/// Says who takes the verdict: this process runs a test.
pub fn goes_to(takes: Takes) {
    TAKES.set(Some(takes));
    end::reason_goes_to(|why| failed(("", 0), why));
}

/// The test came to its end.
pub fn passed() {
    if let Some(takes) = TAKES.get() {
        takes(Verdict::Passed, ("", 0), "");
    }
}

/// The test failed at this file and line. False if no test runs.
pub fn failed(place: (&str, u32), why: &str) -> bool {
    let Some(takes) = TAKES.get() else { return false };
    takes(Verdict::Failed, place, why);
    true
}

/// Ends the test, which cannot run here for this reason. Comes back if no test runs.
pub fn skip(why: &str) {
    if let Some(takes) = TAKES.get() {
        takes(Verdict::Skipped, ("", 0), why);
        leave(0);
    }
}
