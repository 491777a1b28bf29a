//! The library that executables link, as `runtime/build` makes it.

/// The contents of `libks_runtime.a`.
pub static LIBRARY: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/lib/ksc/libks_runtime.a"));
