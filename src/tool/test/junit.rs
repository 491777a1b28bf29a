//! The outcomes in JUnit's form of XML: a suite for each file.

use super::report::{Row, Verdict};
use std::fmt::Write;

/// The whole file.
pub fn text(rows: &[Row]) -> String {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
    for suite in rows.chunk_by(|one, next| one.file == next.file) {
        let count = |verdict| suite.iter().filter(|row| row.outcome.verdict == verdict).count();
        let (failed, skipped) = (count(Verdict::Failed), count(Verdict::Skipped));
        let file = suite.first().map_or("", |row| &row.file);
        let time: f64 = suite.iter().map(seconds).sum();
        writeln!(
            out,
            "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{failed}\" errors=\"0\" skipped=\"{skipped}\" time=\"{time:.3}\">",
            escaped(file),
            suite.len()
        )
        .ok();
        suite.iter().for_each(|row| case(&mut out, row));
        out.push_str("  </testsuite>\n");
    }
    out.push_str("</testsuites>\n");
    out
}

fn case(out: &mut String, row: &Row) {
    let (name, file) = (escaped(&row.name), escaped(&row.file));
    let (line, time, why) = (row.line, seconds(row), escaped(&row.outcome.why));
    write!(
        out,
        "    <testcase name=\"{name}\" classname=\"{file}\" file=\"{file}\" line=\"{line}\" time=\"{time:.3}\">"
    )
    .ok();
    match row.outcome.verdict {
        Verdict::Passed => {}
        Verdict::Skipped => {
            write!(out, "<skipped message=\"{why}\"/>").ok();
        }
        Verdict::Failed => {
            let (file, line) = row.place();
            let first = why.lines().next().unwrap_or_default();
            write!(out, "<failure message=\"{first}\">{}:{line}: {why}</failure>", escaped(file)).ok();
        }
    }
    if !row.outcome.output.is_empty() {
        write!(out, "<system-out>{}</system-out>", escaped(&String::from_utf8_lossy(&row.outcome.output))).ok();
    }
    out.push_str("</testcase>\n");
}

fn seconds(row: &Row) -> f64 {
    row.outcome.time.as_secs_f64()
}

/// XML has no form for most control characters, not even an escaped one.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => out.push(c),
            c if c.is_control() => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}
