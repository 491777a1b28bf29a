//! Sets of the bytes of an object.

const BITS: usize = 64;

/// A set of the bytes below some size.
#[derive(Clone, PartialEq, Eq)]
pub struct Bytes {
    size: usize,
    words: Vec<u64>,
}

impl Bytes {
    /// The empty set of an object's bytes; `size` is how many the object has.
    pub fn none(size: usize) -> Bytes {
        Bytes { size, words: vec![0; size.div_ceil(BITS)] }
    }

    /// All bytes of an object of so many.
    pub fn all(size: usize) -> Bytes {
        let mut all = Bytes::none(size);
        all.add(0, size);
        all
    }

    /// Whether the byte at this offset is in the set. The offset is below the size.
    pub fn has(&self, at: usize) -> bool {
        self.words[at / BITS] >> (at % BITS) & 1 != 0
    }

    /// Adds the bytes from `from` on, up to `to`.
    pub fn add(&mut self, from: usize, to: usize) {
        (from..to.min(self.size)).for_each(|at| self.words[at / BITS] |= 1 << (at % BITS));
    }

    /// Removes the bytes from `from` on, up to `to`.
    pub fn remove(&mut self, from: usize, to: usize) {
        (from..to.min(self.size)).for_each(|at| self.words[at / BITS] &= !(1 << (at % BITS)));
    }

    /// Removes all bytes.
    pub fn clear(&mut self) {
        self.words.fill(0);
    }

    /// Adds the bytes of another set.
    pub fn join(&mut self, other: &Bytes) {
        self.words.iter_mut().zip(&other.words).for_each(|(word, other)| *word |= other);
    }

    /// Keeps only the bytes that are in another set too.
    pub fn keep(&mut self, other: &Bytes) {
        self.words.iter_mut().zip(&other.words).for_each(|(word, other)| *word &= other);
    }
}
