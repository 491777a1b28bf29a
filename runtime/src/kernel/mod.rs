//! The lowest layer: the process and the kernel below it. Descriptors of the program, messages, system calls, clocks, signals, the end of the
//! process, and trials of what the kernel has. It uses `abi` alone.

mod assembled;
pub mod end;
pub mod errors;
pub mod escape;
pub mod failures;
pub mod identity;
pub mod kprobes;
pub mod log;
pub mod machine;
pub mod near;
pub mod net;
pub mod output;
pub mod own_sys;
pub mod privilege;
pub mod program;
pub mod release;
pub mod settings;
pub mod signals;
pub mod symbols;
pub mod time;
pub mod trace_lines;
pub mod tracefs;
pub mod trial;
pub mod verdict;
