//! Names in a header: none is a word or a macro of C or C++, or given twice. C++ has types, variables and the constants of enums in
//! one namespace.

use crate::codegen::taken::{Taken, letters};
use crate::tables::HEADER_WORDS;

/// The names that one scope of the header has given.
#[derive(Default)]
pub struct Names {
    taken: Taken,
}

impl Names {
    /// The name, with a number where something has it.
    pub fn unused(&mut self, wanted: &str) -> String {
        self.taken.unused(c_name(wanted))
    }
}

/// A name that is none of C's words.
pub fn c_name(name: &str) -> String {
    let text = letters(name);
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        return format!("_{text}");
    }
    if HEADER_WORDS.binary_search(&text.as_str()).is_ok() { format!("{text}_") } else { text }
}
