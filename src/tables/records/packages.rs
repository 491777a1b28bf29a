//! Records of what packages say of programs.

use crate::tables::form::{List, Text, record, words};

record! {
    /// A type of programs as the kernel has it (`ir-specs/prog_types.toml`).
    pub struct ProgTypeSpec {
        /// A `bpf_prog_type`.
        pub name: Text,
        /// Capabilities besides CAP_BPF, without `CAP_`.
        pub needs: List<Text>,
        /// bpfman's name of the type, in labels of images.
        pub image: Text,
    }
}

record! {
    /// A type of programs that bpfman attaches (`ir-specs/bpfman.toml`).
    pub struct BpfmanSpec {
        /// The attribute, a name in [`PROGRAMS`].
        pub name: Text,
        /// The word of the field `type`; in lower case the name of the field with the links.
        pub kind: Text,
        pub links: BpfmanLinks,
    }
}

words! {
    /// How bpfman is told where to attach.
    pub enum BpfmanLinks {
        /// Each link has interfaces.
        Interfaces,
        /// Each link has interfaces and a direction.
        Directions,
        /// Each link has a category and an event.
        Event,
        /// Each link has a function of the kernel.
        Function,
        /// Each link has a file, and a function in it.
        File,
        /// The program has a function of the kernel, and one link.
        Whole,
    }
}
