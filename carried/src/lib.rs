//! The files that the compiler carries, as `runtime/build`, `vm/build` and `verify/guest/build` make them.

/// The contents of `libks_runtime.a`, which executables link.
pub static RUNTIME: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/libks_runtime.a"));

/// The contents of `libks_machine.so`, with which tests start where no kernel runs their programs.
pub static MACHINE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/libks_machine.so"));

/// The contents of `ks-guest`, a static executable: the first process of the virtual machines of `ksc verify --kernel`.
pub static GUEST: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/ks-guest"));
