//! The facts about references at one point, as a set of cases.

use crate::ir::{OpId, Value};
use std::collections::{BTreeMap, BTreeSet};

/// Where a reference comes from.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Root {
    /// The op that acquired it: a helper's call, or the call of a function that did.
    Acquired(OpId),
    /// The parameter that points to the object, which is the caller's.
    Param(usize),
}

/// A fact about a value, or about the contents of a variable.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Known {
    Null,
    /// A pointer that is not null, to the object of a reference, if one is known.
    Object(Option<Root>),
    Number(i128),
    /// A number that is not 0.
    NotZero,
}

/// What became of the object of a reference.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Status {
    Owned,
    /// In a list or tree of an entry whose lock is held.
    Borrowed,
    /// Released, by this op.
    Gone(OpId),
    /// Lost, which is reported where that happens.
    Lost,
}

/// One case: what may hold together.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Case {
    pub known: BTreeMap<Value, Known>,
    pub status: BTreeMap<Root, Status>,
    /// The parameters that may be null, each with whether it is.
    pub nulls: BTreeMap<usize, bool>,
}

/// The state of the analysis: at least one of these cases holds.
pub type Cases = BTreeSet<Case>;

impl Case {
    /// The reference whose object a value points to; none if it may be null or is unknown.
    pub fn root(&self, value: Value) -> Option<Root> {
        if let Some(Known::Object(root)) = self.known.get(&value) { *root } else { None }
    }

    /// Whether the function has to release the object.
    pub fn is_owned(&self, root: Root) -> bool {
        self.status.get(&root) == Some(&Status::Owned)
    }

    /// Whether the object is borrowed from a list or tree.
    pub fn is_borrowed(&self, root: Root) -> bool {
        self.status.get(&root) == Some(&Status::Borrowed)
    }

    /// Ends the borrows of all objects for which `is_over` holds, by the op `by`; a later use of one is an error.
    pub fn give_back(&mut self, by: OpId, is_over: impl Fn(Root) -> bool) {
        for (root, status) in &mut self.status {
            if *status == Status::Borrowed && is_over(*root) {
                *status = Status::Gone(by);
            }
        }
    }

    /// The op that released the object of a reference.
    pub fn gone(&self, root: Root) -> Option<OpId> {
        if let Some(Status::Gone(op)) = self.status.get(&root) { Some(*op) } else { None }
    }

    /// What the function acquired and did not release.
    pub fn acquired(&self) -> impl Iterator<Item = Root> {
        let owned = self.status.iter().filter(|(_, status)| **status == Status::Owned);
        owned.map(|(root, _)| *root).filter(|root| matches!(root, Root::Acquired(_)))
    }

    /// Sets or drops the fact about a value.
    pub fn set(&mut self, value: Value, known: Option<Known>) {
        match known {
            Some(known) => drop(self.known.insert(value, known)),
            None => drop(self.known.remove(&value)),
        }
    }

    /// Forgets what nothing asks for where control is next, so that cases become equal.
    pub fn forget(&mut self, live: &BTreeSet<Value>, is_flag: impl Fn(Value) -> bool) {
        self.known.retain(|value, _| live.contains(value));
        let held: BTreeSet<Root> = self.known.keys().filter_map(|&value| self.root(value)).collect();
        let matters = |root: &Root| matches!(root, Root::Param(_)) || held.contains(root);
        self.status.retain(|root, status| *status == Status::Owned || matters(root));
        // A flag of this function says something of a reference only if it is set while that is owned.
        if self.acquired().next().is_none() {
            self.known.retain(|&value, known| !matches!(known, Known::Number(_) | Known::NotZero) || !is_flag(value));
        }
    }
}
