//! The subcommands, one file each; what they share is how a run begins and ends.

pub mod build;
pub mod check;
pub mod explain;
pub mod fix;
pub mod fmt;
pub mod inspect;

use crate::cli::{Common, ErrorFormat};
use crate::diag::{Diagnostic, Diagnostics, Severity, json, limits, render};
use crate::session::Session;
use std::io::{IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;

/// Exit statuses of every subcommand but 2, which the reader of the command line gives for a wrong use.
pub mod status {
    /// The source has errors.
    pub const SOURCE: u8 = 1;
    /// The command line is wrong.
    pub const USAGE: u8 = 2;
    /// The environment: no C compiler, an output that cannot be written.
    pub const ENVIRONMENT: u8 = 3;
}

/// A session with the options that all compilations have; else they contradict each other, which was told.
pub fn session(common: &Common, input: &Path) -> Result<Session, ExitCode> {
    if let Err(why) = common.check() {
        eprintln!("error: {why}");
        return Err(ExitCode::from(status::USAGE));
    }
    Ok(Session::new(common.options(input)))
}

/// Prints all that was reported and says how the run ended.
pub fn finish(cx: &mut Session, format: ErrorFormat) -> ExitCode {
    let reported = std::mem::take(&mut cx.diags);
    let mut diagnostics: Vec<&Diagnostic> = reported.iter().collect();
    // In the order of the source, whatever the order of checking; what has no place comes first.
    diagnostics.sort_by_key(|d| d.span.map(|span| (span.file, span.lo)));
    show(cx, format, &reported, &diagnostics);
    print_timings(cx);
    let errors: Vec<&Diagnostic> = reported.iter().filter(|d| d.severity == Severity::Error).collect();
    if errors.is_empty() {
        ExitCode::SUCCESS
    } else if errors.iter().all(|d| d.code.starts_with("E09")) {
        ExitCode::from(status::ENVIRONMENT)
    } else {
        ExitCode::from(status::SOURCE)
    }
}

fn show(cx: &Session, format: ErrorFormat, reported: &Diagnostics, sorted: &[&Diagnostic]) {
    if sorted.is_empty() {
        return;
    }
    let stderr = std::io::stderr();
    let text = match format {
        ErrorFormat::Human => {
            let color = stderr.is_terminal() && std::env::var_os("NO_COLOR").is_none();
            limits::shown(reported, sorted, |diagnostic| render::human(&cx.sources, diagnostic, color))
        }
        ErrorFormat::Json => limits::shown(reported, sorted, |d| json::line(&cx.sources, d) + "\n"),
    };
    // Nobody is left to tell if standard error is closed.
    let _ = stderr.lock().write_all(text.as_bytes());
}

fn print_timings(cx: &Session) {
    if !cx.options.time_passes {
        return;
    }
    let total: std::time::Duration = cx.timings.iter().map(|(_, time)| *time).sum();
    for (what, time) in cx.timings.iter().copied().chain([("total", total)]) {
        eprintln!("{:>10.3} ms  {what}", time.as_secs_f64() * 1000.0);
    }
}
