//! The parser: from the laid-out text of a file to its tree.
//!
//! `ks.pest` is the grammar of one declaration. Pest reads the declarations one by one, as `source::layout` has cut
//! them, and a builder per family (items, types, expressions, statements) makes the tree of the parse. The builders
//! refuse what the grammar accepts only to give a better message. `errors` reports text that pest could not read.

mod builder;
mod c_order;
mod conditions;
mod errors;
mod exprs;
mod foreign;
mod headers;
mod hints;
mod items;
mod keyword_names;
mod literals;
mod memory;
mod recover;
mod stmts;
mod types;
mod unread;
mod words;

use crate::ast;
use crate::diag::codes::syntax::StrayBracket;
use crate::diag::{Code, Diagnostic, Severity};
use crate::session::Session;
use crate::source::layout::{Layout, layout};
use crate::source::{FileId, SourceFile};
use builder::Builder;
pub use memory::Memory;
use memory::Place;
use pest::Parser;
use std::ops::Range;
pub use words::{is_keyword, is_primitive};

#[derive(pest_derive::Parser)]
#[grammar = "syntax/ks.pest"]
struct KsParser;

/// Parses a file. Mistakes are reported; text that cannot be read becomes a node of its own in the tree, as small as may be: an
/// expression, a type, a statement, or a declaration that keeps its name.
pub fn parse(cx: &mut Session, file: FileId) -> ast::File {
    parse_with(cx, file, None)
}

/// As [`parse`]; declarations whose text the memory has seen are not read again.
pub fn parse_remembering(cx: &mut Session, file: FileId, memory: &mut Memory) -> ast::File {
    let tree = parse_with(cx, file, Some(memory));
    memory.forget_unused();
    tree
}

fn parse_with(cx: &mut Session, file: FileId, mut memory: Option<&mut Memory>) -> ast::File {
    let mut diags = Vec::new();
    let source = cx.sources.file(file);
    if let Some(error) = foreign::bpftrace::file(&source.text, file, &mut cx.kernel_types) {
        cx.diags.push(error);
        return ast::File { file, items: Vec::new() };
    }
    let layout = layout(&source.text, file, &mut diags);
    let of_brackets = diags.len();
    let unreadable = layout.broken.iter().flat_map(|range| unread::items(&source.text, file, range.clone()));
    let mut items: Vec<ast::Item> = unreadable.collect();
    let sure: Vec<usize> = layout.sure_declarations().collect();
    // Behind a function that ends too early its last statements look like declarations.
    let mut doubtful = false;
    let mut behind = 0;
    for (number, range) in layout.items.iter().enumerate() {
        doubtful &= sure.binary_search(&range.start).is_err();
        let before = diags.len();
        // Comments before the declaration are a part of it.
        let place = Place { text: &source.text[behind..range.end], start: behind, file };
        behind = range.end;
        let known = memory.as_mut().and_then(|memory| memory.recall(&place));
        let read = known.or_else(|| {
            let read = item(source, file, &layout, number, &mut diags)?;
            if let Some(memory) = memory.as_mut().filter(|_| diags.len() == before) {
                memory.keep(&place, &read);
            }
            Some(read)
        });
        match read.filter(|_| !doubtful) {
            Some(item) => items.push(item),
            None => items.extend(unread::items(&source.text, file, range.clone())),
        }
        doubtful |= diags[before..].iter().any(|diag| diag.severity == Severity::Error);
    }
    drop_strays(&layout, &mut diags, of_brackets);
    keyword_names::settle(&source.text, file, &layout, &mut diags);
    diags.sort_by_key(|diag| diag.span.map(|span| span.lo));
    for diag in diags {
        cx.diags.push(diag);
    }
    ast::File { file, items }
}

/// The declaration around a byte of a text as [`parse`] reads it, its place with comments and attributes, and whether it has mistakes.
/// None: there is none, or not even a part of it can be read.
pub fn parse_around(source: &SourceFile, file: FileId, at: usize) -> Option<(ast::Item, Range<usize>, bool)> {
    let mut diags = Vec::new();
    let layout = layout(&source.text, file, &mut diags);
    let number = layout.items.iter().position(|range| range.contains(&at))?;
    let item = item(source, file, &layout, number, &mut diags)?;
    let range = layout.items[number].clone();
    let is_mistake = |diag: &Diagnostic| {
        let is_here = diag.span.is_some_and(|span| range.contains(&(span.lo as usize)));
        diag.severity == Severity::Error && is_here
    };
    let has_mistakes = diags.iter().any(is_mistake);
    Some((item, range, has_mistakes))
}

/// Behind a declaration that cannot be read, a bracket that closes nothing most often ends that: the one that it closes is
/// what is missing. The first so many diagnostics are those of the layout.
fn drop_strays(layout: &Layout, diags: &mut Vec<Diagnostic>, of_brackets: usize) {
    let place = |diag: &Diagnostic| diag.span.map_or(0, |span| span.lo as usize);
    let errors = diags[of_brackets..].iter().filter(|diag| diag.severity == Severity::Error);
    let mut unreadable: Vec<usize> = errors.map(place).collect();
    unreadable.sort_unstable();
    let declarations: Vec<usize> = layout.sure_declarations().collect();
    diags.retain(|diag| {
        let at = place(diag);
        let before = declarations.partition_point(|start| *start < at).checked_sub(1);
        let start = before.map_or(0, |before| declarations[before]);
        let error = unreadable.get(unreadable.partition_point(|error| *error < start));
        diag.code != StrayBracket::INFO.code || error.is_none_or(|error| *error > at)
    });
}

fn item(
    source: &SourceFile,
    file: FileId,
    layout: &Layout,
    number: usize,
    diags: &mut Vec<Diagnostic>,
) -> Option<ast::Item> {
    let range = layout.items[number].clone();
    let text = &layout.text[range.clone()];
    let mut builder = Builder::new(&source.text, file, layout, range.start, diags);
    if let Ok(pairs) = KsParser::parse(Rule::item, text) {
        return builder.read(pairs);
    }
    let read = recover::readable_part(&mut builder, text)?;
    let mut builder = Builder { laid_out: &read, ..Builder::new(&source.text, file, layout, range.start, diags) };
    let item = builder.read(KsParser::parse(Rule::item, &read).ok()?);
    item.filter(|item| recover::keeps(&item.kind))
}
