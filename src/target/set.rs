//! Sets of targets.

use super::{Facts, Target};
use enum_map::EnumMap;

/// A set of targets.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Targets(EnumMap<Target, bool>);

impl Targets {
    /// Whether the set has the target.
    pub fn contains(self, target: Target) -> bool {
        self.0[target]
    }

    /// Adds a target.
    pub fn insert(&mut self, target: Target) {
        self.0[target] = true;
    }

    /// In the order of [`Target::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Target> {
        Target::ALL.into_iter().filter(move |&target| self.contains(target))
    }

    /// Whether each member is of this kind.
    pub fn all(self, fact: impl Fn(&Facts) -> bool) -> bool {
        self.iter().all(|target| fact(target.facts()))
    }

    /// Whether a fact holds of at least one target of the set.
    pub fn any(self, fact: impl Fn(&Facts) -> bool) -> bool {
        self.iter().any(|target| fact(target.facts()))
    }

    /// The target, if it is the only one.
    pub fn only(self) -> Option<Target> {
        let mut all = self.iter();
        all.next().filter(|_| all.next().is_none())
    }
}

impl<const N: usize> From<[Target; N]> for Targets {
    fn from(targets: [Target; N]) -> Targets {
        targets.into_iter().collect()
    }
}

impl FromIterator<Target> for Targets {
    fn from_iter<I: IntoIterator<Item = Target>>(targets: I) -> Targets {
        let mut set = Targets::default();
        targets.into_iter().for_each(|target| set.insert(target));
        set
    }
}
