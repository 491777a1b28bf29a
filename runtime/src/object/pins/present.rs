//! Maps that are pinned already: they are reused if their layout fits.

use super::folder::Folder;
use super::layout::Existing;
use crate::kernel::end::die;
use crate::kernel::errors::reason;
use crate::kernel::{privilege, program};
use libbpf_sys as bpf;
use std::os::fd::{AsRawFd, OwnedFd};

/// The option of every program that pins something.
pub const RESET: &str = "--reset-pins";

/// With `--reset-pins`, removes the map that is pinned there, and nothing else.
pub fn reset(folder: &Folder, pin: &str) {
    if program::asked_for(RESET)
        && let Some(fd) = folder.get(pin, 0)
    {
        existing(&fd, &folder.place(pin));
        folder.remove(pin);
    }
}

/// Makes a map of the open object the one that is pinned.
pub fn reuse(map: *mut bpf::bpf_map, fd: &OwnedFd, place: &str) {
    // SAFETY: a map of the open object; the descriptor is duplicated.
    let result = unsafe { bpf::bpf_map__reuse_fd(map, fd.as_raw_fd()) };
    if result != 0 {
        die(1, &format!("cannot use the map pinned at {place}: {}", reason(result)));
    }
}

/// The layout of the map that is pinned at `place`. What is no map ends the process.
pub fn existing(fd: &OwnedFd, place: &str) -> Existing {
    Existing::of(fd).unwrap_or_else(|| {
        die(
            1,
            &format!(
                "what is pinned at {place} is no map\n  \
                 help: another program has put it there; remove it, or compile with another --project"
            ),
        )
    })
}

/// The kernel shows the types of a map that is there already to few.
pub fn types_help(code: i32) -> String {
    match code {
        libc::EPERM => privilege::help("reading the types of a map that exists", &[privilege::SYS_ADMIN]),
        _ => String::new(),
    }
}

/// Ends the program, since the object pinned at `place` has another layout than the declaration.
/// `more` is lines that stand before the help about the pins.
pub fn refuse(what: &str, place: &str, there: &str, wanted: &str, more: &str) -> ! {
    die(
        1,
        &format!(
            "the pinned {what} another layout than this program declares\n  \
             there:        {}\n  this program: {}{more}\n  \
             help: run it once with {RESET} to remove what it has pinned and start anew, or remove it by hand: rm {place}",
            there.replace('\n', "\n                "),
            wanted.replace('\n', "\n                "),
        ),
    )
}
