//! `ksc verify FILE…`: loads each program of files into the running kernel, attaches none, and explains refusals in terms of the source.
//!
//! The crate `ks-verify` makes the reports, from logs and objects; here are compiling, loading and printing.

mod diagnostic;
mod json;
mod load;
mod places;
mod subject;
mod table;

use super::{report, session, status, usage_error};
use crate::cli::{InspectFormat, Verify, VerifyLoad};
use crate::diag::codes::environment::{CannotRead, LogOfOther, NoSuchProgram};
use crate::link::output;
use crate::session::Session;
use ks_verify::log::{File, Log, Statistics};
use ks_verify::object::Program;
use ks_verify::report::Report;
use std::collections::HashSet;
use std::path::Path;
use std::process::ExitCode;
use subject::Subject;

/// What a kernel says of a program.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Verdict {
    Ok,
    Refused,
    /// With what is missing.
    Cannot(String),
}

impl Verdict {
    fn name(&self) -> &'static str {
        match self {
            Verdict::Ok => "ok",
            Verdict::Refused => "refused",
            Verdict::Cannot(_) => "cannot",
        }
    }
}

/// A program on a kernel.
struct Row {
    file: String,
    program: String,
    kernel: String,
    verdict: Verdict,
    instructions: usize,
    statistics: Statistics,
    /// Why it is refused.
    report: Option<Report>,
}

/// Verifies all files. The exit code is 1 if a program is refused or a source has errors, else 3 if one cannot be judged.
pub fn run(args: &Verify) -> ExitCode {
    if args.log.is_some() && args.input.len() > 1 {
        return usage_error("a log is of one file, and several are given");
    }
    let mut statuses = Vec::new();
    let mut shown = HashSet::new();
    for file in &args.input {
        let mut cx = match session(&args.common, file) {
            Ok(cx) => cx,
            Err(status) => return status,
        };
        let rows = rows(&mut cx, file, args);
        statuses.push(report(&mut cx, args.common.messages, &mut shown));
        let Some((subject, rows)) = rows else { continue };
        statuses.extend(rows.iter().map(|row| match row.verdict {
            Verdict::Ok => status::SUCCESS,
            Verdict::Refused => status::SOURCE,
            Verdict::Cannot(_) => status::ENVIRONMENT,
        }));
        statuses.push(print(&mut cx, args, &subject, &rows, &mut shown));
    }
    let found = [status::SOURCE, status::ENVIRONMENT].into_iter().find(|status| statuses.contains(status));
    ExitCode::from(found.unwrap_or(status::SUCCESS))
}

/// The child: loads one program.
pub fn load_one(args: &VerifyLoad) -> ExitCode {
    ExitCode::from(load::child(args))
}

/// The programs of a file with their verdicts. None after an error, which was reported.
fn rows(cx: &mut Session, file: &Path, args: &Verify) -> Option<(Subject, Vec<Row>)> {
    let subject = subject::read(cx, file, &args.set)?;
    let names: Vec<String> = subject.object.programs().map(|program| program.name.clone()).collect();
    if let Some(wanted) = args.program.as_ref().filter(|wanted| !names.contains(wanted)) {
        let (path, name) = (file.display().to_string(), wanted.clone());
        cx.environment(NoSuchProgram { path, name }).help(format!("its programs are {}", names.join(", ")));
        return None;
    }
    let wanted = names.into_iter().filter(|name| args.program.as_ref().is_none_or(|wanted| wanted == name));
    let rows = match &args.log {
        Some(log) => vec![explained(cx, &subject, log, args.program.as_deref())?],
        None => {
            let folder = load::Folder::new(cx, &subject.bytes)?;
            wanted.map(|name| judged(&subject, &folder, name)).collect()
        }
    };
    Some((subject, rows))
}

/// Loads a program, and says what became of it.
fn judged(subject: &Subject, folder: &load::Folder, name: String) -> Row {
    let program = subject.object.program(&name);
    let instructions = program.as_ref().map_or(0, Program::instructions);
    let loaded = folder.load(&name);
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
    let (file, kernel) = (subject.file.clone(), load::running_kernel());
    Row { file, program: name, kernel, verdict, instructions, statistics, report }
}

/// What a log says of a program.
fn explained(cx: &mut Session, subject: &Subject, path: &Path, wanted: Option<&str>) -> Option<Row> {
    let read = std::fs::File::open(path).and_then(|file| Log::read(File::new(file)));
    let log = match read {
        Ok(log) => log,
        Err(error) => {
            cx.environment(CannotRead { path: path.display().to_string(), why: error.to_string() });
            return None;
        }
    };
    let named = wanted.or(log.program.as_deref());
    let mut names = subject.object.programs().map(|program| program.name.as_str());
    let is_named = |name: &&str| named.is_none_or(|named| named == *name);
    let found =
        names.find(|name| is_named(name) && subject.object.program(name).is_some_and(|found| fits(&log, &found)));
    let Some(name) = found else {
        cx.environment(LogOfOther { path: subject.file.clone() }).help(
            "give the object that was loaded when the log was written, or the source with the options that made it",
        );
        return None;
    };
    let program = subject.object.program(name);
    let instructions = program.as_ref().map_or(0, Program::instructions);
    let report = ks_verify::report::report(&log, program.as_ref());
    let verdict = match &report {
        None => Verdict::Ok,
        Some(report) if report.cannot => Verdict::Cannot(report.message.clone()),
        Some(_) => Verdict::Refused,
    };
    let (file, kernel, statistics) = (subject.file.clone(), "of the log".to_owned(), log.statistics);
    Some(Row { file, program: name.to_owned(), kernel, verdict, instructions, statistics, report })
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

/// Prints the verdicts and reports of a file. Returns a status, which is that of printing alone.
fn print(cx: &mut Session, args: &Verify, subject: &Subject, rows: &[Row], shown: &mut HashSet<String>) -> u8 {
    let mut places = places::Places::new(subject);
    let reports = rows.iter().filter_map(|row| Some((row, row.report.as_ref()?)));
    let diagnostics: Vec<_> =
        reports.map(|(row, report)| (row, report, diagnostic::of(cx, &mut places, row, report))).collect();
    match args.format {
        InspectFormat::Json => {
            let verdicts = rows.iter().map(json::verdict);
            let told = diagnostics.iter().map(|(row, report, told)| json::diagnostic(cx, row, report, told));
            let text: String = verdicts.chain(told).collect();
            output::print(cx, text).map_or(status::ENVIRONMENT, |()| status::SUCCESS)
        }
        InspectFormat::Text => {
            let printed = output::print(cx, table::of(rows));
            for (_, _, told) in diagnostics {
                cx.diags.push(told);
            }
            // Whether a program is refused is said by its verdict.
            let _ = report(cx, args.common.messages, shown);
            printed.map_or(status::ENVIRONMENT, |()| status::SUCCESS)
        }
    }
}
