//! The table of rewrites of machine code.

use crate::tables::form::{List, Text, record};

record! {
    /// Instructions, and shorter ones that do the same (`ir-specs/peepholes.toml`).
    pub struct Peephole {
        pub name: Text,
        /// Lines of assembly.
        pub from: List<Text>,
        /// No more than `from` has.
        pub to: List<Text>,
        /// What must hold.
        #[serde(default)]
        pub when: List<Text>,
        /// Why it is not applied: what some verifier loses by it.
        #[serde(default)]
        pub excluded: Option<Text>,
        /// Programs of this repository that have less code by it.
        pub helps: List<Text>,
    }
}
