//! Programs in Python that the executable carries: `exec` replaces the process with one.
//!
//! Python gets a descriptor of a file in memory with all texts, so that nothing of them is on disk, also after SIGKILL. `boot.py` makes modules
//! of them.

mod command;
mod exec;
mod keeper;
