//! The table of workarounds for verifiers and LLVM.

use crate::tables::form::{Kernel, Text, record, words};

words! {
    /// The kind of code that a workaround is.
    #[serde(rename_all = "snake_case")]
    pub enum WorkaroundLevel {
        /// A pass that exists for it alone.
        Pass,
        /// A rewrite of LLVM IR.
        Rewrite,
        /// A part of a pass, or of code generation.
        Form,
        /// How LLVM is run.
        Option,
    }
}

record! {
    /// Correct code that some kernels or LLVM do not take, and the compiler's answer (`ir-specs/workarounds.toml`).
    pub struct Workaround {
        pub name: Text,
        pub level: WorkaroundLevel,
        /// The first kernel that needs it; none: all before `until`.
        #[serde(default)]
        pub since: Option<Kernel>,
        /// The first kernel that does not need it any more; none: all known ones from `since` on do.
        #[serde(default)]
        pub until: Option<Kernel>,
        /// Code for later kernels has it too, as it costs nothing.
        #[serde(default)]
        pub everywhere: bool,
        /// The verifier's message, or what happens.
        pub symptom: Text,
        /// Why, in the kernel or in LLVM.
        pub cause: Text,
        /// The action of the compiler, in words.
        pub does: Text,
        /// The file under `src/` that does it.
        pub file: Text,
        /// A test under `lit-tests/` that fails without it, on one of the kernels.
        #[serde(default)]
        pub witness: Option<Text>,
    }
}
