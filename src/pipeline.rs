//! The whole compiler: the order of its stages and of the passes before the targets part.

use crate::passes::Pass;
use crate::target::Target;

/// Passes over the module of all targets; those of each target are in `target/`.
pub static FRONT: &[&Pass] = &[];

/// The pass of this name.
pub fn pass(name: &str) -> Option<&'static Pass> {
    let targets = Target::ALL.into_iter().flat_map(|t| t.passes().iter());
    FRONT.iter().chain(targets).find(|p| p.name == name).copied()
}

/// The name as passes have it, for a module's `after`.
pub fn pass_name(name: &str) -> Option<&'static str> {
    pass(name).map(|p| p.name)
}
