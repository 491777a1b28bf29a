//! From object code to files: writes artifacts, and links the executable.

mod c_files;
pub mod depfile;
pub mod executable;
mod in_place;
pub mod kernel_module;
mod linkers;
pub mod output;
pub mod runtime;
