//! Names of C and of this language as names of other languages, and texts as their literals and comments.

use std::collections::BTreeSet;

/// The names of one place, each given once.
#[derive(Default)]
pub struct Names {
    taken: BTreeSet<String>,
}

impl Names {
    /// A name like this one that is none of the words, that none before has, and that does not begin with `_`, as names of the module's
    /// own code do.
    pub fn unused(&mut self, name: &str, words: &[&str]) -> String {
        let mut name: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
        if name.starts_with('_') || name.starts_with(|first: char| first.is_ascii_digit()) || name.is_empty() {
            name.insert(0, 'x');
        }
        while words.binary_search(&name.as_str()).is_ok() || self.taken.contains(&name) {
            name.push('_');
        }
        self.taken.insert(name.clone());
        name
    }
}

/// A literal of Python or Go with this text.
pub fn literal(text: &str) -> String {
    quoted(text, |c| format!("\\U{:08x}", u32::from(c)))
}

/// A literal of Rust with this text.
pub fn rust_literal(text: &str) -> String {
    quoted(text, |c| format!("\\u{{{:x}}}", u32::from(c)))
}

fn quoted(text: &str, escape: impl Fn(char) -> String) -> String {
    let mut out = "\"".to_owned();
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            ' '..='~' => out.push(c),
            _ => out += &escape(c),
        }
    }
    out + "\""
}

/// A text that stays in a comment of one line.
pub fn comment(text: &str) -> String {
    text.chars().map(|c| if matches!(c, ' '..='~') && c != '`' { c } else { '?' }).collect()
}
