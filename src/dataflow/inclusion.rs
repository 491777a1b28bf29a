//! Sets that flow from cell to cell, whatever the order of control: a cell contains the members of all cells that flow into it.

use std::collections::{BTreeMap, BTreeSet};

/// Sets of members, one for each cell, and the cells that each flows into. It is a fixed point after `settle`.
pub struct Inclusion<C, M> {
    members: BTreeMap<C, BTreeSet<M>>,
    flows: BTreeMap<C, BTreeSet<C>>,
    /// Cells whose members may not have gone on.
    open: BTreeSet<C>,
}

impl<C, M> Default for Inclusion<C, M> {
    fn default() -> Self {
        Inclusion { members: BTreeMap::new(), flows: BTreeMap::new(), open: BTreeSet::new() }
    }
}

impl<C: Ord + Copy, M: Ord + Clone> Inclusion<C, M> {
    /// Puts a member into a cell; the next `settle` moves it on.
    pub fn add(&mut self, cell: C, member: M) {
        if self.members.entry(cell).or_default().insert(member) {
            self.open.insert(cell);
        }
    }

    /// What `from` holds `to` holds too; whether that is news.
    pub fn flow(&mut self, from: C, to: C) -> bool {
        let added = self.flows.entry(from).or_default().insert(to);
        if added {
            self.open.insert(from);
        }
        added
    }

    /// The members of a cell; complete only after `settle`.
    pub fn members(&self, cell: C) -> impl Iterator<Item = &M> {
        self.members.get(&cell).into_iter().flatten()
    }

    /// Moves members on until nothing changes.
    pub fn settle(&mut self) {
        while let Some(from) = self.open.pop_first() {
            let Some(members) = self.members.get(&from).cloned() else { continue };
            for &to in self.flows.get(&from).into_iter().flatten() {
                let into = self.members.entry(to).or_default();
                let before = into.len();
                into.extend(members.iter().cloned());
                if into.len() > before {
                    self.open.insert(to);
                }
            }
        }
    }
}
