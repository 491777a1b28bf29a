//! The object of the program: nothing, opened, or loaded.

use crate::kernel::program::MainThread;
use libbpf_sys as bpf;
use std::cell::Cell;

/// How far the object is.
#[derive(Clone, Copy, PartialEq)]
pub enum State {
    Nothing,
    Open(*mut bpf::bpf_object),
    Loaded(*mut bpf::bpf_object),
}

/// Whether the object is open or loaded; of the main thread alone.
pub static STATE: MainThread<Cell<State>> = MainThread::new(Cell::new(State::Nothing));

/// The object, if something has loaded it.
pub fn loaded_already() -> Option<*mut bpf::bpf_object> {
    if let State::Loaded(object) = STATE.get() { Some(object) } else { None }
}

/// Closes the object, at the end of the process: what the kernel has of it goes, unless it is pinned or attached by others.
pub fn close() {
    if let State::Open(object) | State::Loaded(object) = STATE.replace(State::Nothing) {
        // SAFETY: an object of libbpf; nothing asks for it any more.
        unsafe { bpf::bpf_object__close(object) }
    }
}

type Ready = Option<fn()>;

/// A function to call once the object is loaded, before any program is attached. It is set only by code that needs it, so an executable
/// without that code does not link the function either.
pub static WHEN_LOADED: MainThread<Cell<Ready>> = MainThread::new(Cell::new(None));

/// Calls `ready` once the object is loaded, which may be at once.
pub fn when_loaded(ready: fn()) {
    WHEN_LOADED.set(Some(ready));
    if let State::Loaded(_) = STATE.get() {
        ready();
    }
}
