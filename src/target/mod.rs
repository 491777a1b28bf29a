//! The targets: which passes each runs, and what its emitter makes.

/// A side that code runs on.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Target {
    /// The kernel's BPF machine.
    Bpf,
    /// The user-space process.
    Host,
}

impl Target {
    pub const ALL: [Target; 2] = [Target::Bpf, Target::Host];

    /// The word of the command line and of IR text.
    pub fn name(self) -> &'static str {
        match self {
            Target::Bpf => "bpf",
            Target::Host => "host",
        }
    }
}
