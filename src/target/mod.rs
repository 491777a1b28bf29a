//! The targets: their capabilities, their passes, and the output of their emitters.
//!
//! Outside of this folder nothing compares targets: code asks for a fact (`target.facts().has_floats`) or a set
//! (`Targets`), and matches on `Target` name every target. So a further target is a build error wherever it matters.

mod bpf;
mod facts;
mod host;
mod kmod;
mod lists;
mod machine;
mod set;

pub use facts::{DebugForm, Division, Executor, Facts, Maps};
pub use machine::{Endian, MACHINES, Machine};
pub use set::Targets;

/// A target that code is compiled for.
#[derive(enum_map::Enum, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Target {
    /// The kernel's BPF machine.
    Bpf,
    /// The user-space process.
    Host,
    /// A kernel module, as C for the kernel's own build.
    Kmod,
}

impl Target {
    /// Every target, in the order in which they are compiled.
    pub const ALL: [Target; 3] = [Target::Bpf, Target::Host, Target::Kmod];

    /// The capabilities of the target.
    pub fn facts(self) -> &'static Facts {
        match self {
            Target::Bpf => &bpf::FACTS,
            Target::Host => &host::FACTS,
            Target::Kmod => &kmod::FACTS,
        }
    }

    /// The word of the command line and of IR text.
    pub fn name(self) -> &'static str {
        self.facts().name
    }
}
