//! A test as a process: `ksc test` names it by `KS_TEST`, a number, and reads its verdict from the file that `KS_TEST_REPORT` names.
//!
//! The file has the verdict, the source file and the line, a word or a line each, and then the reason. Without a file the verdict goes to
//! standard error, so that the executable can be started by hand.

use crate::kernel::end::die;
use crate::kernel::errors::complain;
use crate::kernel::program::{self, MainThread, text};
use crate::kernel::verdict::{self, Verdict};
use std::cell::Cell;
use std::ffi::c_char;
use std::fs;

/// Where the test was last about to return.
static RETURNED: MainThread<Cell<(&'static str, u32)>> = MainThread::new(Cell::new(("", 0)));
static IS_SAID: MainThread<Cell<bool>> = MainThread::new(Cell::new(false));

/// See abi.rs.
#[unsafe(no_mangle)]
pub extern "C" fn ks_test_selected() -> i32 {
    let number: Option<i32> = std::env::var("KS_TEST").ok().and_then(|number| number.parse().ok());
    let Some(number) = number else {
        die(2, "KS_TEST is to be the number of the test, from 0 on\n  help: `ksc test` runs all tests of a file");
    };
    verdict::goes_to(report);
    program::choose_test(usize::try_from(number).unwrap_or(usize::MAX));
    number
}

/// See abi.rs.
#[unsafe(no_mangle)]
pub extern "C" fn ks_test_return(file: *const c_char, line: u32, result: i32) -> i32 {
    RETURNED.set((text(file), line));
    result
}

/// See abi.rs.
#[unsafe(no_mangle)]
pub extern "C" fn ks_test_end(result: i32) -> i32 {
    if result == 0 {
        verdict::passed();
        return 0;
    }
    verdict::failed(RETURNED.get(), &format!("returned {result}"));
    1
}

/// Only the first verdict counts: what follows is a consequence.
fn report(verdict: Verdict, (file, line): (&str, u32), why: &str) {
    if IS_SAID.replace(true) {
        return;
    }
    let word = match verdict {
        Verdict::Passed => "passed",
        Verdict::Failed => "failed",
        Verdict::Skipped => "skipped",
    };
    match std::env::var_os("KS_TEST_REPORT") {
        Some(path) => {
            if fs::write(&path, format!("{word}\n{file}\n{line}\n{why}")).is_err() {
                complain(&format!("{word}: {why}"));
            }
        }
        None if verdict == Verdict::Passed => {}
        None => complain(&format!("{word} at {file}:{line}: {why}")),
    }
}
