//! Verdicts: what a load, or a log, says of a program.

use super::kept::Kept;
use super::load::{self, Loaded};
use super::subject::{Subject, Variant};
use crate::diag::codes::environment::{CannotRead, LogOfOther};
use crate::session::Session;
use ks_verify::log::{File, Log, Statistics};
use ks_verify::object::Program;
use ks_verify::report::Report;
use std::path::Path;

/// What a kernel says of a program.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verdict {
    Ok,
    Refused,
    /// With what is missing.
    Cannot(String),
    /// Nothing that the program needs is missing; no verifier was asked.
    LikelyOk,
    /// A refusal is certain by what is known of the kernel; no verifier was asked.
    LikelyRefused,
}

impl Verdict {
    /// As tables and JSON have it.
    pub fn name(&self) -> &'static str {
        match self {
            Verdict::Ok => "ok",
            Verdict::Refused => "refused",
            Verdict::Cannot(_) => "cannot",
            Verdict::LikelyOk => "likely ok",
            Verdict::LikelyRefused => "likely refused",
        }
    }
}

/// A program on a kernel.
pub struct Row {
    pub file: String,
    pub program: String,
    /// The kernel's release.
    pub kernel: String,
    pub verdict: Verdict,
    pub instructions: usize,
    pub statistics: Statistics,
    /// Why it is refused.
    pub report: Option<Report>,
    /// Of a program that cannot be judged: what kernels said of it before.
    pub kept: Vec<Kept>,
}

/// The verdict on a program that the running kernel is asked to load.
pub fn here(subject: &Subject, folder: &load::Folder, name: &str) -> Row {
    let kernel = load::running_kernel();
    let variant = subject.of(&kernel);
    row(subject, variant, name, kernel, folder.load(name))
}

/// The verdict on a program that a kernel of this release was asked to load.
pub fn row(subject: &Subject, variant: &Variant, name: &str, kernel: String, loaded: Loaded) -> Row {
    let program = variant.object.program(name);
    let instructions = program.as_ref().map_or(0, Program::instructions);
    let log = loaded.log.and_then(|log| Log::read(File::new(log)).ok());
    let statistics = log.as_ref().map(|log| log.statistics).unwrap_or_default();
    let report = log.filter(|_| loaded.failed.is_some()).and_then(|log| {
        let program = program.filter(|program| fits(&log, program));
        ks_verify::report::report(&log, program.as_ref())
    });
    let verdict = match (loaded.failed, &report) {
        (None, _) => Verdict::Ok,
        (Some(_), Some(report)) if report.cannot => Verdict::Cannot(report.message.clone()),
        (Some(_), Some(_)) => Verdict::Refused,
        // The verifier has come to its end, and has said nothing.
        (Some(_), None) if loaded.is_taken && statistics.processed.is_some() => Verdict::Ok,
        (Some(why), None) => Verdict::Cannot(why),
    };
    Row {
        file: subject.file.clone(),
        program: name.to_owned(),
        kernel,
        verdict,
        instructions,
        statistics,
        report,
        kept: Vec::new(),
    }
}

/// What a log says of a program.
pub fn explained(cx: &mut Session, subject: &Subject, path: &Path, wanted: Option<&str>) -> Option<Row> {
    let read = std::fs::File::open(path).and_then(|file| Log::read(File::new(file)));
    let log = match read {
        Ok(log) => log,
        Err(error) => {
            cx.environment(CannotRead { path: path.display().to_string(), why: error.to_string() });
            return None;
        }
    };
    let named = wanted.or(log.program.as_deref());
    let object = &subject.of("").object;
    let mut names = object.programs().map(|program| program.name.as_str());
    let is_named = |name: &&str| named.is_none_or(|named| named == *name);
    let found = names.find(|name| is_named(name) && object.program(name).is_some_and(|found| fits(&log, &found)));
    let Some(name) = found else {
        cx.environment(LogOfOther { path: subject.file.clone() }).help(
            "give the object that was loaded when the log was written, or the source with the options that made it",
        );
        return None;
    };
    let program = object.program(name);
    let instructions = program.as_ref().map_or(0, Program::instructions);
    let report = ks_verify::report::report(&log, program.as_ref());
    let verdict = match &report {
        None => Verdict::Ok,
        Some(report) if report.cannot => Verdict::Cannot(report.message.clone()),
        Some(_) => Verdict::Refused,
    };
    let (file, kernel, statistics) = (subject.file.clone(), "of the log".to_owned(), log.statistics);
    Some(Row { file, program: name.to_owned(), kernel, verdict, instructions, statistics, report, kept: Vec::new() })
}

/// Instructions of a log that are compared with an object's.
const COMPARED: usize = 5000;

/// Whether a log is of this program: its operations are those of the object, apart from those that libbpf relocates.
fn fits<T: ks_verify::log::Text>(log: &Log<T>, program: &Program<'_>) -> bool {
    let operations = log.steps.iter().take(COMPARED).filter_map(|step| Some((step.insn, log.opcode(step)?)));
    let (mut same, mut other) = (0, 0);
    for (insn, operation) in operations {
        if program.opcode(insn) == Some(operation) { same += 1 } else { other += 1 }
    }
    other * 8 <= same
}
