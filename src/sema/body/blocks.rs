//! The blocks around a point of a body, with the names that each declares. A name is found in constant time, however deep the
//! blocks are: a long chain of `else if` is as deep as it is long.

use super::variables::Name;
use crate::sema::tree::LocalId;
use indexmap::IndexMap;
use std::collections::HashMap;

/// One block.
#[derive(Default)]
pub(super) struct Block {
    /// In order of declaration.
    names: IndexMap<String, Name>,
    locals: Vec<LocalId>,
}

impl Block {
    /// What each name of the block means, in order of declaration.
    pub fn names(&self) -> &IndexMap<String, Name> {
        &self.names
    }

    /// The variables of the block, in order of declaration.
    pub fn locals(&self) -> &[LocalId] {
        &self.locals
    }
}

/// From the outermost block to the innermost.
#[derive(Default)]
pub(super) struct Blocks {
    blocks: Vec<Block>,
    /// The indexes of the blocks that declare each name, in order.
    declaring: HashMap<String, Vec<usize>>,
}

impl Blocks {
    /// The number of blocks.
    pub fn len(&self) -> usize {
        self.blocks.len()
    }

    /// The blocks, the outermost first.
    pub fn iter(&self) -> impl Iterator<Item = &Block> {
        self.blocks.iter()
    }

    /// Enters a block.
    pub fn push(&mut self) {
        self.blocks.push(Block::default());
    }

    /// Leaves the innermost block.
    pub fn pop(&mut self) -> Option<Block> {
        let block = self.blocks.pop()?;
        for name in block.names.keys() {
            if let Some(at) = self.declaring.get_mut(name) {
                at.pop();
            }
        }
        Some(block)
    }

    /// The innermost meaning of a name.
    pub fn find(&self, name: &str) -> Option<&Name> {
        let &at = self.declaring.get(name)?.last()?;
        self.blocks[at].names.get(name)
    }

    /// The meaning of a name in the outermost block.
    pub fn outermost(&self, name: &str) -> Option<&Name> {
        self.blocks.first()?.names.get(name)
    }

    /// Declares a name in the innermost block. Returns what it meant there before.
    pub fn declare(&mut self, name: &str, meaning: Name) -> Option<Name> {
        self.declare_in(self.blocks.len().checked_sub(1)?, name, meaning)
    }

    /// Declares a name in the outermost block, unless that has it.
    pub fn declare_outermost(&mut self, name: &str, meaning: Name) {
        if self.blocks.first().is_some_and(|block| !block.names.contains_key(name)) {
            self.declare_in(0, name, meaning);
        }
    }

    fn declare_in(&mut self, at: usize, name: &str, meaning: Name) -> Option<Name> {
        let before = self.blocks[at].names.insert(name.to_owned(), meaning);
        if before.is_none() {
            let declaring = self.declaring.entry(name.to_owned()).or_default();
            declaring.insert(declaring.partition_point(|&other| other < at), at);
        }
        before
    }

    /// A variable of the innermost block.
    pub fn push_local(&mut self, id: LocalId) {
        if let Some(block) = self.blocks.last_mut() {
            block.locals.push(id);
        }
    }
}
