//! Records of processors.

use crate::tables::form::{List, Text, record, words};

words! {
    /// The order of the bytes of a number in memory.
    #[serde(rename_all = "snake_case")]
    pub enum Endian {
        /// The lowest byte first.
        Little,
        /// The highest byte first.
        Big,
    }
}

record! {
    /// A processor that BPF code is made for (`ir-specs/machines.toml`).
    pub struct Machine {
        /// As Rust and the command line call it.
        pub name: Text,
        pub endian: Endian,
        /// As images of containers, and packages of Debian, call it.
        pub package: Text,
        /// The C name of the struct of registers that BPF programs see as `pt_regs`.
        pub struct_name: Text,
        /// Its fields, of 8 bytes each, in order.
        pub registers: List<Text>,
        /// The registers with the arguments of one word of a C function, in order.
        pub arguments: List<Text>,
        /// The register with a function's result.
        pub result: Text,
        /// The beginning of the names of the kernel's functions for system calls; none if those have no wrappers.
        #[serde(default)]
        pub syscalls: Option<Text>,
        /// The verifier takes accesses of packets and maps at any address.
        pub unaligned: bool,
        /// Operations of `fetch_` methods that the kernel lacks on arenas.
        #[serde(default)]
        pub arena_lacks: List<Text>,
        /// None: no executables are made for it.
        #[serde(default)]
        pub native: Option<NativeMachine>,
    }
}

record! {
    /// The names and places of what executables for a processor need.
    pub struct NativeMachine {
        /// LLVM's name of the oldest processor of the kind.
        pub cpu: Text,
        /// The linker's name of the format.
        pub linker: Text,
        /// The program that starts executables.
        pub loader: Text,
        /// Folders where distributions have libc.
        pub libraries: List<Text>,
        /// The beginning of the names of the folders with the compiler's own files.
        pub compilers: Text,
    }
}
