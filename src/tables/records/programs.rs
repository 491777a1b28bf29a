//! The table of program types.

use crate::tables::form::{List, Text, record};

record! {
    /// A program type (`ir-specs/programs.toml`).
    pub struct ProgramSpec {
        /// The attribute, and the program type's name in messages.
        pub name: Text,
        /// Context struct, a name in [`CONTEXTS`].
        pub context: Text,
        /// Declared result type, as in a signature.
        pub result: Text,
        /// Other enums whose values it may return where it declares an integer as its result.
        #[serde(default)]
        pub as_integers: List<Text>,
        /// What the kernel accepts as a result; both ends included.
        pub returns: (i64, i64),
        /// Returned where the compiler must return something: a failed tail call, a panic.
        pub safe_default: i64,
        #[serde(default)]
        pub forms: List<ProgramForm>,
        /// Has a packet: `ctx.packet`, `data`, `data_end`.
        #[serde(default)]
        pub packet: bool,
        /// No run of a program of these types interrupts another on its CPU, so that they can share memory of that CPU.
        #[serde(default)]
        pub scratch: bool,
        /// `bpf_prog_type` of include/uapi/linux/bpf.h.
        pub prog_type: u32,
        /// How the attribute's string is read when it is none of the modes.
        #[serde(default)]
        pub target: Option<Text>,
        /// The target may stand there without a mode; else a word that is no mode is a mistake.
        #[serde(default)]
        pub target_alone: bool,
    }
}

record! {
    /// How a program type is written and attached, for one mode word of its attribute.
    pub struct ProgramForm {
        /// The attribute's word; empty for the form without one.
        pub mode: Text,
        /// ELF section as libbpf knows it.
        pub section: Text,
        /// The section with `--tcx`: programs that loaders attach by TCX links.
        #[serde(default)]
        pub tcx: Option<Text>,
        /// Kind number of the runtime's descriptor (`KsProg::kind`).
        pub runtime_kind: u32,
    }
}
