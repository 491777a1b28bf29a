//! Texts with a name put in where one is being typed, so that the front end reads what is there so far.
//!
//! Which ends the construct lacks is tried on its declaration alone, which takes a fraction of a millisecond. Then the program is checked
//! once, with that declaration in the place of the one that is being written.

use super::analysis::{Analysis, Written};
use super::documents::Document;
use super::server::Server;
use super::text;
use crate::ast::walk::Node;
use crate::ast::{ExprKind, Item, TypeKind};
use crate::source::{FileId, SourceMap, Span};
use crate::syntax;
use crate::uses::Gap;
use std::ops::Range;

/// A name that no program declares.
const NAME: &str = "ksc_is_asked";

/// The ends that a half-written construct may lack behind the name: in a literal of a struct a value, in a statement that begins a block
/// nothing.
const ENDS: &[&str] = &["", ": 0", "()", " = 0"];

/// Texts that are checked at most.
const MOST_CHECKS: usize = 2;

/// A text with the name, and its declaration around the name.
struct Tried {
    patched: Document,
    place: Range<usize>,
    item: Item,
    /// Of the declaration.
    range: Range<usize>,
    has_errors: bool,
    /// The brackets of the other declarations are those of the open text.
    is_local: bool,
}

/// What may stand in the place of the word at a byte of an open text, as the check of a text saw it that could be read so far.
pub fn at(server: &Server, document: &Document, at: usize) -> Option<(Analysis, Gap)> {
    let word = text::word(&document.text, at);
    let mut ends = vec![String::new(), closers(&document.text, word.start)];
    ends.dedup();
    let mut tried: Vec<Tried> = Vec::new();
    for (closers, end) in ends.iter().flat_map(|closers| ENDS.iter().map(move |end| (closers, end))) {
        let (patched, place) = patched(document, &word, &format!("{end}{closers}"));
        let Some(found) = read(patched, place, closers.is_empty()) else { continue };
        let is_right = !found.has_errors;
        tried.push(found);
        if is_right {
            break;
        }
    }
    tried.sort_by_key(|tried| tried.has_errors);
    tried.into_iter().take(MOST_CHECKS).find_map(|tried| {
        let place = tried.place.clone();
        let (analysis, gap) = if tried.is_local {
            // The name may be shorter than the word in its place.
            let end = tried.range.end + document.text.len() - tried.patched.text.len();
            let replaced = tried.range.start..end;
            let written = Written { text: tried.patched.text, item: tried.item, replaced };
            Analysis::gap(document, &server.documents, &server.options, (place.start, place.end), Some(written))
        } else {
            Analysis::gap(&tried.patched, &server.documents, &server.options, (place.start, place.end), None)
        };
        gap.map(|gap| (analysis, gap))
    })
}

/// The declaration around the name; none if it cannot be read, or the name is no name of a value, a member or a type there.
fn read(patched: Document, place: Range<usize>, is_local: bool) -> Option<Tried> {
    let mut sources = SourceMap::default();
    sources.add("", &patched.path, String::new());
    let file = sources.add("", &patched.path, patched.text.clone());
    let (item, range, has_errors) = syntax::parse_around(sources.file(file), file, place.start)?;
    let asked = Span::new(file, place.start, place.end);
    asks(&item, asked).then_some(Tried { patched, place, item, range, has_errors, is_local })
}

/// Whether the checker is asked about the name there.
fn asks(item: &Item, asked: Span) -> bool {
    let mut found = false;
    Node::Item(item).each(&mut |node| {
        if let Node::Type(ty) = node {
            let named = if let TypeKind::Named(path) = &ty.kind { path.segments.last() } else { None };
            found |= named.is_some_and(|name| name.span == asked);
        }
        let Node::Expr(expr) = node else { return };
        if let ExprKind::Name(path) = &expr.kind {
            found |= path.segments.last().is_some_and(|name| name.span == asked);
        } else if let ExprKind::Field { name, .. } = &expr.kind {
            found |= name.span == asked;
        } else if let ExprKind::Struct { fields, .. } = &expr.kind {
            found |= fields.iter().any(|field| field.name.span == asked);
        }
    });
    found
}

/// The checks of the text with a name at a byte: as it is, and with the brackets closed that the line has open. With the name's place.
pub fn filled(server: &Server, document: &Document, at: usize) -> impl Iterator<Item = (Analysis, Range<usize>)> {
    let word = at..at;
    let mut ends = vec![String::new(), closers(&document.text, at)];
    ends.dedup();
    ends.into_iter().map(move |end| {
        let (patched, place) = patched(document, &word, &end);
        (Analysis::of(&patched, &server.documents, &server.options), place)
    })
}

fn patched(document: &Document, word: &Range<usize>, end: &str) -> (Document, Range<usize>) {
    let mut text = document.text.clone();
    // An argument before another one, or before a name.
    let glued = text[word.end..].chars().next().is_some_and(|next| next.is_alphanumeric());
    let blank = if glued { ", " } else { "" };
    text.replace_range(word.clone(), &format!("{NAME}{end}{blank}"));
    let place = word.start..word.start + NAME.len();
    let patched = Document { text, ..document.clone() };
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

/// The file of the text with the name, where the open text is the first.
pub const WRITTEN_IN: FileId = FileId(1);
