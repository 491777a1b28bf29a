//! `--coverage`: how often the lines, branches and functions of the sources ran, in all tests together.
//!
//! The form is the tracefile of lcov (geninfo(1)), which `genhtml` and the services that show coverage read.

use crate::session::Session;
use crate::source::Span;
use crate::source::points::{Fork, Point, Taken};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

/// What branches: by its line, and its place in the file.
type Branching = (u32, (u32, u32, Fork));

/// A source file of a suite, by the points that the executable counts.
pub struct Source {
    /// By which the same file of several suites is known.
    path: PathBuf,
    /// As the user named it.
    name: String,
    funcs: Vec<(u32, String, Point)>,
    lines: Vec<(u32, Point)>,
    branches: Vec<(Branching, Vec<Taken>)>,
}

/// The source files of a program that was lowered with `Options::coverage`.
pub fn sources(cx: &Session) -> Vec<Source> {
    let all = cx.sources.files().map(|(id, file)| {
        let at = |offset| file.line_col(offset);
        let (points, own) = (&cx.points, |span: &Span| span.file == id);
        let funcs = points.funcs.iter().filter(|(span, _)| own(span));
        let statements = points.statements.iter().filter(|(span, _)| own(span));
        let branches = points.branches.iter().filter(|((span, _), _)| own(span));
        Source {
            path: fs::canonicalize(&file.path).unwrap_or_else(|_| file.path.clone()),
            name: file.name.clone(),
            funcs: funcs.map(|(span, entry)| (at(span.lo).line, entry.name.clone(), entry.point)).collect(),
            lines: statements.map(|(span, &point)| (at(span.lo).line, point)).collect(),
            branches: branches
                .map(|(&(span, fork), taken)| {
                    let place = (span.lo, span.hi, fork);
                    ((at(span.lo).line, place), taken.values().cloned().collect())
                })
                .collect(),
        }
    });
    all.filter(|source| !source.funcs.is_empty() || !source.lines.is_empty()).collect()
}

/// Adds what a test has counted to the numbers by points. The file has the counters of user space and, behind as many bytes again, those of
/// BPF code.
pub fn add(counts: &mut Vec<u64>, file: &Path) {
    let bytes = fs::read(file).unwrap_or_default();
    let (user, bpf) = bytes.split_at(bytes.len() / 2);
    for half in [user, bpf] {
        let numbers = half.as_chunks::<8>().0;
        counts.resize(counts.len().max(numbers.len()), 0);
        for (count, bytes) in counts.iter_mut().zip(numbers) {
            *count = count.saturating_add(u64::from_ne_bytes(*bytes));
        }
    }
}

/// A file in all suites together.
#[derive(Default)]
struct Counted {
    name: String,
    funcs: BTreeMap<(u32, String), u64>,
    lines: BTreeMap<u32, u64>,
    branches: BTreeMap<Branching, Vec<u64>>,
}

/// The counts of all files.
#[derive(Default)]
pub struct Coverage(BTreeMap<PathBuf, Counted>);

impl Coverage {
    /// Adds a suite, by the number of each of its points.
    pub fn add(&mut self, sources: &[Source], counts: &[u64]) {
        let count = |point: Point| counts.get(point.0 as usize).copied().unwrap_or(0);
        for source in sources {
            let file = self.0.entry(source.path.clone()).or_default();
            if file.name.is_empty() {
                file.name.clone_from(&source.name);
            }
            for (line, name, point) in &source.funcs {
                *file.funcs.entry((*line, name.clone())).or_default() += count(*point);
            }
            // Of several statements of a line, the one that ran most often.
            let mut lines: BTreeMap<u32, u64> = BTreeMap::new();
            for (line, point) in &source.lines {
                let most = lines.entry(*line).or_default();
                *most = count(*point).max(*most);
            }
            for (line, count) in lines {
                *file.lines.entry(line).or_default() += count;
            }
            for (place, taken) in &source.branches {
                let numbers = file.branches.entry(*place).or_default();
                numbers.resize(numbers.len().max(taken.len()), 0);
                numbers.iter_mut().zip(taken).for_each(|(number, taken)| *number += taken.of(count));
            }
        }
    }

    /// The tracefile.
    pub fn text(&self) -> String {
        let mut files: Vec<&Counted> = self.0.values().collect();
        files.sort_by_key(|file| &file.name);
        let mut out = String::new();
        for file in files {
            // Writing to a string does not fail.
            let _ = file.write(&mut out);
        }
        out
    }
}

impl Counted {
    fn write(&self, out: &mut String) -> std::fmt::Result {
        let Counted { name, funcs, lines, branches } = self;
        writeln!(out, "TN:\nSF:{name}")?;
        for (line, name) in funcs.keys() {
            writeln!(out, "FN:{line},{name}")?;
        }
        for ((_, name), count) in funcs {
            writeln!(out, "FNDA:{count},{name}")?;
        }
        writeln!(out, "FNF:{}\nFNH:{}", funcs.len(), hit(funcs.values()))?;
        let mut block = (0, 0);
        for ((line, _), taken) in branches {
            block = if block.0 == *line { (*line, block.1 + 1) } else { (*line, 0) };
            let is_reached = taken.iter().any(|&count| count > 0);
            for (branch, count) in taken.iter().enumerate() {
                let count = if is_reached { count.to_string() } else { "-".to_owned() };
                writeln!(out, "BRDA:{line},{},{branch},{count}", block.1)?;
            }
        }
        let found: usize = branches.values().map(Vec::len).sum();
        writeln!(out, "BRF:{found}\nBRH:{}", hit(branches.values().flatten()))?;
        for (line, count) in lines {
            writeln!(out, "DA:{line},{count}")?;
        }
        writeln!(out, "LF:{}\nLH:{}\nend_of_record", lines.len(), hit(lines.values()))
    }
}

fn hit<'a>(counts: impl Iterator<Item = &'a u64>) -> usize {
    counts.filter(|count| **count > 0).count()
}
