//! The kernels that are asked: the running one, when a file's turn comes, and others before, each in one virtual machine for all files.

use super::Input;
use super::judge::{self, Row};
use super::load::{Folder, Loaded, running_kernel};
use super::types::{self, Known};
use crate::tool::kernel::{Job, Outcome, Store, Stored, failed_with, load};
use crate::tool::status;
use std::io::{IsTerminal, Write};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Those that `--kernel` names, in its order, each once.
pub struct Kernels(Vec<Kernel>);

enum Kernel {
    Running,
    Other {
        stored: Stored,
        /// For each file what became of its programs, in order; nothing of those whose rows are made.
        outcomes: Vec<Vec<Outcome>>,
    },
    /// Known by its types alone.
    Types(Box<Known>),
}

impl Kernels {
    /// The kernels of these names, and those whose types are in files of a folder.
    ///
    /// # Errors
    /// Which one is not there.
    pub fn chosen(names: &[String], types: Option<&Path>) -> Result<Kernels, String> {
        let mut kernels: Vec<Kernel> = Vec::new();
        let mut add = |kernel: Kernel| {
            let name = kernel.name().to_owned();
            if kernels.iter().all(|other| other.name() != name) {
                kernels.push(kernel);
            }
        };
        for name in names {
            let other = |stored| Kernel::Other { stored, outcomes: Vec::new() };
            match name.as_str() {
                "this" => add(Kernel::Running),
                "all" => {
                    add(Kernel::Running);
                    Store::open()?.all().into_iter().for_each(|stored| add(other(stored)));
                }
                path if path.contains('/') => add(other(Stored::of_image(Path::new(path))?)),
                name => {
                    let store = Store::open()?;
                    add(other(store.find(name).ok_or_else(|| store.lacks(name))?));
                }
            }
        }
        let known = types.map(types::folder).transpose()?.unwrap_or_default();
        kernels.extend(known.into_iter().map(|known| Kernel::Types(Box::new(known))));
        Ok(Kernels(kernels))
    }

    /// Boots the kernels that do not run, as many at a time as there are processors, and has each load all programs. Those that do not boot are
    /// reported and left out. Returns a status.
    pub fn ask(&mut self, inputs: &[Input]) -> u8 {
        let jobs: Vec<Job> = inputs
            .iter()
            .enumerate()
            .flat_map(|(object, input)| {
                input.programs.iter().map(move |program| Job { object, program: program.clone() })
            })
            .collect();
        if jobs.is_empty() {
            return status::SUCCESS;
        }
        let others = self.0.iter_mut().filter_map(|kernel| match kernel {
            Kernel::Running | Kernel::Types(_) => None,
            Kernel::Other { stored, outcomes } => Some((&*stored, outcomes)),
        });
        let mut others: Vec<_> = others.collect();
        let progress = Progress::new(others.len() * jobs.len());
        let mut status = status::SUCCESS;
        let at_a_time = thread::available_parallelism().map_or(1, usize::from);
        for some in others.chunks_mut(at_a_time) {
            let loaded: Vec<_> = thread::scope(|scope| {
                let started: Vec<_> = some
                    .iter()
                    .map(|(stored, _)| {
                        let objects: Vec<&[u8]> =
                            inputs.iter().map(|input| input.subject.of(&stored.release).bytes.as_slice()).collect();
                        let (jobs, progress) = (&jobs, &progress);
                        scope.spawn(move || load(stored, &objects, jobs, &|| progress.step()))
                    })
                    .collect();
                started.into_iter().map(thread::ScopedJoinHandle::join).collect()
            });
            for ((_, outcomes), loaded) in some.iter_mut().zip(loaded) {
                match loaded {
                    Ok(Ok(loaded)) => **outcomes = by_file(loaded, inputs),
                    Ok(Err(why)) => status = failed_with(&why),
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
        }
        progress.end();
        self.0.retain(|kernel| match kernel {
            Kernel::Running | Kernel::Types(_) => true,
            Kernel::Other { outcomes, .. } => !outcomes.is_empty(),
        });
        status
    }

    /// The verdicts on the programs of a file, whose number is that of `ask`. None after an error, which was reported.
    pub fn rows(&mut self, input: &mut Input, number: usize) -> Option<Vec<Row>> {
        let Input { cx, subject, programs } = input;
        let mut rows: Vec<Vec<Row>> = programs.iter().map(|_| Vec::new()).collect();
        for kernel in &mut self.0 {
            match kernel {
                Kernel::Running => {
                    let folder = Folder::new(cx, &subject.of(&running_kernel()).bytes)?;
                    for (program, rows) in programs.iter().zip(&mut rows) {
                        rows.push(judge::here(subject, &folder, program));
                    }
                }
                Kernel::Types(known) => {
                    for (program, rows) in programs.iter().zip(&mut rows) {
                        rows.push(known.row(subject, program));
                    }
                }
                Kernel::Other { stored, outcomes } => {
                    let outcomes = outcomes.get_mut(number).map(std::mem::take).unwrap_or_default();
                    for ((program, rows), outcome) in programs.iter().zip(&mut rows).zip(outcomes) {
                        let (variant, release) = (subject.of(&stored.release), stored.release.clone());
                        rows.push(judge::row(subject, variant, program, release, Loaded::in_guest(outcome)));
                    }
                }
            }
        }
        Some(rows.into_iter().flatten().collect())
    }
}

impl Kernel {
    fn name(&self) -> &str {
        match self {
            Kernel::Running => "this",
            Kernel::Other { stored, .. } => &stored.name,
            Kernel::Types(known) => &known.name,
        }
    }
}

fn by_file(outcomes: Vec<Outcome>, inputs: &[Input]) -> Vec<Vec<Outcome>> {
    let mut outcomes = outcomes.into_iter();
    inputs.iter().map(|input| outcomes.by_ref().take(input.programs.len()).collect()).collect()
}

/// A line on a terminal.
struct Progress {
    done: AtomicUsize,
    all: usize,
    is_shown: bool,
}

impl Progress {
    fn new(all: usize) -> Progress {
        let progress =
            Progress { done: AtomicUsize::new(0), all, is_shown: all > 0 && std::io::stderr().is_terminal() };
        progress.show("");
        progress
    }

    fn step(&self) {
        self.done.fetch_add(1, Ordering::Relaxed);
        self.show("");
    }

    fn end(&self) {
        self.show("\r\x1b[K");
    }

    fn show(&self, end: &str) {
        if self.is_shown {
            let done = self.done.load(Ordering::Relaxed);
            let mut out = std::io::stderr().lock();
            // There is nowhere to report it if standard error is closed.
            let _ = write!(out, "\r{done} of {} programs loaded by other kernels{end}", self.all)
                .and_then(|()| out.flush());
        }
    }
}
