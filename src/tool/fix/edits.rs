//! Texts and the edits in them.

use crate::diag::{Certainty, Fix};
use crate::session::Session;
use crate::source::{SourceFile, SourceMap, Span};
use std::ops::Range;
use std::path::PathBuf;

/// A file of the program and what has become of it.
#[derive(Clone)]
pub struct Edited {
    pub name: String,
    pub path: PathBuf,
    pub byte_order_mark: bool,
    pub original: String,
    pub text: String,
    pub applied: usize,
}

impl Edited {
    /// The file before any edit.
    pub fn new(source: &SourceFile) -> Edited {
        Edited {
            name: source.name.clone(),
            path: source.path.clone(),
            byte_order_mark: source.byte_order_mark,
            original: source.text.clone(),
            text: source.text.clone(),
            applied: 0,
        }
    }
}

/// A certain fix.
pub struct Proposal {
    /// Index of the file.
    file: usize,
    range: Range<usize>,
    replacement: String,
    pub key: Key,
}

/// The identity of a fix, which stays when others move its place: the file, the line, the place in the line, and the new text.
pub type Key = (PathBuf, String, usize, String);

/// The fixes that may be applied, in the order of their places.
pub fn proposals(cx: &Session, files: &[Edited]) -> Vec<Proposal> {
    let fixes = cx.diags.iter().filter_map(|diag| diag.fix.as_ref());
    let certain = fixes.filter(|fix| fix.certainty == Certainty::Certain);
    let mut found: Vec<Proposal> = certain.filter_map(|fix| proposal(&cx.sources, files, fix)).collect();
    found.sort_by_key(|proposal| (proposal.file, proposal.range.start, proposal.range.end));
    found
}

fn proposal(sources: &SourceMap, files: &[Edited], fix: &Fix) -> Option<Proposal> {
    let source = sources.file(fix.span.file);
    let file = files.iter().position(|file| file.path == source.path)?;
    let range = fix.span.lo as usize..fix.span.hi as usize;
    if source.text[range.clone()] == fix.replacement {
        return None;
    }
    let start = source.text[..range.start].rfind('\n').map_or(0, |at| at + 1);
    let line = source.text[start..].lines().next().unwrap_or_default().to_owned();
    let key = (source.path.clone(), line, range.start - start, fix.replacement.clone());
    Some(Proposal { file, range, replacement: fix.replacement.clone(), key })
}

/// The text that a fix has written, by its place in the text with all fixes.
pub struct Touched {
    file: PathBuf,
    range: Range<usize>,
}

impl Touched {
    /// Whether the edit touches a span.
    pub fn has(&self, sources: &SourceMap, span: Span) -> bool {
        let source = sources.file(span.file);
        self.file == source.path && span.lo as usize <= self.range.end && self.range.start <= span.hi as usize
    }
}

/// The texts with those fixes that do not overlap an earlier one, and what they wrote. The others may come in
/// the next round.
pub fn apply(files: &[Edited], chosen: &[&Proposal]) -> (Vec<Edited>, Vec<Touched>) {
    let mut touched = Vec::new();
    let edited = files.iter().enumerate().map(|(index, file)| {
        let mut result = String::with_capacity(file.text.len());
        let (mut at, mut count) = (0, 0);
        let mut last = None;
        for proposal in chosen.iter().filter(|proposal| proposal.file == index) {
            let range = proposal.range.clone();
            if range.start < at || last == Some(range.start) {
                continue;
            }
            result += &file.text[at..range.start];
            let start = result.len();
            result += &proposal.replacement;
            touched.push(Touched { file: file.path.clone(), range: start..result.len() });
            at = range.end;
            last = Some(range.start);
            count += 1;
        }
        let text = result + &file.text[at..];
        Edited { text, applied: file.applied + count, ..file.clone() }
    });
    (edited.collect(), touched)
}
