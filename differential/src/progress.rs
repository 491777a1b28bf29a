//! How far a long run is, in a file: a run that was interrupted goes on with the counts that it had.

use crate::compare::Report;
use crate::settings::Settings;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::io::{Error, ErrorKind};
use std::path::Path;
use std::time::Duration;

/// What decides which programs there are, and what they are run on.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Plan {
    seed: u64,
    /// Tests of each family.
    tests: Vec<usize>,
    per_program: usize,
    inputs: usize,
    bpf: bool,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct Progress {
    plan: Plan,
    /// The programs that have run.
    done: BTreeSet<usize>,
    pub total: Report,
    /// Tests that failed in any form.
    pub failed: usize,
    /// Time that earlier runs took.
    pub before: Duration,
    /// The same with this one.
    pub took: Duration,
}

impl Progress {
    /// From the file of the settings, if there is one and it is there.
    pub fn start(settings: &Settings) -> std::io::Result<Progress> {
        let &Settings { seed, per_program, inputs, no_bpf, .. } = settings;
        let tests = settings.families().map(|(_, tests)| tests).to_vec();
        let plan = Plan { seed, tests, per_program, inputs, bpf: !no_bpf };
        let file = settings.record.as_deref().filter(|file| file.exists());
        let Some(file) = file else {
            let (total, none) = (Report::default(), Duration::ZERO);
            return Ok(Progress { plan, done: BTreeSet::new(), total, failed: 0, before: none, took: none });
        };
        let mut progress: Progress = serde_json::from_slice(&std::fs::read(file)?)?;
        if progress.plan != plan {
            let why = format!("{} is of another run: {:?}", file.display(), progress.plan);
            return Err(Error::new(ErrorKind::InvalidInput, why));
        }
        progress.before = progress.took;
        Ok(progress)
    }

    pub fn has_run(&self, program: usize) -> bool {
        self.done.contains(&program)
    }

    /// How many programs have run.
    pub fn count(&self) -> usize {
        self.done.len()
    }

    /// After a program: written whole or not at all, since the run may be interrupted at any time.
    pub fn ran(&mut self, program: usize, since: Duration, file: Option<&Path>) -> std::io::Result<()> {
        self.done.insert(program);
        self.took = self.before + since;
        let Some(file) = file else { return Ok(()) };
        let unfinished = file.with_extension("new");
        std::fs::write(&unfinished, serde_json::to_vec(self)?)?;
        std::fs::rename(unfinished, file)
    }
}
