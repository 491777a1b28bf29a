//! Typed ids and the arenas that they index.

use std::marker::PhantomData;
use std::ops::{Index, IndexMut};

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
        pub struct $name(pub u32);
        impl From<usize> for $name {
            fn from(index: usize) -> $name {
                $name(index as u32)
            }
        }
        impl From<$name> for usize {
            fn from(id: $name) -> usize {
                id.0 as usize
            }
        }
    )*};
}
ids!(
    /// An operation of a function.
    OpId,
    /// A block of a function.
    BlockId,
    /// A region of a function.
    RegionId,
    /// An SSA value: the result of an op or the argument of a block.
    Value
);

/// A growing list that is indexed by its own id type. Nothing is ever removed, so ids stay valid.
#[derive(Clone, Debug)]
pub struct Arena<I, T> {
    items: Vec<T>,
    id: PhantomData<I>,
}

impl<I, T> Default for Arena<I, T> {
    fn default() -> Self {
        Arena { items: Vec::new(), id: PhantomData }
    }
}

impl<I: From<usize> + Into<usize> + Copy, T> Arena<I, T> {
    /// Adds an item and returns its id. Ids are consecutive from 0, and no item is ever removed.
    pub fn push(&mut self, item: T) -> I {
        self.items.push(item);
        I::from(self.items.len() - 1)
    }

    /// How many items were ever added; ids are below it.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether no item was added yet.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The ids in order; items added later are not among them, so the arena may grow meanwhile.
    pub fn ids(&self) -> impl Iterator<Item = I> + use<I, T> {
        (0..self.items.len()).map(I::from)
    }

    /// Each id with its item, in order.
    pub fn iter(&self) -> impl Iterator<Item = (I, &T)> {
        self.items.iter().enumerate().map(|(i, item)| (I::from(i), item))
    }
}

impl<I: Into<usize>, T> Index<I> for Arena<I, T> {
    type Output = T;
    fn index(&self, id: I) -> &T {
        &self.items[id.into()]
    }
}

impl<I: Into<usize>, T> IndexMut<I> for Arena<I, T> {
    fn index_mut(&mut self, id: I) -> &mut T {
        &mut self.items[id.into()]
    }
}
