//! The comments of a file, as the layout keeps them.

use std::ops::Range;

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Comment {
    pub range: Range<usize>,
    pub kind: CommentKind,
    /// Where the token after it begins; the end of the file after the last.
    pub next: usize,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CommentKind {
    Line,
    /// `/// …`
    Doc,
    Block,
}
