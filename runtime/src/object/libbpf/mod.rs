//! What the library puts in the place of functions of libbpf.

mod features;
mod left_out;
pub mod loads;
