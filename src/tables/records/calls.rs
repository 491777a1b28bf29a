//! The tables of what code calls: builtins, helpers, kernel functions.

use crate::tables::form::{Kernel, List, Text, record, words};

record! {
    /// A builtin function that needs no syntax of its own (`ir-specs/builtins.toml`).
    pub struct BuiltinSpec {
        pub name: Text,
        #[serde(default)]
        pub params: List<(Text, Text)>,
        #[serde(default = "crate::tables::form::void")]
        pub result: Text,
        /// The runtime's symbol, if user space has it.
        #[serde(default)]
        pub host: Option<Text>,
        /// The BPF helper, if BPF code has it.
        #[serde(default)]
        pub bpf: Option<Text>,
        /// The op that it is on both sides.
        #[serde(default)]
        pub op: Option<Text>,
        /// The word of `mem.fetch`: an atomic operation on a place.
        #[serde(default)]
        pub atomic: Option<Text>,
        /// There is also one that does not yield the old value, `mem.atomic`.
        #[serde(default)]
        pub plain: bool,
        /// A constant, of the address that its argument says in this form.
        #[serde(default)]
        pub address: Option<Address>,
        /// The constant that it throws where `host`, which fills the place of the result, yields other than 0.
        #[serde(default)]
        pub throws: Option<Text>,
        /// A signal ends it early, so a loop of user space that calls it needs no cancel point.
        #[serde(default)]
        pub interruptible: bool,
        /// `main` may end behind it: it waits in some other form, or what is attached stays.
        #[serde(default)]
        pub keeps_attached: bool,
        /// One line for messages and the reference.
        pub summary: Text,
        /// The compiler handles calls; else `E0601`.
        #[serde(default = "crate::tables::form::yes")]
        pub supported: bool,
    }
}

words! {
    /// How addresses are written.
    pub enum Address {
        /// `10.0.0.1`
        Ip4,
        /// `2001:db8::1`
        Ip6,
        /// `02:00:00:00:00:01`
        Mac,
    }
}

record! {
    /// A BPF helper (`ir-specs/helpers.toml`).
    pub struct HelperSpec {
        /// `bpf_…`
        pub name: Text,
        /// Number of include/uapi/linux/bpf.h.
        pub number: u32,
        /// Arguments that it takes.
        pub args: u32,
        /// Moves packet data: packet pointers of before are invalid.
        #[serde(default)]
        pub changes_packet: bool,
        /// The first kernel (major, minor) that has it; none: all that the compiler supports.
        #[serde(default)]
        pub since: Option<Kernel>,
        /// What the language has for it, as the help of messages.
        #[serde(default)]
        pub instead: Option<Text>,
    }
}

record! {
    /// A kernel function that the compiler calls (`ir-specs/kfuncs.toml`).
    pub struct KfuncSpec {
        pub name: Text,
        /// The first kernel (major, minor) that has it; none: all that the compiler supports.
        #[serde(default)]
        pub since: Option<Kernel>,
    }
}
