//! What the session asks of links that outlive a change of processes. Only executables that attach programs so have a keeper (`kept/`): the
//! linker leaves it out of the others.

use crate::kernel::program::MainThread;
use std::cell::Cell;

/// Functions of `kept/`.
pub struct Keeper {
    /// The program has attached what it attaches at its start, and goes on: its programs run in the links that it takes over. A failure ends
    /// the process.
    pub update: fn(),
    /// The owners of these links are asked to end.
    pub tell: fn(),
    /// Other processes may exchange links from here on.
    pub finish: fn(),
    /// Whether these are due, though the program does not wait.
    pub is_due: fn() -> bool,
    /// The processes that are told.
    pub replaced: fn() -> Vec<i32>,
    /// This process has the links of its parent, and keeps them.
    pub inherit: fn(),
}

/// The keeper of the program's links, once it has attached something that can be kept.
pub static KEEPER: MainThread<Cell<Option<&'static Keeper>>> = MainThread::new(Cell::new(None));

/// Another process has taken over a link of this one: the service goes on without it.
pub static TAKEN: MainThread<Cell<bool>> = MainThread::new(Cell::new(false));

/// Takes the links of another process over, if that is left to do, and asks it to end.
pub fn settle() {
    update();
    tell();
    if let Some(keeper) = KEEPER.get() {
        (keeper.finish)();
    }
}

/// The first step of `settle`.
pub fn update() {
    if let Some(keeper) = KEEPER.get() {
        (keeper.update)();
    }
}

/// The second step of `settle`.
pub fn tell() {
    if let Some(keeper) = KEEPER.get() {
        (keeper.tell)();
    }
}

/// The same in a loop, which may attach more: only some time after the first attachment.
pub fn settle_if_due() {
    if let Some(keeper) = KEEPER.get()
        && (keeper.is_due)()
    {
        settle();
    }
}
