//! The comments of a file, as the layout keeps them.

use std::ops::Range;

/// A comment: its range includes its signs, and not the newline after it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Comment {
    pub range: Range<usize>,
    pub kind: CommentKind,
    /// Where the token after it begins; the end of the file after the last.
    pub next: usize,
}

/// The kinds of comments, by their signs: `//`, `///`, `/* */`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CommentKind {
    Line,
    /// `/// …`
    Doc,
    Block,
}
