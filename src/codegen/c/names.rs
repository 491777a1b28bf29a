//! Names in C: none is a keyword, a macro of the kernel's headers, or given twice.
//!
//! Names of the file start with `ks_`, which no header of the kernel does, but for those that BPF code calls. Names inside
//! functions and structs are those of the program: headers declare nothing there, but macros replace any word.

use crate::codegen::taken::{Taken, letters};
use crate::tables::C_WORDS;

/// The names that one scope has given.
#[derive(Default, Clone)]
pub struct Names {
    taken: Taken,
}

impl Names {
    /// A name for a local variable, parameter or field.
    pub fn inner(&mut self, wanted: &str) -> String {
        let mut name = letters(wanted);
        // Macros of configurations and constants, and what compilers and headers keep for themselves.
        let reserved = !name.contains(|c: char| c.is_ascii_lowercase())
            || name.starts_with(['_', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9']);
        if reserved {
            name = format!("v_{name}");
        } else if C_WORDS.binary_search(&name.as_str()).is_ok() || name.starts_with("ks_") {
            name.push('_');
        }
        self.taken.unused(name)
    }

    /// A name of the file: of a function, variable, struct or constant.
    pub fn outer(&mut self, wanted: &str) -> String {
        self.taken.unused(format!("ks_{}", letters(wanted)))
    }

    /// A name that others know.
    pub fn keep(&mut self, name: &str) {
        self.taken.keep(name);
    }
}
