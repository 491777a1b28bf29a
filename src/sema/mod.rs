//! Checks a program: names, types, roles, rules. Takes the syntax tree, yields the typed tree.

pub mod env;
pub mod tree;
