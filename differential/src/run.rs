//! Many programs, some at a time.

use crate::check::{self, PATIENCE};
use crate::compare::{Failure, Kind, Report};
use crate::execute::Engine;
use crate::generate::{self, Family};
use crate::progress::Progress;
use crate::reduce;
use crate::settings::Settings;
use differential::random::Random;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::{Duration, Instant};

/// One program that is being run.
struct Job {
    /// Which of all.
    at: usize,
    program: Program,
    tests: usize,
    file: PathBuf,
    output: PathBuf,
    process: Child,
    since: Instant,
}

/// One of the programs: which of its family.
#[derive(Clone, Copy)]
pub struct Program {
    pub family: Family,
    pub number: usize,
}

impl Program {
    pub fn seed(self, seed: u64) -> u64 {
        let family = match self.family {
            Family::Plain => 0,
            Family::Maps => 1u64 << 62,
            Family::Bpf => 1 << 63,
            Family::Packets => 1 << 61,
            Family::Tails => 1 << 60,
            Family::References => 1 << 59,
        };
        Random::new(seed ^ family ^ (self.number as u64).wrapping_mul(0xd6e8_feb8_6659_fd93)).word()
    }
}

/// Programs with so many tests of each family in all, and the tests in each.
pub fn programs(families: impl IntoIterator<Item = (Family, usize)>, per_program: usize) -> Vec<(Program, usize)> {
    let of = |(family, all): (Family, usize)| {
        // A program of the kernel is as much work as some functions.
        let each = if family.is_of_programs() { (per_program / 5).max(1) } else { per_program };
        (0..all.div_ceil(each)).map(move |number| (Program { family, number }, each.min(all - number * each)))
    };
    let mut all: Vec<(Program, usize)> = families.into_iter().flat_map(of).collect();
    // A run that ends early has some of each family.
    all.sort_by_key(|(program, _)| program.number);
    all
}

/// Programs with a failure, by its kind and the engine that showed it.
type Kept = BTreeMap<(Kind, Option<Engine>), Vec<(PathBuf, u64, Failure)>>;

struct Campaign<'a> {
    settings: &'a Settings,
    folder: &'a Path,
    jobs: Vec<Job>,
    progress: Progress,
    since: Instant,
    /// When progress was last reported.
    last_report: Instant,
    /// Programs with a failure of each kind, the first ones only.
    kept: Kept,
}

/// Runs it all and prints what came out; whether nothing failed.
pub fn run(settings: &Settings) -> std::io::Result<bool> {
    let folder = tempfile::tempdir()?;
    let since = Instant::now();
    let mut campaign = Campaign {
        settings,
        folder: folder.path(),
        jobs: Vec::new(),
        progress: Progress::start(settings)?,
        since,
        last_report: since,
        kept: BTreeMap::new(),
    };
    let programs = programs(settings.families(), settings.per_program);
    for (at, &(program, tests)) in programs.iter().enumerate().skip(settings.first) {
        if campaign.progress.has_run(at) {
            continue;
        }
        if settings.time.is_some_and(|seconds| since.elapsed() > Duration::from_secs(seconds)) {
            println!("out of time: the first program that has not run is {at} of {}", programs.len());
            break;
        }
        while campaign.jobs.len() >= settings.jobs {
            campaign.wait()?;
        }
        campaign.start(at, program, tests)?;
    }
    while !campaign.jobs.is_empty() {
        campaign.wait()?;
    }
    campaign.summary(programs.len());
    Ok(campaign.progress.failed == 0)
}

