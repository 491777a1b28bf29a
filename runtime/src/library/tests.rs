//! A test as a process: `ksc test` names it by `KS_TEST`, a number, and reads its verdict from the file that `KS_TEST_REPORT` names.
//!
//! The file has the verdict, the source file and the line, a word or a line each, and then the reason. Without a file the verdict goes to
//! standard error, so that the executable can be started by hand.

use crate::kernel::end::die;
use crate::kernel::errors::complain;
use crate::kernel::machine::{self, Fault};
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
    settle_machine();
    program::choose_test(usize::try_from(number).unwrap_or(usize::MAX));
    number
}

/// See abi.rs.
#[unsafe(no_mangle)]
pub extern "C" fn ks_test_return(file: *const c_char, line: u32, result: i32) -> i32 {
    RETURNED.set((text(file), line));
    result
}

/// `KS_TEST_MACHINE` names the library with the machine that the process was started with. What it starts itself has none.
fn settle_machine() {
    let Some(named) = std::env::var_os("KS_TEST_MACHINE") else { return };
    let named = named.to_string_lossy().into_owned();
    if !machine::is_there() {
        die(1, &format!("the virtual machine `{named}` was not loaded, which LD_PRELOAD names"));
    }
    let others = std::env::var("LD_PRELOAD").unwrap_or_default();
    let others = others.strip_prefix(&named).unwrap_or(&others).trim_start_matches(':');
    // SAFETY: the process has one thread.
    unsafe {
        match others {
            "" => std::env::remove_var("LD_PRELOAD"),
            others => std::env::set_var("LD_PRELOAD", others),
        }
    }
}

/// See abi.rs.
#[unsafe(no_mangle)]
pub extern "C" fn ks_test_end(result: i32) -> i32 {
    if let Some(Fault::Wrong(why)) = machine::take_fault() {
        // A timer of a program went wrong while the process waited.
        verdict::failed(("", 0), &why);
        return 1;
    }
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
    // A process that ends since a load fails has no place.
    let lacks = match line {
        0 if verdict == Verdict::Failed => machine::take_fault(),
        _ => None,
    };
    let (verdict, why) = match &lacks {
        Some(Fault::Lacks(name)) => (Verdict::Skipped, &*machine::lacks(name)),
        Some(Fault::Wrong(wrong)) => (verdict, &**wrong),
        None => (verdict, why),
    };
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
