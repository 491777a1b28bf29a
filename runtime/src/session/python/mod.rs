//! Programs in Python that the executable carries: `exec` replaces the process with one, and functions of others are called.
//!
//! Python gets a descriptor of a file in memory with all texts, so that nothing of them is on disk, also after SIGKILL. `boot.py` makes modules
//! of them.

mod call;
mod command;
mod exec;
mod interpreter;
mod keeper;
