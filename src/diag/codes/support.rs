//! E06: what this compiler, or the chosen target, does not have.

use super::codes;

codes! {
    /// The language has this, but this version of the compiler does not compile it yet. Nothing was generated for it.
    E0601 NotSupportedYet { what } = "{what} is not supported yet",
}
