//! Texts with a name put in where one is being typed, so that the front end reads what is there so far.

use super::analysis::Analysis;
use super::documents::Document;
use super::server::Server;
use super::text;
use crate::uses::Gap;
use std::ops::Range;

/// A name that no program declares.
const NAME: &str = "ksc_is_asked";

/// The ends that a half-written construct may lack behind the name: in a literal of a struct a value, in a statement that begins a block
/// nothing.
const ENDS: &[&str] = &["", ": 0", "()", " = 0"];

/// What may stand in the place of the word at a byte of an open text, as the check of a text saw it that could be read so far.
pub fn at(server: &Server, document: &Document, at: usize) -> Option<(Analysis, Gap)> {
    let word = text::word(&document.text, at);
    for closers in [String::new(), closers(&document.text, word.start)] {
        for end in ENDS {
            let (patched, place) = patched(document, &word, &format!("{end}{closers}"));
            let (analysis, gap) = Analysis::gap(&patched, &server.documents, &server.options, (place.start, place.end));
            if let Some(gap) = gap {
                return Some((analysis, gap));
            }
        }
        if closers.is_empty() && self::closers(&document.text, word.start).is_empty() {
            break;
        }
    }
    None
}

/// The checks of the text with a name at a byte: as it is, and with the brackets closed that the line has open. With the name's place.
pub fn filled(server: &Server, document: &Document, at: usize) -> Vec<(Analysis, Range<usize>)> {
    let word = at..at;
    let mut ends = vec![String::new(), closers(&document.text, at)];
    ends.dedup();
    let tried = ends.into_iter().map(|end| {
        let (patched, place) = patched(document, &word, &end);
        (Analysis::of(&patched, &server.documents, &server.options), place)
    });
    tried.collect()
}

fn patched(document: &Document, word: &Range<usize>, end: &str) -> (Document, Range<usize>) {
    let mut text = document.text.clone();
    // An argument before another one, or before a name.
    let glued = text[word.end..].chars().next().is_some_and(|next| next.is_alphanumeric());
    let blank = if glued { ", " } else { "" };
    text.replace_range(word.clone(), &format!("{NAME}{end}{blank}"));
    let place = word.start..word.start + NAME.len();
    let patched = Document { uri: document.uri.clone(), path: document.path.clone(), text, version: document.version };
    (patched, place)
}

/// The brackets that the line before a byte opens and nothing in the line closes.
fn closers(text: &str, at: usize) -> String {
    let start = text[..at].rfind('\n').map_or(0, |end| end + 1);
    let end = text[at..].find('\n').map_or(text.len(), |end| at + end);
    let mut open = Vec::new();
    let mut quoted = false;
    let mut escaped = false;
    for character in text[start..end].chars() {
        if quoted {
            quoted = escaped || character != '"';
            escaped = !escaped && character == '\\';
            continue;
        }
        match character {
            '"' => quoted = true,
            '(' => open.push(')'),
            '[' => open.push(']'),
            ')' | ']' => drop(open.pop()),
            _ => {}
        }
    }
    open.into_iter().rev().collect()
}
