//! `ksc test`: makes an executable of the tests of each file, and runs each test as a process of its own.
//!
//! `make.rs` makes the executables, `process.rs` runs one test, in a virtual machine where `machine.rs` says so, `leftovers.rs` removes processes and pins that a test leaves behind,
//! `settings.rs` restores what it has written below `/proc/sys`, and `report.rs` prints the outcomes, with `json.rs`, `junit.rs` or `coverage.rs` for other programs. The order of the output is that of the files and of the text, whichever test ends first.

mod coverage;
mod interrupt;
mod json;
mod junit;
mod leftovers;
mod machine;
mod make;
mod process;
mod report;
mod settings;
mod watch;

use super::check::sources;
use super::{report as report_diagnostics, session, status};
use crate::cli::Test;
use crate::diag::escape;
use crate::session::{Options, Session};
use coverage::Coverage;
use make::Suite;
use process::Surroundings;
use report::{Outcome, Report};
use std::collections::{BTreeSet, HashSet, VecDeque};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Mutex, mpsc};

/// Runs all tests. The status is 0 if none failed, 1 if one did, and 2 if a file does not compile.
pub fn run(args: &Test) -> ExitCode {
    interrupt::listen();
    leftovers::adopt();
    loop {
        let (status, watched) = run_once(args);
        if let Some(signal) = interrupt::signal() {
            return ExitCode::from(128_u8.wrapping_add(signal));
        }
        if !args.watch {
            return ExitCode::from(status);
        }
        if watched.wait() {
            println!();
        }
    }
}

/// The status, and the state of the files that were read before the tests ran.
fn run_once(args: &Test) -> (u8, watch::State) {
    let mut read: BTreeSet<PathBuf> = args.input.iter().cloned().collect();
    let folder = match tempfile::Builder::new().prefix("ksc-test-").tempdir() {
        Ok(folder) => folder,
        Err(error) => {
            eprintln!("error: no temporary folder: {error}");
            return (status::ENVIRONMENT, watch::State::of(read));
        }
    };
    let suites = suites(args, folder.path(), &mut read);
    let state = watch::State::of(read);
    let status = suites.map_or(status::USAGE, |suites| run_suites(args, folder.path(), &suites));
    (status, state)
}

/// Runs the tests and reports them. The status.
fn run_suites(args: &Test, folder: &Path, suites: &[Suite]) -> u8 {
    let mut report = Report::new(args.json);
    let machine = match machine::choose(args, folder, suites) {
        Ok(machine) => machine,
        Err(why) => {
            eprintln!("error: {why}");
            return status::ENVIRONMENT;
        }
    };
    let surroundings = Surroundings { folder, timeout: args.timeout, machine: machine.as_deref() };
    let mut counts: Vec<Vec<u64>> = suites.iter().map(|_| Vec::new()).collect();
    run_all(args, &surroundings, suites, &mut |suite, test, outcome| {
        let at = suites.iter().position(|one| std::ptr::eq(one, suite));
        if let (Some(counts), Some(file)) = (at.and_then(|at| counts.get_mut(at)), &outcome.counted) {
            coverage::add(counts, file);
        }
        report.add(suite, test, outcome);
    });
    if interrupt::signal().is_some() {
        return status::SUCCESS;
    }
    report.finish();
    let mut all = Coverage::default();
    std::iter::zip(suites, &counts).for_each(|(suite, counts)| all.add(&suite.sources, counts));
    let junit = args.junit.as_ref().map(|path| (path, junit::text(&report.rows)));
    let coverage = args.coverage.as_ref().map(|path| (path, all.text()));
    for (path, text) in junit.into_iter().chain(coverage) {
        if let Err(error) = std::fs::write(path, text) {
            eprintln!("error: cannot write `{}`: {error}", escape::value(&path.display().to_string()));
            return status::ENVIRONMENT;
        }
    }
    let [_, failed, _] = report.counts();
    if failed > 0 { status::SOURCE } else { status::SUCCESS }
}

/// The executables, in order of the files; adds what was read. None if a file does not compile, which was reported.
fn suites(args: &Test, folder: &Path, read: &mut BTreeSet<PathBuf>) -> Option<Vec<Suite>> {
    let (mut shown, mut suites, mut failed) = (HashSet::new(), Vec::new(), false);
    for named in &args.input {
        let mut cx = Session::new(Options::default());
        let files: Vec<PathBuf> = sources(&mut cx, named).unwrap_or_default();
        failed |= report_diagnostics(&mut cx, args.common.messages, &mut shown) != status::SUCCESS;
        for file in files {
            let mut cx = session(&args.common, &file).ok()?;
            cx.options.tests = true;
            cx.options.coverage = args.coverage.is_some();
            let suite = make::suite(&mut cx, &file, folder.join(suites.len().to_string()), args.filter.as_ref());
            read.extend(file.parent().map(Path::to_owned).filter(|_| named.is_dir()));
            read.extend(cx.sources.files().map(|(_, source)| source.path.clone()));
            failed |= report_diagnostics(&mut cx, args.common.messages, &mut shown) != status::SUCCESS;
            suites.extend(suite);
        }
    }
    (!failed).then_some(suites)
}

/// Runs the tests, several at a time, and hands over what comes out in order.
fn run_all(
    args: &Test,
    surroundings: &Surroundings,
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
                    let outcome = process::run(suite, test, surroundings, at);
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
