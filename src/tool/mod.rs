//! The subcommands, one file each, and the parts of a run that they share.

pub mod bindings;
pub mod build;
pub mod build_module;
pub mod check;
pub mod completions;
pub mod doc;
pub mod explain;
pub mod fix;
pub mod fmt;
pub mod foreign_commands;
pub mod init;
pub mod inspect;
pub mod kernel;
pub mod list;
pub mod lsp;
pub mod man_pages;
pub mod package;
pub mod run;
pub mod signature;
pub mod test;
mod user_cache;
pub mod verify;

use crate::cli::{Common, ErrorFormat, Messages};
use crate::diag::{Diagnostic, Diagnostics, Severity, escape, json, output_limits, render};
use crate::session::Session;
use clap::ColorChoice;
use std::collections::HashSet;
use std::io::{IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;

/// Exit statuses of every subcommand but 2, which the reader of the command line gives for a wrong use.
pub mod status {
    /// No error was reported.
    pub const SUCCESS: u8 = 0;
    /// The source has errors.
    pub const SOURCE: u8 = 1;
    /// The command line is wrong.
    pub const USAGE: u8 = 2;
    /// The environment: no C compiler, an output that cannot be written.
    pub const ENVIRONMENT: u8 = 3;
}

/// A session with the options that all compilations have; an error if they contradict each other, which was reported.
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
pub fn finish(cx: &mut Session, messages: Messages) -> ExitCode {
    ExitCode::from(report(cx, messages, &mut HashSet::new()))
}

/// Prints the diagnostics of one of several runs, without those in `shown`, which another run has printed. Returns the exit status.
fn report(cx: &mut Session, messages: Messages, shown: &mut HashSet<String>) -> u8 {
    let (text, status) = rendered(cx, messages, shown);
    show(&text);
    show_lowered(cx, messages);
    print_timings(cx);
    status
}

/// The diagnostics of a run as they are printed, without those in `shown`, and the exit status.
fn rendered(cx: &mut Session, messages: Messages, shown: &mut HashSet<String>) -> (String, u8) {
    let mut reported = std::mem::take(&mut cx.diags);
    reported.deny();
    let mut diagnostics: Vec<&Diagnostic> = reported.iter().collect();
    // In the order of the source, whatever the order of checking; what has no place comes first.
    diagnostics.sort_by_key(|d| d.span.map(|span| (span.file, span.lo)));
    let text = text(cx, messages, &reported, &diagnostics, shown);
    let errors: Vec<&Diagnostic> = reported.iter().filter(|d| d.severity == Severity::Error).collect();
    let status = if errors.is_empty() {
        status::SUCCESS
    } else if errors.iter().all(|d| d.code.starts_with("E09")) {
        status::ENVIRONMENT
    } else {
        status::SOURCE
    };
    (text, status)
}

/// Prints rendered diagnostics.
fn show(text: &str) {
    // There is nowhere to report it if standard error is closed.
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

/// Whether diagnostics have colors.
fn has_color(messages: Messages) -> bool {
    match messages.color {
        ColorChoice::Always => true,
        ColorChoice::Never => false,
        // https://no-color.org: any value but the empty one.
        ColorChoice::Auto => {
            std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
        }
    }
}

fn text(
    cx: &Session,
    messages: Messages,
    reported: &Diagnostics,
    sorted: &[&Diagnostic],
    shown: &mut HashSet<String>,
) -> String {
    let color = has_color(messages);
    output_limits::shown(reported, sorted, |diagnostic| {
        let text = match messages.error_format {
            ErrorFormat::Human => render::human(&cx.sources, diagnostic, color),
            ErrorFormat::Json => json::line(&cx.sources, diagnostic) + "\n",
        };
        if shown.insert(text.clone()) { text } else { String::new() }
    })
}

/// Prints what passes chose, in the order of the source; functions that several passes or variants look at count once.
fn show_lowered(cx: &mut Session, messages: Messages) {
    let mut lowered = std::mem::take(&mut cx.lowered);
    lowered.sort();
    lowered.dedup();
    for choice in &lowered {
        let text = match messages.error_format {
            ErrorFormat::Human => {
                let place = cx.sources.line_col(choice.span);
                let file = &cx.sources.file(choice.span.file).name;
                escape::value(&format!("{file}:{}:{}: {}", place.line, place.column, choice.text())).into_owned()
            }
            ErrorFormat::Json => json::lowered(&cx.sources, choice),
        };
        eprintln!("{text}");
    }
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
