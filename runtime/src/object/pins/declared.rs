//! What the program pins by its declarations.

use crate::abi::{KS_MAP_PIN, KsMap, KsSection};
use crate::kernel::program;
use crate::object::optional::fates;

/// Whether the program pins anything.
pub fn any() -> bool {
    pinned_maps().next().is_some() || has_globals()
}

/// The maps that are declared as pinned, and are loaded.
pub fn pinned_maps() -> impl Iterator<Item = &'static KsMap> {
    program::maps()
        .iter()
        .filter(|_| !program::is_test())
        .filter(|map| map.flags & KS_MAP_PIN != 0 && !fates::is_left_out(map))
}

/// Whether variables are pinned.
pub fn has_globals() -> bool {
    !program::is_test() && program::globals().iter().any(|global| global.section == KsSection::Pinned as u32)
}
