//! The passes of targets.

use super::{Target, bpf, host, kmod};
use crate::passes::Pass;

impl Target {
    /// The passes of this target, in order.
    pub fn passes(self) -> &'static [&'static Pass] {
        match self {
            Target::Bpf => bpf::PASSES,
            Target::Host => host::PASSES,
            Target::Kmod => kmod::PASSES,
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
