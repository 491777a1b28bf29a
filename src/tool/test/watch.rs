//! `--watch`: waits until a source has changed.

use super::interrupt;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// How often the files are looked at.
const TICK: Duration = Duration::from_millis(200);

/// The files and folders that a run depends on, and when each was last changed; none for one that is not there.
pub struct State(BTreeMap<PathBuf, Option<SystemTime>>);

impl State {
    /// As they are.
    pub fn of(paths: impl IntoIterator<Item = PathBuf>) -> State {
        State(paths.into_iter().map(|path| (path.clone(), changed(&path))).collect())
    }

    /// Waits for a change. False if a signal came.
    pub fn wait(&self) -> bool {
        loop {
            if interrupt::signal().is_some() {
                return false;
            }
            if self.0.iter().any(|(path, time)| changed(path) != *time) {
                return true;
            }
            std::thread::sleep(TICK);
        }
    }
}

fn changed(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|about| about.modified()).ok()
}
