//! The options of `main`.

use super::Const;
use crate::types::StructId;

/// The options of `main(args: Args)`: one for each field of the struct.
pub struct ArgsSpec {
    pub ty: StructId,
    pub docs: Vec<String>,
    pub options: Vec<ArgOption>,
}

/// An option of `main` on the command line.
pub struct ArgOption {
    pub field: usize,
    pub docs: Vec<String>,
    pub default: Option<Const>,
    /// It has to be given.
    pub required: bool,
    /// It takes the words behind `--`.
    pub command: bool,
}
