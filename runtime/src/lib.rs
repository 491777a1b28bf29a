//! What every compiled KernelScript program carries: the loader over libbpf and the user-space builtins.
//!
//! `abi.rs` is the contract with the compiler; every other file implements one family of its functions.

pub mod abi;
