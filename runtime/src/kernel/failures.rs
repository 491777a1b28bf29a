//! Failures of the runtime that a program is thrown, by their places in the source: the end of the process can say more than a number.

use super::errors::Failure;
use super::program::MainThread;
use std::cell::RefCell;
use std::collections::BTreeMap;

/// The last failure of each place.
static FAILURES: MainThread<RefCell<BTreeMap<(&'static str, u32), Failure>>> =
    MainThread::new(RefCell::new(BTreeMap::new()));

/// Keeps a failure of a place, a file and a line.
pub fn note(place: (&'static str, u32), failure: Failure) {
    FAILURES.borrow_mut().insert(place, failure);
}

/// The reason of the last failure at this place, if it had this code.
pub fn at(place: (&str, u32), code: i32) -> Option<String> {
    let failures = FAILURES.borrow();
    failures.get(&place).filter(|failure| failure.code == code).map(|failure| failure.why.clone())
}
