//! Entries that were deleted while a name still refers to them: what is written to one is lost, or goes to an entry
//! that took its slot.

use super::State;
use super::value::{local, number};
use super::variables::{LocalKind, Variables};
use crate::diag::codes::maps::DeletedEntry;
use crate::sema::tree::{Expr, LocalId, MapId};
use crate::source::Span;

/// A key that is the same wherever it is written so.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    Number(i128),
    /// The variable, and how often it had been assigned to.
    Local(LocalId, u32),
}

impl State<'_, '_> {
    /// `delete m[k]`
    pub fn note_deleted(&mut self, map: MapId, key: &Expr, span: Span) {
        let Some(key) = self.vars.stable_key(key) else { return };
        for (local, info) in self.vars.iter() {
            if info.kind == LocalKind::Entry && info.map == Some(map) && info.key == Some(key) {
                self.flow.deleted.insert(local, span);
            }
        }
    }

    /// A name of an entry is used.
    pub fn use_entry(&mut self, entry: LocalId, span: Span) {
        // Said once.
        if let Some(deleted) = self.flow.deleted.remove(&entry) {
            let name = self.vars[entry].name.clone();
            self.warn(span, DeletedEntry { name }).note(deleted, "deleted here");
        }
    }
}

impl Variables {
    /// The key, if it is a number or a variable whose writes are all known; else none.
    pub fn stable_key(&self, key: &Expr) -> Option<Key> {
        if let Some(number) = number(key) {
            return Some(Key::Number(number));
        }
        let local = local(key)?;
        let info = &self[local];
        (!info.address_taken).then_some(Key::Local(local, info.assigned))
    }
}
