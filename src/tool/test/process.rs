//! A test as a process: started in a group of its own, waited for, and cleaned up after.

use super::make::{Suite, TestCase};
use super::report::{Outcome, Verdict};
use super::settings::{self, Kept};
use super::{interrupt, leftovers, machine};
use std::fs;
use std::io;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// A test that has ended is noticed after this time at the latest.
const TICK: Duration = Duration::from_millis(5);

/// How the runtime begins the reason of a test that nothing catches the error of.
const UNCAUGHT: &str = "uncaught ";

/// What all tests have in common.
pub struct Surroundings<'a> {
    /// For the files of tests.
    pub folder: &'a Path,
    pub timeout: Duration,
    /// The library with the virtual machine, if programs run in it.
    pub machine: Option<&'a Path>,
}

/// How the process ended.
enum End {
    Status(ExitStatus),
    TimedOut,
}

/// Runs a test; `at` is its number among all.
pub fn run(suite: &Suite, test: &TestCase, surroundings: &Surroundings, at: usize) -> Outcome {
    let (folder, timeout) = (surroundings.folder, surroundings.timeout);
    let (verdict, output) = (folder.join(format!("{at}.verdict")), folder.join(format!("{at}.output")));
    let counted = (!suite.sources.is_empty()).then(|| folder.join(format!("{at}.counts")));
    let id = format!("{}_{at}", std::process::id());
    let since = Instant::now();
    let started = Kept::new(folder, at).and_then(|kept| {
        let files = Files { verdict: &verdict, output: &output, counted: counted.as_deref() };
        start(suite, test, surroundings.machine, (&id, files), &kept).map(|child| (child, kept))
    });
    let (mut child, kept) = match started {
        Ok(started) => started,
        Err(error) => return Outcome::failed(format!("the executable does not start: {error}"), since.elapsed()),
    };
    let end = wait(&mut child, &kept, timeout);
    let left = leftovers::processes(child.id(), &id);
    leftovers::kill(child.id(), &left);
    let _ = child.wait();
    let settings = kept.restore();
    let pins = leftovers::pins(&suite.pins, &id);
    let said = fs::read(&verdict).ok();
    let said = said.as_deref().map(String::from_utf8_lossy);
    let mut outcome = match end {
        End::TimedOut => Outcome::failed(format!("timed out after {} s", timeout.as_secs_f64()), since.elapsed()),
        End::Status(status) => judge(status, said.as_deref(), since.elapsed()),
    };
    let in_time = matches!(end, End::Status(_));
    let processes = left.iter().filter(|_| in_time).map(|pid| format!("left {pid}"));
    let settings = settings.iter().map(|path| format!("left {path}"));
    for left in processes.chain(pins.iter().map(|pin| format!("left {}", pin.display()))).chain(settings) {
        outcome.also_left(left);
    }
    if let Some(place) = &mut outcome.place {
        if let Some(name) = suite.thrown.get(place).filter(|_| outcome.why.starts_with(UNCAUGHT)) {
            outcome.why.push_str(&format!(" ({name})"));
        }
        if place.0 == suite.recorded {
            place.0.clone_from(&suite.file);
        }
    }
    outcome.output = fs::read(&output).unwrap_or_default();
    outcome.counted = counted;
    outcome
}

/// What a test writes.
struct Files<'a> {
    verdict: &'a Path,
    output: &'a Path,
    counted: Option<&'a Path>,
}

fn start(
    suite: &Suite,
    test: &TestCase,
    machine: Option<&Path>,
    (id, files): (&str, Files),
    kept: &Kept,
) -> io::Result<Child> {
    let output = fs::File::create(files.output)?;
    let mut command = Command::new(&suite.executable);
    command.env("KS_TEST", test.number.to_string()).env(leftovers::MARK, id).env("KS_TEST_REPORT", files.verdict);
    if let Some(counted) = files.counted {
        fs::File::create(counted)?;
        command.env("KS_TEST_COVERAGE", counted);
    }
    if let Some(machine) = machine {
        machine::start_with(&mut command, machine);
    }
    command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output).process_group(0);
    command.env(settings::VARIABLE, kept.variable());
    let lock = kept.lock();
    // SAFETY: between fork and exec the child makes system calls alone.
    unsafe {
        command.pre_exec(move || {
            settings::hand_on(lock);
            libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
            Ok(())
        });
    }
    command.spawn()
}

/// Waits for the end of a test, for so long; the time in which it waits for another test does not count.
fn wait(child: &mut Child, kept: &Kept, timeout: Duration) -> End {
    let (mut last, mut counted) = (Instant::now(), Duration::ZERO);
    let mut pause = Duration::from_micros(500);
    loop {
        if let Ok(Some(status)) = child.try_wait() {
            return End::Status(status);
        }
        if !kept.waits() {
            counted += last.elapsed();
        }
        last = Instant::now();
        if counted >= timeout || interrupt::signal().is_some() {
            return End::TimedOut;
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(TICK);
    }
}

/// The outcome of a test by the end of its process and what it said itself.
fn judge(status: ExitStatus, said: Option<&str>, time: Duration) -> Outcome {
    if let Some(signal) = status.signal() {
        return Outcome::failed(format!("killed by {}", signal_name(signal)), time);
    }
    let mut parts = said.unwrap_or_default().splitn(4, '\n');
    let mut part = || parts.next().unwrap_or_default().to_owned();
    let (word, file, line, why) = (part(), part(), part(), part());
    match word.as_str() {
        "passed" if status.success() => Outcome::new(Verdict::Passed, String::new(), time),
        "skipped" => Outcome::new(Verdict::Skipped, why, time),
        "failed" => {
            let place = line.parse().ok().filter(|line| *line > 0).map(|line| (file, line));
            Outcome { place, ..Outcome::failed(why, time) }
        }
        _ => match status.code() {
            Some(0) => Outcome::failed("the process ended before the test".to_owned(), time),
            Some(code) => Outcome::failed(format!("ended with status {code}"), time),
            None => Outcome::failed("ended".to_owned(), time),
        },
    }
}

fn signal_name(signal: i32) -> String {
    const NAMES: [(i32, &str); 14] = [
        (libc::SIGHUP, "SIGHUP"),
        (libc::SIGINT, "SIGINT"),
        (libc::SIGQUIT, "SIGQUIT"),
        (libc::SIGILL, "SIGILL"),
        (libc::SIGTRAP, "SIGTRAP"),
        (libc::SIGABRT, "SIGABRT"),
        (libc::SIGBUS, "SIGBUS"),
        (libc::SIGFPE, "SIGFPE"),
        (libc::SIGKILL, "SIGKILL"),
        (libc::SIGUSR1, "SIGUSR1"),
        (libc::SIGSEGV, "SIGSEGV"),
        (libc::SIGPIPE, "SIGPIPE"),
        (libc::SIGTERM, "SIGTERM"),
        (libc::SIGSYS, "SIGSYS"),
    ];
    let known = NAMES.iter().find(|(number, _)| *number == signal);
    known.map_or_else(|| format!("signal {signal}"), |(_, name)| (*name).to_owned())
}
