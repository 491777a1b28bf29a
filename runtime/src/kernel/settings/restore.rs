//! What a test overwrites. `ksc test` writes it back once the process has ended, however that was: `KS_TEST_SETTINGS` has the number of a
//! descriptor and the path of a file, a blank between them. The process locks the descriptor, which `ksc test` has too, so that another
//! test that uses settings waits until the values are back; the file gets a record for each setting. Without the variable, as of an executable that was
//! started by hand, the process writes the values back itself at its end.

use super::{contents, write};
use crate::kernel::program::{self, MainThread};
use std::cell::{Cell, RefCell};
use std::fs::{self, OpenOptions};
use std::io::Write;

/// Settings by their paths, with their text.
type Settings = Vec<(&'static str, Vec<u8>)>;

/// The settings that were kept, in order.
static KEPT: MainThread<RefCell<Settings>> = MainThread::new(RefCell::new(Vec::new()));

static LOCKED: MainThread<Cell<bool>> = MainThread::new(Cell::new(false));

/// The descriptor to lock, and the file of the records, in a test that `ksc test` runs.
fn given() -> Option<(i32, String)> {
    let given = std::env::var("KS_TEST_SETTINGS").ok()?;
    let (fd, file) = given.split_once(' ')?;
    Some((fd.parse().ok()?, file.to_owned()))
}

/// Before the first access of a test to a setting: no other test sees or writes any until this one has ended.
pub(super) fn alone() {
    if program::is_test()
        && !LOCKED.replace(true)
        && let Some((fd, records)) = given()
    {
        lock(fd, &records);
    }
}

/// Before a setting is written: keeps what it is, at its first time in a test. One that cannot be read cannot be restored.
pub(super) fn keep(path: &'static str) {
    if !program::is_test() || KEPT.borrow().iter().any(|(kept, _)| *kept == path) {
        return;
    }
    let first = KEPT.borrow().is_empty();
    let Ok(old) = contents(path) else { return };
    match given() {
        Some((_, file)) => {
            let record = [format!("{path}\n{}\n", old.len()).as_bytes(), &old].concat();
            let file = OpenOptions::new().create(true).append(true).open(file);
            // Without its record a value would stay: then the test has no business to go on.
            if file.and_then(|mut file| file.write_all(&record)).is_err() {
                crate::kernel::end::die(3, &format!("cannot keep what `{path}` is"));
            }
        }
        // SAFETY: a plain function.
        None if first => _ = unsafe { libc::atexit(at_exit) },
        None => {}
    }
    KEPT.borrow_mut().push((path, old));
}

/// Waits until no other test has settings to restore. Meanwhile there is a file beside that of the records, so that `ksc test` does not count
/// the time.
fn lock(fd: i32, records: &str) {
    // SAFETY: locks a descriptor, or fails.
    let lock = |how| unsafe { libc::flock(fd, how) } == 0;
    if lock(libc::LOCK_EX | libc::LOCK_NB) {
        return;
    }
    let waits = format!("{records}.waits");
    let said = fs::write(&waits, "").is_ok();
    while !lock(libc::LOCK_EX) && super::errno() == libc::EINTR {}
    if said {
        let _ = fs::remove_file(&waits);
    }
}

extern "C" fn at_exit() {
    for (path, old) in KEPT.borrow_mut().drain(..).rev() {
        if write(path, &old).is_err() {
            crate::kernel::errors::complain(&format!("cannot restore `{path}`"));
        }
    }
}
