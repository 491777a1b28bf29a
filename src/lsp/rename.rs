//! Another name for what the program declares.

use super::dispatch::Answer;
use super::navigation::{Symbol, places, pointed, symbol};
use super::server::{Server, refusal};
use super::{analysis::Analysis, diagnostics, documents, edits, text};
use crate::diag::{Diagnostic, Severity};
use crate::source::Span;
use lsp_server::{ErrorCode, ResponseError};
use lsp_types::{PrepareRenameResponse, RenameParams, TextDocumentPositionParams, WorkspaceEdit};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// Answers `textDocument/prepareRename`; none for a name of the language or the kernel.
pub fn prepare(server: &mut Server, params: TextDocumentPositionParams) -> Answer<Option<PrepareRenameResponse>> {
    let Some(pointed) = pointed(server, &params)? else { return Ok(None) };
    let Some((span, meaning)) = &pointed.name else { return Ok(None) };
    let Some(Symbol::Declared(..)) = symbol(&pointed.analysis, meaning) else { return Ok(None) };
    let range = text::range(pointed.analysis.file(pointed.file), *span, server.encoding);
    let placeholder = pointed.analysis.cx.sources.text(*span).to_owned();
    Ok(Some(PrepareRenameResponse::RangeWithPlaceholder { range, placeholder }))
}

/// Answers `textDocument/rename`. A name that would collide, or be captured, is an error with the reason.
pub fn rename(server: &mut Server, params: RenameParams) -> Answer<Option<WorkspaceEdit>> {
    let new = params.new_name.as_str();
    if new.is_empty() || !new.chars().all(|character| character.is_alphanumeric() || character == '_') {
        return Err(refused(format!("`{new}` is no name")));
    }
    let Some(pointed) = pointed(server, &params.text_document_position)? else { return Ok(None) };
    let Some((span, meaning)) = &pointed.name else {
        return Err(refused("there is no name here"));
    };
    let Some(wanted @ Symbol::Declared(..)) = symbol(&pointed.analysis, meaning) else {
        return Err(refused("the program does not declare this name"));
    };
    let old = pointed.analysis.cx.sources.text(*span).to_owned();
    if old == new {
        return Ok(None);
    }
    let places = places(server, &wanted, &old);
    if places.is_empty() {
        return Err(refused("no place has this name"));
    }
    check(server, &places, new)?;
    let located = places.iter().filter_map(|(analysis, span)| diagnostics::location(server, analysis, *span));
    Ok(Some(edits::of_places(located.map(|place| (place, new.to_owned())))))
}

/// Checks the programs with the new name: each name must mean what it means now, and nothing may become wrong.
fn check(server: &mut Server, places: &[(Rc<Analysis>, Span)], new: &str) -> Result<(), ResponseError> {
    let mut texts: BTreeMap<PathBuf, (Rc<Analysis>, Vec<Span>)> = BTreeMap::new();
    for (analysis, span) in places {
        texts.entry(analysis.path(*span)).or_insert_with(|| (analysis.clone(), Vec::new())).1.push(*span);
    }
    let mut edited = documents::Documents::default();
    for document in server.documents.all() {
        edited.open(document.uri.clone(), document.text.clone(), document.version);
    }
    let longer = places.first().map_or(0, |(_, span)| new.len() as i64 - i64::from(span.hi - span.lo));
    let mut moved = Moved { starts: BTreeMap::new(), longer };
    for (path, (analysis, spans)) in &texts {
        let mut text = analysis.file(spans[0].file).text.clone();
        let mut spans: Vec<&Span> = spans.iter().collect();
        spans.sort();
        moved.starts.insert(path.clone(), spans.iter().map(|span| span.lo).collect());
        for span in spans.into_iter().rev() {
            text.replace_range(span.lo as usize..span.hi as usize, new);
        }
        edited.open(documents::uri(path), text, 0);
    }
    let mut roots: Vec<&Rc<Analysis>> = Vec::new();
    for (analysis, _) in places {
        if !roots.iter().any(|known| Rc::ptr_eq(known, analysis)) {
            roots.push(analysis);
        }
    }
    for before in roots {
        let Some(root) = edited.of_file(&before.file(before.root).path) else { continue };
        let after = Analysis::of(root, &edited, &server.options);
        compare(before, &after, &moved, new)?;
    }
    Ok(())
}

/// How texts moved: in each file the starts of the names that were replaced, in order, and by how many bytes each is longer now.
struct Moved {
    starts: BTreeMap<PathBuf, Vec<u32>>,
    longer: i64,
}

impl Moved {
    fn to(&self, path: &Path, at: u32) -> u32 {
        let before = self.starts.get(path).map_or(0, |starts| starts.partition_point(|start| *start < at));
        (i64::from(at) + self.longer * before as i64).max(0) as u32
    }

    fn symbol(&self, symbol: Symbol) -> Symbol {
        match symbol {
            Symbol::Declared(path, lo, _) => {
                let lo = self.to(&path, lo);
                Symbol::Declared(path, lo, lo)
            }
            Symbol::Known(name) => Symbol::Known(name),
        }
    }
}

/// Every name must mean in the new text what it means in the old one, and the program may have no more errors.
fn compare(before: &Analysis, after: &Analysis, moved: &Moved, new: &str) -> Result<(), ResponseError> {
    let is_error = |found: &&Diagnostic| found.severity == Severity::Error;
    let errors = |of: &Analysis| of.diagnostics.iter().filter(is_error).count();
    if errors(after) > errors(before) {
        let known: Vec<&str> = before.diagnostics.iter().map(|found| found.message.as_str()).collect();
        let added = after.diagnostics.iter().filter(is_error).find(|found| !known.contains(&found.message.as_str()));
        let why = added.map_or(String::new(), |found| format!(": {}", found.message));
        return Err(refused(format!("with `{new}` the program is wrong{why}")));
    }
    for (span, meaning) in before.names() {
        let path = before.path(*span);
        let Some(file) = after.file_of(&path) else { continue };
        let Some(was) = symbol(before, meaning).map(|symbol| moved.symbol(symbol)) else { continue };
        let now = after.name_at(file, moved.to(&path, span.lo)).and_then(|(_, meaning)| symbol(after, meaning));
        let now = now.map(|symbol| match symbol {
            Symbol::Declared(path, lo, _) => Symbol::Declared(path, lo, lo),
            Symbol::Known(name) => Symbol::Known(name),
        });
        if now != Some(was) {
            let line = before.file(span.file).line_of(span.lo);
            let name = before.cx.sources.text(*span);
            return Err(refused(format!("with `{new}`, `{name}` in line {line} would mean something else")));
        }
    }
    Ok(())
}

fn refused(why: impl Into<String>) -> ResponseError {
    refusal(ErrorCode::RequestFailed, why)
}
