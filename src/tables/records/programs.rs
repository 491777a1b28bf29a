//! The table of program types.

use crate::tables::form::{List, Text, choices, record, words};

record! {
    /// A program type (`ir-specs/programs.toml`).
    pub struct ProgramSpec {
        /// The attribute, and the program type's name in messages.
        pub name: Text,
        /// `bpf_prog_type` of include/uapi/linux/bpf.h.
        pub prog_type: Text,
        pub params: Params,
        /// Declared result type, as in a signature.
        pub result: Text,
        /// It may also return `bool`: 0 and 1 mean refuse and pass.
        #[serde(default)]
        pub or_bool: bool,
        /// Other enums whose values it may return where it declares an integer as its result.
        #[serde(default)]
        pub as_integers: List<Text>,
        /// The result that refuses what the program is asked about: where it cannot go on.
        pub refusal: i64,
        pub forms: List<ProgramForm>,
        /// Modes of the language that are not compiled yet.
        #[serde(default)]
        pub later_modes: List<Text>,
        /// No run of a program of these types interrupts another on its CPU, so that they can share memory of that CPU.
        #[serde(default)]
        pub scratch: bool,
        /// It may use maps whose values hold a lock.
        #[serde(default = "crate::tables::form::yes")]
        pub locks: bool,
        /// The attribute may name a target without a mode; else a word that is no mode is a mistake.
        #[serde(default)]
        pub target_alone: bool,
    }
}

choices! {
    /// How the parameters of a program are typed.
    pub enum Params {
        /// One, which may be left out: a pointer to this struct of [`CONTEXTS`].
        Context { of: Text, },
    }
}

record! {
    /// How a program type is written and attached, for one mode word of its attribute.
    pub struct ProgramForm {
        /// The attribute's word; empty for the form without one.
        pub mode: Text,
        /// ELF section as libbpf knows it; `{mode}` in it is the mode word.
        pub section: Text,
        /// The section with `--tcx`: programs that loaders attach by TCX links.
        #[serde(default)]
        pub tcx: Option<Text>,
        pub attach: AttachForm,
        /// What the kernel accepts as a result, both ends included; none: any number.
        #[serde(default)]
        pub returns: Option<(i64, i64)>,
    }
}

choices! {
    /// How a program is attached: `runtime/src/attach/` has a file for each. `point` is a `bpf_attach_type`.
    pub enum AttachForm {
        /// A `bpf_link` on a network interface.
        Netdev { point: Text, },
        /// The same of traffic control, for which kernels without such links have a filter.
        Tcx { point: Text, },
        /// A `bpf_link` on a cgroup.
        Cgroup { point: Text, },
        /// An option of a socket.
        Socket { },
        /// A `bpf_link` on a network namespace.
        Netns { point: Text, },
    }
}

record! {
    /// An attribute that is no program type (`ir-specs/attributes.toml`).
    pub struct AttributeSpec {
        pub name: Text,
        /// The declarations that it belongs to.
        pub on: List<AttributePlace>,
        /// The arguments that it must have, in the words of messages; none: it has none.
        #[serde(default)]
        pub wants: Option<Text>,
        /// Of the language, but not compiled yet.
        #[serde(default)]
        pub later: bool,
    }
}

words! {
    /// A kind of declaration that has attributes.
    #[serde(rename_all = "snake_case")]
    pub enum AttributePlace {
        Function,
        Variable,
        Struct,
        Impl,
    }
}
