//! `ksc verify FILE…`: loads each program of files into kernels, attaches none, and explains refusals in terms of the source.
//!
//! The crate `ks-verify` makes the reports, from logs and objects; here are compiling, loading and printing. The running kernel is asked in
//! processes of their own (`load`), others in virtual machines (`kernels`).

mod annotations;
mod baseline;
mod diagnostic;
mod json;
mod judge;
mod kept;
mod kernels;
pub mod load;
mod places;
mod subject;
mod table;
mod types;

use super::kernel::failed;
use super::{report, session, status, usage_error};
use crate::cli::{Verify, VerifyFormat, VerifyLoad};
use crate::diag::codes::environment::NoSuchProgram;
use crate::link::output;
use crate::session::{Options, Session};
use baseline::{Baseline, Change};
use judge::{Row, Verdict};
pub use kept::{Kept, of as kept_of};
use kernels::Kernels;
use std::collections::HashSet;
use std::path::Path;
use std::process::ExitCode;
use subject::Subject;

/// A file that is verified.
struct Input {
    cx: Session,
    subject: Subject,
    /// Those that are asked for.
    programs: Vec<String>,
}

/// Verifies all files. The exit code is 1 if a program is refused or a source has errors, else 3 if one cannot be judged or a kernel is not
/// to be had. A program that is worse than in the baseline counts as refused.
pub fn run(args: &Verify) -> ExitCode {
    if args.log.is_some() && args.input.len() > 1 {
        return usage_error("a log is of one file, and several are given");
    }
    let mut kernels = match Kernels::chosen(&args.kernel, types_folder(args)) {
        Ok(kernels) => kernels,
        Err(why) => return failed(&why),
    };
    let baseline = match args.baseline.as_ref().map(|path| Baseline::read(path, args.tolerance)).transpose() {
        Ok(baseline) => baseline,
        Err(why) => return failed(&why),
    };
    let mut statuses = Vec::new();
    let mut shown = HashSet::new();
    let mut inputs = Vec::new();
    for file in &args.input {
        let mut cx = match session_of(args, file) {
            Ok(cx) => cx,
            Err(status) => return status,
        };
        let found = programs(&mut cx, file, args);
        statuses.push(report(&mut cx, args.common.messages, &mut shown));
        inputs.extend(found.map(|(subject, programs)| Input { cx, subject, programs }));
    }
    statuses.push(kernels.ask(&inputs));
    for (number, input) in inputs.iter_mut().enumerate() {
        let rows = rows(input, number, args, &mut kernels);
        statuses.push(report(&mut input.cx, args.common.messages, &mut shown));
        let Some(rows) = rows else { continue };
        let changes: Vec<Change> = rows.iter().filter_map(|row| baseline.as_ref()?.change(row)).collect();
        statuses.extend(rows.iter().map(|row| match row.verdict {
            Verdict::Ok | Verdict::LikelyOk => status::SUCCESS,
            Verdict::Refused | Verdict::LikelyRefused => status::SOURCE,
            Verdict::Cannot(_) => status::ENVIRONMENT,
        }));
        statuses.extend(changes.iter().filter(|change| change.is_worse()).map(|_| status::SOURCE));
        statuses.push(print(input, args, &rows, &changes, &mut shown));
    }
    let found = [status::SOURCE, status::ENVIRONMENT].into_iter().find(|status| statuses.contains(status));
    ExitCode::from(found.unwrap_or(status::SUCCESS))
}

/// The folder of `--btf DIR`; a file is the types for which a source is compiled.
fn types_folder(args: &Verify) -> Option<&Path> {
    args.common.btf.as_deref().filter(|path| path.is_dir())
}

fn session_of(args: &Verify, file: &Path) -> Result<Session, ExitCode> {
    let mut cx = session(&args.common, file)?;
    if types_folder(args).is_some() {
        cx = Session::new(Options { btf: None, ..args.common.options(file) });
    }
    Ok(cx)
}

/// The child: loads one program.
pub fn load_one(args: &VerifyLoad) -> ExitCode {
    ExitCode::from(ks_verify_load::child(&args.object, &args.program, &args.log))
}

/// A file, and which of its programs are verified. None after an error, which was reported.
fn programs(cx: &mut Session, file: &Path, args: &Verify) -> Option<(Subject, Vec<String>)> {
    let subject = subject::read(cx, file, &args.set)?;
    let mut names: Vec<String> = subject.of("").object.programs().map(|program| program.name.clone()).collect();
    if let Some(wanted) = &args.program {
        if !names.contains(wanted) {
            let (path, name) = (file.display().to_string(), wanted.clone());
            cx.environment(NoSuchProgram { path, name }).help(format!("its programs are {}", names.join(", ")));
            return None;
        }
        names.retain(|name| name == wanted);
    }
    Some((subject, names))
}

/// The verdicts on the programs of a file, on each kernel. None after an error, which was reported.
fn rows(input: &mut Input, number: usize, args: &Verify, kernels: &mut Kernels) -> Option<Vec<Row>> {
    match &args.log {
        Some(log) => Some(vec![judge::explained(&mut input.cx, &input.subject, log, args.program.as_deref())?]),
        None => {
            let mut rows = kernels.rows(input, number)?;
            let subject = &input.subject;
            kept::exchange(&|row| subject.of(&row.kernel).bytes.clone(), &mut rows);
            Some(rows)
        }
    }
}

/// Prints the verdicts and reports of a file. Returns a status, which is that of printing alone.
fn print(input: &mut Input, args: &Verify, rows: &[Row], changes: &[Change], shown: &mut HashSet<String>) -> u8 {
    let Input { cx, subject, .. } = input;
    let reports = rows.iter().filter_map(|row| Some((row, row.report.as_ref()?)));
    let diagnostics: Vec<_> = reports
        .map(|(row, report)| {
            let mut places = places::Places::new(subject, subject.of(&row.kernel));
            (row, report, diagnostic::of(cx, &mut places, row, report))
        })
        .collect();
    let table = || table::of(rows) + &changes.iter().map(Change::text).collect::<String>();
    let text = match args.format {
        VerifyFormat::Json => {
            let told = diagnostics.iter().map(|(row, report, told)| json::diagnostic(cx, row, report, told));
            rows.iter().map(json::verdict).chain(told).chain(changes.iter().map(json::line)).collect()
        }
        VerifyFormat::Github => {
            let told = diagnostics.iter().map(|(row, _, told)| annotations::refusal(cx, row, told));
            let worse = changes.iter().filter(|change| change.is_worse()).map(annotations::worse);
            table() + &told.chain(rows.iter().filter_map(annotations::lack)).chain(worse).collect::<String>()
        }
        VerifyFormat::Text => table(),
    };
    let printed = output::print(cx, text);
    if args.format == VerifyFormat::Text {
        for (_, _, told) in diagnostics {
            cx.diags.push(told);
        }
        // Whether a program is refused is said by its verdict.
        let _ = report(cx, args.common.messages, shown);
    }
    printed.map_or(status::ENVIRONMENT, |()| status::SUCCESS)
}
