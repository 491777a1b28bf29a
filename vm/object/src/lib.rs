//! The library that tests are started with where no kernel runs their programs, as `vm/build` makes it.

/// The contents of `libks_machine.so`.
pub static LIBRARY: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/lib/ksc/libks_machine.so"));
