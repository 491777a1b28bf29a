//! Newlines, brackets and comments: what is done before the grammar.
