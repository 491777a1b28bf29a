//! Functions of C that user space calls.

use crate::source::Span;
use crate::types::FnSig;

/// `extern "m" name(params) -> R`
pub struct CFunction {
    pub name: String,
    /// What it is linked from: the name of a library, as `-l` has it, or the path of a file, which has a slash.
    pub library: String,
    /// None if the declaration was reported.
    pub sig: Option<FnSig>,
    pub span: Span,
}
