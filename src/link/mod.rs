//! From object code to files: what is written, and the executable that `cc` links.

pub mod executable;
mod in_place;
pub mod output;
pub mod runtime;
