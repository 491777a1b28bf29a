//! Names in a header: none is a word or a macro of C or C++, or given twice. C++ has types, variables and the constants of enums in
//! one namespace.

use crate::tables::HEADER_WORDS;
use std::collections::HashSet;

#[derive(Default)]
pub struct Names {
    taken: HashSet<String>,
}

impl Names {
    /// The name, with a number where something has it.
    pub fn unused(&mut self, wanted: &str) -> String {
        let name = c_name(wanted);
        let mut unused = name.clone();
        for number in 2.. {
            if self.taken.insert(unused.clone()) {
                break;
            }
            unused = format!("{name}_{number}");
        }
        unused
    }
}

/// A name that is none of C's words.
pub fn c_name(name: &str) -> String {
    let text: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    let begins = text.starts_with(|c: char| c.is_ascii_digit());
    if begins || HEADER_WORDS.binary_search(&text.as_str()).is_ok() { format!("{text}_") } else { text }
}
