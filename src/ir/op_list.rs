//! The ops of a block: a list with a gap where it was changed last.
//!
//! Passes go through a block in order and put ops before others, or take them out. In a block of very many statements each
//! such edit would move all ops behind it; here it moves those between the last edit and this one.

use super::OpId;
use std::cell::Cell;
use std::ops::Index;

/// The ops of a block in order, as a gap buffer: edits near the last one take constant time.
#[derive(Clone, Default, Debug)]
pub struct OpList {
    before: Vec<OpId>,
    /// The ops behind the gap, the last first.
    after: Vec<OpId>,
    /// Where an op was looked for last; the next one is near.
    near: Cell<usize>,
}

impl OpList {
    /// How many ops the block has.
    pub fn len(&self) -> usize {
        self.before.len() + self.after.len()
    }

    /// Whether the block has no op, which only a block under construction may.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The first op of the block; none if it is empty.
    pub fn first(&self) -> Option<&OpId> {
        self.before.first().or(self.after.last())
    }

    /// The last op of the block, its terminator or region end once it is complete; none if it is empty.
    pub fn last(&self) -> Option<&OpId> {
        self.after.first().or(self.before.last())
    }

    /// The ops in order; it can be walked from both ends.
    pub fn iter(&self) -> Iter<'_> {
        self.before.iter().chain(self.after.iter().rev())
    }

    /// The ops before an index, the nearest first.
    pub fn backwards(&self, end: usize) -> impl Iterator<Item = OpId> {
        (0..end).rev().map(|at| self[at])
    }

    fn get(&self, at: usize) -> Option<OpId> {
        match at.checked_sub(self.before.len()) {
            None => Some(self.before[at]),
            Some(behind) => self.after.len().checked_sub(behind + 1).map(|at| self.after[at]),
        }
    }

    /// The index of an op.
    pub fn position(&self, op: OpId) -> Option<usize> {
        let near = self.near.get().min(self.len());
        let is_it = |at: &usize| self.get(*at) == Some(op);
        let outwards = |distance: usize| [Some(near + distance), near.checked_sub(distance + 1)];
        let at = (0..=near.max(self.len() - near)).flat_map(outwards).flatten().find(is_it)?;
        self.near.set(at);
        Some(at)
    }

    /// Appends an op.
    pub fn push(&mut self, op: OpId) {
        self.move_gap(self.len());
        self.before.push(op);
    }

    /// Removes the last op and returns it; none if the list is empty.
    pub fn pop(&mut self) -> Option<OpId> {
        self.move_gap(self.len());
        self.before.pop()
    }

    /// Inserts an op before the one at an index; the index may be the length.
    pub fn insert(&mut self, at: usize, op: OpId) {
        self.move_gap(at);
        self.before.push(op);
    }

    /// Removes the op at an index.
    pub fn remove(&mut self, at: usize) {
        self.replace(at, &[]);
    }

    /// Puts ops in the place of one.
    pub fn replace(&mut self, at: usize, ops: &[OpId]) {
        self.move_gap(at + 1);
        self.before.pop();
        self.before.extend_from_slice(ops);
    }

    /// Takes the ops from an index on out of the list.
    pub fn split_off(&mut self, at: usize) -> Vec<OpId> {
        self.move_gap(at);
        let mut tail = std::mem::take(&mut self.after);
        tail.reverse();
        tail
    }

    /// Appends several ops in order.
    pub fn extend(&mut self, ops: &[OpId]) {
        self.move_gap(self.len());
        self.before.extend_from_slice(ops);
    }

    /// Takes all ops out of the list.
    pub fn take(&mut self) -> Vec<OpId> {
        self.split_off(0)
    }

    fn move_gap(&mut self, at: usize) {
        let gap = self.before.len();
        if at < gap {
            self.after.extend(self.before.drain(at..).rev());
        } else {
            let from = self.after.len() - (at - gap);
            self.before.extend(self.after.drain(from..).rev());
        }
    }
}

type Iter<'l> = std::iter::Chain<std::slice::Iter<'l, OpId>, std::iter::Rev<std::slice::Iter<'l, OpId>>>;

impl<'l> IntoIterator for &'l OpList {
    type Item = &'l OpId;
    type IntoIter = Iter<'l>;

    fn into_iter(self) -> Iter<'l> {
        self.iter()
    }
}

impl Index<usize> for OpList {
    type Output = OpId;

    fn index(&self, at: usize) -> &OpId {
        match at.checked_sub(self.before.len()) {
            None => &self.before[at],
            Some(behind) => &self.after[self.after.len() - 1 - behind],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{OpId, OpList};

    fn numbers(list: &OpList) -> Vec<u32> {
        list.iter().map(|op| op.0).collect()
    }

    #[test]
    fn edits_anywhere() {
        let mut list = OpList::default();
        list.extend(&[OpId(0), OpId(1), OpId(2), OpId(3)]);
        list.insert(1, OpId(9));
        list.insert(4, OpId(8));
        assert_eq!(numbers(&list), [0, 9, 1, 2, 8, 3]);
        list.remove(0);
        list.replace(2, &[OpId(6), OpId(7)]);
        assert_eq!(numbers(&list), [9, 1, 6, 7, 8, 3]);
        assert_eq!(list.position(OpId(3)), Some(5));
        assert_eq!(list.position(OpId(9)), Some(0));
        assert_eq!(list.position(OpId(2)), None);
        assert_eq!((list.first(), list.last(), list[3]), (Some(&OpId(9)), Some(&OpId(3)), OpId(7)));
        assert_eq!(list.split_off(4), [OpId(8), OpId(3)]);
        assert_eq!(list.pop(), Some(OpId(7)));
        list.push(OpId(5));
        assert_eq!(numbers(&list), [9, 1, 6, 5]);
        assert_eq!(list.take().len(), 4);
        assert!(list.is_empty());
    }
}
