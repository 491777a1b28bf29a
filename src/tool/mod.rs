//! The subcommands, one file each; what they share is how a run begins and ends.

pub mod build;
pub mod check;
pub mod explain;
pub mod fix;
pub mod fmt;
pub mod inspect;

use crate::cli::{Common, ErrorFormat};
use crate::diag::{Diagnostic, Severity, escape, json, render};
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
        return Err(usage_error(&why));
    }
    Ok(Session::new(common.options(input)))
}

/// The command line is wrong.
fn usage_error(why: &str) -> ExitCode {
    eprintln!("error: {}", escape::value(why));
    ExitCode::from(status::USAGE)
}

/// Prints all that was reported and says how the run ended.
pub fn finish(cx: &mut Session, format: ErrorFormat) -> ExitCode {
    let mut diagnostics = cx.diags.take();
    // In the order of the source, whatever the order of checking; what has no place comes first.
    diagnostics.sort_by_key(|d| d.span.map(|span| (span.file, span.lo)));
    show(cx, format, &diagnostics);
    print_timings(cx);
    let errors: Vec<&Diagnostic> = diagnostics.iter().filter(|d| d.severity == Severity::Error).collect();
    if errors.is_empty() {
        ExitCode::SUCCESS
    } else if errors.iter().all(|d| d.code.starts_with("E09")) {
        ExitCode::from(status::ENVIRONMENT)
    } else {
        ExitCode::from(status::SOURCE)
    }
}

fn show(cx: &Session, format: ErrorFormat, diagnostics: &[Diagnostic]) {
    if diagnostics.is_empty() {
        return;
    }
    let stderr = std::io::stderr();
    let text = match format {
        ErrorFormat::Human => {
            let color = stderr.is_terminal() && std::env::var_os("NO_COLOR").is_none();
            render::human(&cx.sources, diagnostics, color)
        }
        ErrorFormat::Json => diagnostics.iter().map(|d| json::line(&cx.sources, d) + "\n").collect(),
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
