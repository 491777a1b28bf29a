//! A report as a diagnostic of the compiler.

use super::judge::{Row, Verdict};
use super::places::Places;
use crate::diag::{Diagnostic, Severity};
use crate::session::Session;
use ks_verify::refusals::UNKNOWN;
use ks_verify::report::{Report, Turn};

/// The diagnostic of a refused program.
pub fn of(cx: &mut Session, places: &mut Places<'_>, row: &Row, report: &Report) -> Diagnostic {
    let span = report.place.as_ref().and_then(|place| places.span(cx, place));
    let mut told = Diagnostic {
        severity: Severity::Error,
        code: report.code,
        message: report.message.clone(),
        span,
        label: None,
        labels: Vec::new(),
        notes: Vec::new(),
        helps: Vec::new(),
        fix: None,
    };
    if let Some(label) = &report.label {
        told.label(label);
    }
    if let Some(second) = &report.second
        && let Some(span) = places.span(cx, &second.place)
    {
        told.note(span, &second.text);
    }
    told.remark(format!("in the program `{}`, on Linux {}", row.program, row.kernel));
    if row.verdict == Verdict::LikelyRefused {
        told.remark("this is known of the kernel by its types; its verifier was not asked");
    }
    if let Some(knows) = &report.knows
        && !report.label.as_ref().is_some_and(|label| label.contains(knows))
    {
        told.remark(format!("the verifier takes it for {knows}"));
    }
    if !report.path.is_empty() {
        let turns: Vec<String> = report.path.iter().map(turn).collect();
        told.remark(format!("the path that leads there:\n{}", turns.join("\n")));
    }
    if !report.kernel.is_empty() {
        told.remark(format!("the kernel says: {}", report.kernel.join("\n")));
    }
    if let Some(help) = &report.help {
        told.help(help);
    }
    if report.code == UNKNOWN {
        told.help("ksc has no words for this refusal yet: please report the message, with the kernel's version");
    }
    told
}

/// `a.c:11: if (k == 7): goes on at line 14, return touch(k);`
fn turn(turn: &Turn) -> String {
    let text = turn.text.as_ref().map(|text| format!(": `{text}`")).unwrap_or_default();
    let next = turn.next_text.as_ref().map(|text| format!(": `{text}`")).unwrap_or_default();
    let file = turn.place.file.rsplit('/').next().unwrap_or_default();
    let elsewhere = if turn.next.file == turn.place.file { "" } else { " of another file" };
    let times = if turn.times > 1 { format!(" ({} times)", turn.times) } else { String::new() };
    format!("{file}:{}{text} goes on at line {}{elsewhere}{next}{times}", turn.place.line, turn.next.line)
}
