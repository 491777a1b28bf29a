//! Places of debug information as spans of sources: of the file on the disk if it is the one that was compiled, else of the lines that
//! the object has.

use super::subject::{Subject, Variant};
use crate::session::Session;
use crate::source::{FileId, Span, load};
use ks_verify::object::{Object, Place};
use std::collections::HashMap;
use std::path::Path;

/// The files that reports name.
pub struct Places<'a> {
    folder: &'a Path,
    object: &'a Object,
    files: HashMap<String, Option<FileId>>,
}

/// Lines of a file that is put together from those that the object has.
const MAX_LINES: u32 = 1 << 20;

impl<'a> Places<'a> {
    /// No file yet.
    pub fn new(subject: &'a Subject, variant: &'a Variant) -> Places<'a> {
        Places { folder: &subject.folder, object: &variant.object, files: HashMap::new() }
    }

    /// The span of a place: the expression that begins at its column. None if nothing is known of its line.
    pub fn span(&mut self, cx: &mut Session, place: &Place) -> Option<Span> {
        let file = match self.files.get(&place.file) {
            Some(file) => *file,
            None => {
                let file = self.file(cx, &place.file);
                self.files.insert(place.file.clone(), file);
                file
            }
        }?;
        let source = cx.sources.file(file);
        if place.line == 0 || place.line as usize > source.line_count() {
            return None;
        }
        let text = source.line(place.line);
        let range = marked(text, place.column);
        let start = source.line_range(place.line).start;
        Some(Span::new(file, start + range.start, start + range.end))
    }

    fn file(&self, cx: &mut Session, name: &str) -> Option<FileId> {
        let compiled = cx.sources.files().find(|(_, file)| file.recorded == name || file.name == name);
        if let Some((id, _)) = compiled {
            return Some(id);
        }
        let recorded: Vec<(u32, &str)> = self.object.recorded_lines(name).collect();
        let beside = self.folder.join(name);
        for path in [Path::new(name), &beside] {
            let Ok(id) = load::read(&mut cx.sources, name, path) else { continue };
            let source = cx.sources.file(id);
            let same = |&(line, text): &(u32, &str)| {
                line as usize <= source.line_count() && source.line(line).trim() == text.trim()
            };
            if recorded.iter().all(same) {
                return Some(id);
            }
        }
        let last = self.object.last_line(name).filter(|&last| last < MAX_LINES)?;
        let known: HashMap<u32, &str> = recorded.into_iter().collect();
        let lines = (1..=last).map(|line| known.get(&line).copied().unwrap_or(""));
        let text = lines.collect::<Vec<_>>().join("\n");
        Some(cx.sources.add(name, Path::new(name), text))
    }
}

/// The bytes of a line that are marked for a column, from 1; 0 stands for an unknown one.
fn marked(text: &str, column: u32) -> std::ops::Range<usize> {
    let indent = text.len() - text.trim_start().len();
    let start = (column as usize).saturating_sub(1).max(if column == 0 { indent } else { 0 });
    if start >= text.len() || !text.is_char_boundary(start) {
        return indent.min(text.len())..text.trim_end().len().max(indent.min(text.len()));
    }
    let length = expression(&text[start..]);
    start..start + length
}

/// Words that begin a statement, which is marked up to its body.
const STATEMENTS: &[&str] = &["if", "for", "while", "return", "var", "let", "switch", "match"];

/// The length of the expression that a text begins with: names, members, calls and elements.
fn expression(text: &str) -> usize {
    let word = text.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(text.len());
    let statement = STATEMENTS.contains(&&text[..word]);
    let (mut depth, mut end) = (0_usize, 0);
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let next = chars.peek().map(|(_, next)| *next);
        let goes_on = match c {
            '(' | '[' => {
                depth += 1;
                true
            }
            ')' | ']' => match depth.checked_sub(1) {
                Some(outer) => {
                    depth = outer;
                    true
                }
                None => false,
            },
            ';' | '{' | '}' => at == 0,
            _ if depth > 0 || statement => true,
            '-' => next == Some('>'),
            '>' => end > 0 && text[..at].ends_with('-'),
            '&' | '*' | '!' | '~' => at == 0 || text[..at].chars().all(|c| "&*!~".contains(c)),
            c => c.is_alphanumeric() || c == '_' || c == '.',
        };
        if !goes_on {
            break;
        }
        end = at + c.len_utf8();
    }
    let kept = text[..end].trim_end().len();
    if kept > 0 { kept } else { text.chars().next().map_or(0, char::len_utf8) }
}

#[cfg(test)]
mod tests {
    use super::marked;

    fn of(text: &str, column: u32) -> &str {
        &text[marked(text, column)]
    }

    #[test]
    fn what_is_marked() {
        assert_eq!(of("    long *v = bpf_map_lookup_elem(&m, &k);", 15), "bpf_map_lookup_elem(&m, &k)");
        assert_eq!(of("    return *v;", 5), "return *v");
        assert_eq!(of("    return *v;", 12), "*v");
        assert_eq!(of("  x = p->a[3].b + 1;", 7), "p->a[3].b");
        assert_eq!(of("if (n > 3) {", 1), "if (n > 3)");
        assert_eq!(of("}", 1), "}");
        assert_eq!(of("  f(a)", 0), "f(a)");
        assert_eq!(of("", 7), "");
        assert_eq!(of("é = ü", 2), "é = ü");
    }
}
