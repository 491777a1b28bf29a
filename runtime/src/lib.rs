//! The runtime in every compiled KernelScript program: the loader over libbpf and the user-space builtins.
//!
//! `abi.rs` is the contract with the compiler; every other file implements one family of its functions.
//!
//! Environment variables of a compiled program: `KS_VERIFIER_LOG=1` shows the verifier's whole log when it rejects a
//! program, `KS_LIBBPF_LOG=1` everything that libbpf says, `KS_TC=clsact` attaches TC programs as filters even where
//! TCX links exist, `KS_KERNEL=6.1` loads the BPF object for that kernel.

pub mod abi;

mod addresses;
mod args;
mod attach;
mod daemon;
mod enum_names;
mod errors;
mod escape;
mod events;
mod exit;
mod globals;
mod heap;
mod idle;
mod load;
mod maps;
mod near;
mod net;
mod output;
mod overflow;
mod pin;
mod print;
mod privilege;
mod program;
mod run;
mod signals;
mod start;
mod streams;
mod symbols;
mod time;
mod traced;
mod tracefs;
mod user_ring;
