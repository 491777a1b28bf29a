//! Attachments that end though the program did not detach them: their interface, cgroup or namespace goes, or another process detaches them
//! (`bpftool link detach`, `tc filter del`). The kernel wakes nobody up, so whoever waits looks once a second.

use super::life::{Life, Place, Watched, interface};
use super::links::{self, LINKS, NOTHING_LEFT, WATCHES};
use super::netns;
use crate::kernel::errors::complain;
use crate::kernel::program::MainThread;
use crate::kernel::signals;
use std::cell::Cell;
use std::path::Path;
use std::time::Duration;

const PAUSE: Duration = Duration::from_secs(1);

static LOOKED: MainThread<Cell<Duration>> = MainThread::new(Cell::new(Duration::ZERO));
/// How long nobody looks, if someone has to.
pub fn pause() -> Option<Duration> {
    WATCHES.get().then_some(PAUSE)
}

/// Says which attachments have ended since the last time. When none is left, the waiting ends, as by a signal.
pub fn look() {
    let now = signals::monotonic();
    if !WATCHES.get() || now.saturating_sub(LOOKED.get()) < PAUSE {
        return;
    }
    LOOKED.set(now);
    let mut ended = false;
    let mut links = LINKS.borrow_mut();
    for entry in links.iter_mut().flatten() {
        let Some(watched) = entry.watched.as_mut().filter(|watched| !watched.gone) else { continue };
        if entry.attached.life() == Life::Gone {
            watched.gone = true;
            ended = true;
            say(entry.name, watched);
        }
    }
    let is_there = |entry: &links::Entry| !entry.watched.as_ref().is_some_and(|watched| watched.gone);
    if ended && !links.iter().flatten().any(is_there) {
        NOTHING_LEFT.set(true);
        complain("nothing is attached any more");
        signals::end_wait();
    }
}

fn say(program: &str, watched: &Watched) {
    let from = match watched.to.as_str() {
        "" => String::new(),
        name => format!(" from `{name}`"),
    };
    let why = match watched.place {
        Place::Interface(index) if interface(index).is_none() => "the interface is gone",
        Place::Cgroup if !Path::new(&watched.to).exists() => "the cgroup is gone",
        Place::Namespace if !watched.to.is_empty() && !netns::path(watched.to.as_bytes()).exists() => {
            "the network namespace is gone"
        }
        Place::Map => "the map is gone, or another process has detached it",
        Place::Interface(_) | Place::Cgroup | Place::Namespace | Place::Kernel => "another process has detached it",
    };
    complain(&format!("`{program}` was detached{from}: {why}"));
}

/// The status of a process whose `main` wants this one.
pub fn status(wanted: i32) -> i32 {
    if NOTHING_LEFT.get() && wanted == 0 { 1 } else { wanted }
}
