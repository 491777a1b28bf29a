//! What became of the programs that the kernel may refuse.

use crate::abi::{KS_PROG_OPTIONAL, KS_PROG_SPARE, KsMap, KsProg};
use crate::kernel::program::{self, MainThread, text};
use std::cell::{Cell, RefCell};
use std::ptr;

/// What became of the programs, by their numbers.
pub static FATES: MainThread<RefCell<Vec<Fate>>> = MainThread::new(RefCell::new(Vec::new()));

/// The maps that are not created, by their numbers.
pub static LEFT_OUT: MainThread<RefCell<Vec<usize>>> = MainThread::new(RefCell::new(Vec::new()));

/// Each program was decided about.
pub static SETTLED: MainThread<Cell<bool>> = MainThread::new(Cell::new(false));

/// What became of a program.
#[derive(Clone, PartialEq)]
pub enum Fate {
    Loaded,
    /// The reason.
    Refused(String),
    /// No other program needs it.
    Spare,
}

/// Whether the other programs load where the kernel refuses this one, or it is loaded in place of one.
pub fn may_fail(prog: &KsProg) -> bool {
    prog.flags & (KS_PROG_OPTIONAL | KS_PROG_SPARE) != 0 || prog.fallback != 0
}

/// Of the program of this number; `Loaded` for any that is not decided about.
pub fn fate(at: usize) -> Fate {
    FATES.borrow().get(at).cloned().unwrap_or(Fate::Loaded)
}

/// Decides about the program of this number.
pub fn set_fate(at: usize, fate: Fate) {
    if let Some(place) = FATES.borrow_mut().get_mut(at) {
        *place = fate;
    }
}

/// The number of the program that is loaded for this one: itself, or one that takes its place. None if the kernel refused all.
pub fn chosen(at: usize) -> Option<usize> {
    match fate(at) {
        Fate::Loaded => Some(at),
        Fate::Spare => None,
        Fate::Refused(_) => chosen(usize::try_from(program::progs().get(at)?.fallback).ok()?.checked_sub(1)?),
    }
}

/// Why the kernel refused a program, if it did.
pub fn refusal(at: usize) -> Option<String> {
    if let Fate::Refused(why) = fate(at) { Some(why) } else { None }
}

/// What the message of a load adds that failed with a program in the place of another one.
pub fn refusals() -> String {
    let progs = program::progs().iter().enumerate().filter(|(_, prog)| prog.flags & KS_PROG_OPTIONAL == 0);
    let refused = progs.filter_map(|(at, prog)| Some((text(prog.name), refusal(at)?)));
    refused.map(|(name, why)| format!("\n  before that, `{name}` was refused: {why}")).collect()
}

/// Whether only programs use the map that are not loaded.
pub fn is_left_out(map: &KsMap) -> bool {
    let all = program::maps();
    LEFT_OUT.borrow().iter().any(|&at| all.get(at).is_some_and(|left_out| ptr::eq(left_out, map)))
}
