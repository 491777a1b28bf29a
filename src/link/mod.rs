//! From object code to files: writes artifacts, and links the executable.

pub mod executable;
mod in_place;
pub mod output;
pub mod runtime;
