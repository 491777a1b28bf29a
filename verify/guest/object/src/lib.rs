//! The first process of the virtual machines of `ksc verify --kernel`, as `verify/guest/build` makes it.

/// The contents of `ks-guest`, a static executable.
pub static PROGRAM: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/lib/ksc/ks-guest"));
