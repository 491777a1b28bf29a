//! The doc comments that the program shows when it runs.

use crate::source::Span;
use crate::types::StructId;
use std::collections::BTreeMap;

/// Comments in one line each; what has none is not there.
#[derive(Default)]
pub struct Docs {
    /// Of fields, by their struct and their place in it.
    pub fields: BTreeMap<(StructId, usize), String>,
    /// Of maps and variables, by their names in the declarations.
    pub variables: BTreeMap<Span, String>,
}
