//! The runtime in every compiled KernelScript program: the loader over libbpf and the user-space builtins.
//!
//! `abi.rs` is the contract with the compiler; every other file implements one family of its functions. The folders are layers, from the
//! lowest to the highest: `kernel`, `object`, `link`, `session`, `library`. Each uses those below it; what a lower one has to call of a
//! higher one, that one registers.
//!
//! Environment variables of a compiled program: `KS_VERIFIER_LOG=FILE` writes the verifier's whole log when it rejects a
//! program (`1`: to standard error), `KS_LIBBPF_LOG=1` everything that libbpf says, `KS_TC=clsact` attaches TC programs as filters even where
//! TCX links exist, `KS_KERNEL=6.1` loads the BPF object for that kernel.

pub mod abi;

mod kernel;
mod object;

mod link;

mod session;

mod library;
