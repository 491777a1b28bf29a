//! `ksc test`: makes an executable of the tests of each file, and runs each test as a process of its own.
//!
//! `make.rs` makes the executables, `process.rs` runs one test, `leftovers.rs` removes processes and pins that a test leaves behind, and
//! `report.rs` prints the outcomes. The order of the output is that of the files and of the text, whichever test ends first.

mod interrupt;
mod leftovers;
mod make;
mod process;
mod report;

use super::check::sources;
use super::{report as report_diagnostics, session, status};
use crate::cli::Test;
use crate::session::{Options, Session};
use make::Suite;
use report::{Outcome, Report};
use std::collections::{HashSet, VecDeque};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Mutex, mpsc};

/// Runs all tests. The status is 0 if none failed, 1 if one did, and 2 if a file does not compile.
pub fn run(args: &Test) -> ExitCode {
    let folder = match tempfile::Builder::new().prefix("ksc-test-").tempdir() {
        Ok(folder) => folder,
        Err(error) => {
            eprintln!("error: no temporary folder: {error}");
            return ExitCode::from(status::ENVIRONMENT);
        }
    };
    let Ok(suites) = suites(args, folder.path()) else { return ExitCode::from(status::USAGE) };
    interrupt::listen();
    leftovers::adopt();
    let mut report = Report::default();
    run_all(args, folder.path(), &suites, &mut |suite, test, outcome| report.add(suite, test, outcome));
    if let Some(signal) = interrupt::signal() {
        return ExitCode::from(128_u8.wrapping_add(signal));
    }
    report.finish();
    ExitCode::from(if report.has_failed() { status::SOURCE } else { status::SUCCESS })
}

/// The executables, in order of the files. An error was reported.
fn suites(args: &Test, folder: &std::path::Path) -> Result<Vec<Suite>, ()> {
    let (mut shown, mut suites, mut failed) = (HashSet::new(), Vec::new(), false);
    for named in &args.input {
        let mut cx = Session::new(Options::default());
        let files: Vec<PathBuf> = sources(&mut cx, named).unwrap_or_default();
        failed |= report_diagnostics(&mut cx, args.common.messages, &mut shown) != status::SUCCESS;
        for file in files {
            let Ok(mut cx) = session(&args.common, &file) else { return Err(()) };
            cx.options.tests = true;
            let suite = make::suite(&mut cx, &file, folder.join(suites.len().to_string()), args.filter.as_ref());
            failed |= report_diagnostics(&mut cx, args.common.messages, &mut shown) != status::SUCCESS;
            suites.extend(suite);
        }
    }
    if failed { Err(()) } else { Ok(suites) }
}

/// Runs the tests, several at a time, and hands over what comes out in order.
fn run_all(
    args: &Test,
    folder: &std::path::Path,
    suites: &[Suite],
    take: &mut dyn FnMut(&Suite, &make::TestCase, Outcome),
) {
    let all = || suites.iter().flat_map(|suite| suite.tests.iter().map(move |test| (suite, test)));
    let queue: Mutex<VecDeque<_>> = Mutex::new(all().enumerate().collect());
    let processors = || std::thread::available_parallelism().map_or(1, usize::from);
    let jobs = args.jobs.map_or_else(processors, usize::from);
    std::thread::scope(|scope| {
        let (sender, receiver) = mpsc::channel();
        for _ in 0..jobs {
            let (sender, queue) = (sender.clone(), &queue);
            scope.spawn(move || {
                while interrupt::signal().is_none() {
                    let next = queue.lock().ok().and_then(|mut queue| queue.pop_front());
                    let Some((at, (suite, test))) = next else { return };
                    let outcome = process::run(suite, test, folder, at, args.timeout);
                    if sender.send((at, outcome)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        let mut early: Vec<Option<Outcome>> = all().map(|_| None).collect();
        let mut order = all().enumerate().peekable();
        for (at, outcome) in receiver {
            early[at] = Some(outcome);
            while let Some(&(next, (suite, test))) = order.peek()
                && let Some(outcome) = early[next].take()
            {
                order.next();
                if interrupt::signal().is_none() {
                    take(suite, test, outcome);
                }
            }
        }
    });
}
