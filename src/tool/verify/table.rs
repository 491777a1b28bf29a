//! The verdicts as a table.

use super::judge::{Row, Verdict};
use super::kept::Kept;
use crate::diag::escape;

/// Instructions that a verifier processes at most (`BPF_COMPLEXITY_LIMIT_INSNS`, include/linux/bpf_verifier.h).
const LIMIT: u64 = 1_000_000;

const HEADER: [&str; 9] =
    ["program", "kernel", "verdict", "instructions", "processed", "share", "states", "stack", "ms"];
/// Columns of words, which begin at their left end; the others are numbers.
const WORDS: usize = 3;

/// A line for each program on each kernel, below the name of their file.
pub fn of(rows: &[Row]) -> String {
    let Some(first) = rows.first() else { return String::new() };
    let cells: Vec<[String; 9]> = std::iter::once(HEADER.map(str::to_owned)).chain(rows.iter().map(cells)).collect();
    let widths: Vec<usize> =
        (0..HEADER.len()).map(|at| cells.iter().map(|row| row[at].chars().count()).max().unwrap_or(0)).collect();
    let mut out = format!("{}\n", escape::value(&first.file));
    for (at, row) in cells.iter().enumerate() {
        let padded = row.iter().zip(&widths).enumerate().map(|(column, (cell, width))| {
            if column < WORDS { format!("{cell:width$}") } else { format!("{cell:>width$}") }
        });
        let line = padded.collect::<Vec<_>>().join("  ");
        out += &format!("  {}\n", line.trim_end());
        if let Some(Verdict::Cannot(lacks)) = at.checked_sub(1).map(|at| &rows[at].verdict) {
            out += &format!("    {}\n", escape::value(lacks));
            for kept in &rows[at - 1].kept {
                let Kept { kernel, date, verdict, processed, code } = kept;
                let code = code.as_ref().map(|code| format!(" ({code})")).unwrap_or_default();
                let processed = processed.map(|processed| format!(", processed {processed}")).unwrap_or_default();
                let line = format!("an earlier verdict: {verdict}{code} on {kernel}, {date}{processed}");
                out += &format!("    {}\n", escape::value(&line));
            }
        }
    }
    out
}

fn cells(row: &Row) -> [String; 9] {
    let number = |number: Option<u64>| number.map_or_else(String::new, |number| number.to_string());
    let figures = row.statistics;
    let share = figures.processed.map(|processed| format!("{:.1} %", processed as f64 * 100.0 / LIMIT as f64));
    [
        escape::value(&row.program).into_owned(),
        row.kernel.clone(),
        row.verdict.name().to_owned(),
        row.instructions.to_string(),
        number(figures.processed),
        share.unwrap_or_default(),
        number(figures.peak_states),
        number(figures.stack),
        figures.time.map_or_else(String::new, |time| format!("{:.1}", time as f64 / 1000.0)),
    ]
}
