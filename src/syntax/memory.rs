//! Declarations that were read from another state of a text: an edit changes few of them.

use crate::ast::{Item, strip};
use crate::source::FileId;
use std::collections::HashMap;

/// Declarations without mistakes, by their text with what is before it, each with the byte at which that began.
#[derive(Default)]
pub struct Memory {
    known: HashMap<String, (Item, usize)>,
    /// Of the text that was read last.
    used: HashMap<String, (Item, usize)>,
}

/// The text of a declaration, from the end of the one before it on.
pub struct Place<'t> {
    pub text: &'t str,
    pub start: usize,
    pub file: FileId,
}

impl Memory {
    /// The declaration of this text, at its place.
    pub fn recall(&mut self, place: &Place) -> Option<Item> {
        if let Some((item, start)) = self.used.get(place.text) {
            return Some(strip::moved(item.clone(), *start, (place.file, place.start)));
        }
        let (text, (item, start)) = self.known.remove_entry(place.text)?;
        let item = strip::moved(item, start, (place.file, place.start));
        self.used.insert(text, (item.clone(), place.start));
        Some(item)
    }

    /// Keeps a declaration that was read without mistakes.
    pub fn keep(&mut self, place: &Place, item: &Item) {
        self.used.insert(place.text.to_owned(), (item.clone(), place.start));
    }

    /// Forgets what the text that was read last has not.
    pub fn forget_unused(&mut self) {
        self.known = std::mem::take(&mut self.used);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::{Options, Session};
    use crate::syntax::{parse, parse_remembering};
    use std::path::Path;

    #[test]
    fn a_text_that_was_edited_reads_as_a_new_one() {
        let first = "/// Counts.\nvar a: u64 = 1\n\n// About f.\n@xdp fn f(ctx: *xdp_md) -> xdp_action {\n    return XDP_PASS\n}\nfn main() -> i32 { return 0 }\n";
        let texts = [
            first.to_owned(),
            first.replace("u64 = 1", "u64 = 12345"),
            first.replace("XDP_PASS", "XDP_PASS +"),
            first.replace("/// Counts.", "/// Counts more."),
            format!("var b: u32\n{first}var b: u32\n"),
            first.replace("}\n", "\n"),
            first.to_owned(),
        ];
        let mut memory = Memory::default();
        for text in texts {
            let read = |memory: Option<&mut Memory>| {
                let mut cx = Session::new(Options::default());
                let file = cx.sources.add("a.ks", Path::new("a.ks"), text.clone());
                let tree = match memory {
                    Some(memory) => parse_remembering(&mut cx, file, memory),
                    None => parse(&mut cx, file),
                };
                let said: Vec<_> = cx.diags.iter().map(|diag| (diag.code, diag.span)).collect();
                (tree, said)
            };
            assert_eq!(read(None), read(Some(&mut memory)), "{text}");
        }
    }
}