impl Campaign<'_> {
    fn start(&mut self, at: usize, program: Program, tests: usize) -> std::io::Result<()> {
        let seed = program.seed(self.settings.seed);
        let file = self.folder.join(format!("{at}.ks"));
        let output = self.folder.join(format!("{at}.json"));
        std::fs::write(&file, generate::program(program.family, seed, tests))?;
        let mut command = check::command(&file, seed, self.settings.inputs, &output)?;
        if self.settings.no_bpf {
            command.args(["--engine", "HostO0", "--engine", "HostO2"]);
        }
        if let Some(machine) = self.settings.target_arch {
            command.args(["--target-arch", machine.name]);
        }
        for engine in &self.settings.engines {
            command.args(["--engine", &format!("{engine:?}")]);
        }
        let process = command.spawn()?;
        self.jobs.push(Job { at, program, tests, file, output, process, since: Instant::now() });
        Ok(())
    }

    /// Until one of the processes has ended.
    fn wait(&mut self) -> std::io::Result<()> {
        loop {
            for at in 0..self.jobs.len() {
                let job = &mut self.jobs[at];
                if let Some(status) = job.process.try_wait()? {
                    let job = self.jobs.swap_remove(at);
                    let report = check::report(status, &job.output);
                    return self.ended(&job, report);
                }
                if job.since.elapsed() > PATIENCE {
                    job.process.kill()?;
                    job.process.wait()?;
                    let job = self.jobs.swap_remove(at);
                    return self.ended(&job, check::hangs());
                }
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn ended(&mut self, job: &Job, report: Report) -> std::io::Result<()> {
        let total = &mut self.progress.total;
        // A program that was not compiled has its tests all the same.
        total.tests += report.tests.max(job.tests);
        total.inputs += report.inputs;
        total.too_long += report.too_long;
        for (reason, count) in report.left_out {
            *total.left_out.entry(reason).or_default() += count;
        }
        total.loaded += report.loaded;
        total.lookups.0 += report.lookups.0;
        total.lookups.1 += report.lookups.1;
        for (engine, count) in report.executions {
            *total.executions.entry(engine).or_default() += count;
        }
        for (what, time) in report.time {
            *total.time.entry(what).or_default() += time;
        }
        let mut tests: Vec<&Option<String>> = report.failures.iter().map(|f| &f.test).collect();
        tests.sort();
        tests.dedup();
        self.progress.failed += if tests.contains(&&None) { job.tests } else { tests.len() };
        if !report.failures.is_empty() {
            self.keep(job, &report.failures)?;
        }
        self.progress.ran(job.at, self.since.elapsed(), self.settings.record.as_deref())?;
        self.report_progress(job.at);
        std::fs::remove_file(&job.file)?;
        std::fs::remove_file(&job.output)
    }

    /// Once a minute, how far it is.
    fn report_progress(&mut self, at: usize) {
        if self.last_report.elapsed() >= Duration::from_secs(60) {
            self.last_report = Instant::now();
            let Progress { total, failed, took, .. } = &self.progress;
            let (tests, seconds) = (total.tests, took.as_secs());
            println!("{seconds} s: {tests} tests, {failed} failed; program {at}");
        }
    }

    fn keep(&mut self, job: &Job, failures: &[Failure]) -> std::io::Result<()> {
        std::fs::create_dir_all(&self.settings.keep)?;
        let Program { family, number } = job.program;
        let file = self.settings.keep.join(format!("{}-{}-{number}.ks", self.settings.seed, family.name()));
        std::fs::copy(&job.file, &file)?;
        for failure in failures {
            let engine = failure.engine.map_or("", Engine::name);
            let test = failure.test.as_deref().unwrap_or("the whole program");
            let text = failure.detail.lines().rev().take(2).collect::<Vec<_>>().join(" | ");
            println!("{}: {:?} {engine} {test}: {text}", file.display(), failure.kind);
            let kept = self.kept.entry((failure.kind.clone(), failure.engine)).or_default();
            kept.push((file.clone(), job.program.seed(self.settings.seed), failure.clone()));
        }
        Ok(())
    }

    fn summary(&self, programs: usize) {
        let Progress { total, failed, took, .. } = &self.progress;
        let executions: Vec<String> =
            total.executions.iter().map(|(engine, n)| format!("{} {n}", engine.name())).collect();
        let (seed, ran, seconds) = (self.settings.seed, self.progress.count(), took.as_secs());
        println!(
            "seed {seed}, {ran} of {programs} programs, {} tests, {} inputs, {seconds} s",
            total.tests, total.inputs
        );
        println!("executions: {}", executions.join(", "));
        println!("programs that the verifier took: {}", total.loaded);
        println!("entries looked up: {}, of which {} were there", total.lookups.0, total.lookups.1);
        if total.too_long > 0 {
            println!("inputs left out because they take too long: {}", total.too_long);
        }
        for (reason, count) in &total.left_out {
            println!("programs left out because {reason}, one for each level: {count}");
        }
        let time: Vec<String> =
            total.time.iter().map(|(what, ms)| format!("{what} {:.1} s", *ms as f64 / 1e3)).collect();
        println!("time, summed over processes: {}", time.join(", "));
        for ((kind, engine), failures) in &self.kept {
            let engine = engine.map_or("", Engine::name);
            println!("\nFAILED: {kind:?} {engine}: {} times", failures.len());
            // One of them in full.
            let Some((file, seed, first)) = failures.first() else { continue };
            let test = first.test.as_deref().unwrap_or("the whole program");
            println!("{} --seed {seed}: {test}, input {:?}\n{}", file.display(), first.input, first.detail);
            if !(self.settings.no_reduce || self.settings.target_arch.is_some()) {
                reduce::source::report(file, *seed, self.settings.inputs, first);
            }
        }
        let held = total.tests - failed;
        let (passed, skipped) = if self.settings.no_bpf { (0, held) } else { (held, 0) };
        println!("differential: {passed} passed, {failed} failed, {skipped} skipped");
    }
}
