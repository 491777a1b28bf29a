//! Prints the tree as source.
