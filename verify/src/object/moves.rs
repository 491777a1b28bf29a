//! The instructions of an object that lie elsewhere than its DWARF says: a tool made code shorter after the compiler had written it, and
//! says in a section what it moved.

use object::{Object as _, ObjectSection};
use std::collections::HashMap;
use std::fmt::Write as _;

/// The section, which loaders pass over. It has a line for each section of code: the name, and for each step a tab and `OLD NEW`. Both are
/// offsets in bytes. What DWARF says of OLD + n is of NEW + n, up to the next step; an instruction that was taken out has the place of the
/// one behind it.
pub const SECTION: &str = ".debug_ks_moves";

/// Pairs of an old offset and the new one, both in ascending order.
pub type Steps = Vec<(u64, u64)>;

/// The contents of the section, for the steps of sections by their names.
pub fn text(sections: &[(String, Steps)]) -> String {
    let mut text = String::new();
    for (name, steps) in sections.iter().filter(|(_, steps)| !steps.is_empty()) {
        text += name;
        for (old, new) in steps {
            // Writing to a text does not fail.
            let _ = write!(text, "\t{old} {new}");
        }
        text.push('\n');
    }
    text
}

/// The steps of an object, by the index of the section.
#[derive(Default)]
pub struct Moves(HashMap<usize, Steps>);

impl Moves {
    /// Reads the section; nothing is moved by what is missing or damaged of it.
    pub fn read(file: &object::File<'_>) -> Moves {
        let data = file.section_by_name(SECTION).and_then(|section| section.data().ok());
        let text = data.and_then(|data| std::str::from_utf8(data).ok()).unwrap_or_default();
        let line = |line: &str| {
            let mut words = line.split('\t');
            let section = file.section_by_name(words.next()?)?.index().0;
            let step = |word: &str| {
                let (old, new) = word.split_once(' ')?;
                Some((old.parse().ok()?, new.parse().ok()?))
            };
            Some((section, words.map(step).collect::<Option<Steps>>()?))
        };
        Moves(text.lines().filter_map(line).collect())
    }

    /// Where the instruction lies that DWARF has at an offset of a section.
    pub fn place(&self, section: usize, old: u64) -> u64 {
        let steps = self.0.get(&section).map_or(&[][..], Vec::as_slice);
        let before = steps.partition_point(|&(from, _)| from <= old).checked_sub(1).map(|at| steps[at]);
        before.map_or(old, |(from, to)| to.saturating_add(old - from))
    }
}
