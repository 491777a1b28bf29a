//! The targets: which passes each runs, and what its emitter makes.

mod bpf;
mod host;

use crate::passes::Pass;

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

    /// The passes of this target, in order.
    pub fn passes(self) -> &'static [&'static Pass] {
        match self {
            Target::Bpf => bpf::PASSES,
            Target::Host => host::PASSES,
        }
    }

    /// Whether `pass` has run once `last` was the last to run.
    pub fn has_run(self, pass: &str, last: &str) -> bool {
        let position = |name: &str| self.passes().iter().position(|p| p.name == name);
        match (position(pass), position(last)) {
            (Some(pass), Some(last)) => pass <= last,
            // A pass of no target runs before the targets part.
            (None, Some(_)) => true,
            (_, None) => false,
        }
    }
}
