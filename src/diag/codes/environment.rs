//! E09: environment.

use super::codes;

codes! {
    /// The artifact could not be written: no such folder, no permission, no room. Nothing was left half written.
    E0910 OutputNotWritten { path, why } = "cannot write `{path}`: {why}",
}
