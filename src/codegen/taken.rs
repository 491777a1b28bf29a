//! Names that were given in C: each once.

use std::collections::HashSet;

/// Names that are not free any more.
#[derive(Default, Clone)]
pub struct Taken {
    names: HashSet<String>,
}

impl Taken {
    /// A name that others give.
    pub fn keep(&mut self, name: &str) {
        self.names.insert(name.to_owned());
    }

    /// The name, with a number where something has it.
    pub fn unused(&mut self, name: String) -> String {
        let mut unused = name.clone();
        for number in 2.. {
            if self.names.insert(unused.clone()) {
                break;
            }
            unused = format!("{name}_{number}");
        }
        unused
    }
}

/// The name with `_` for what C's names have not.
pub fn letters(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect()
}
