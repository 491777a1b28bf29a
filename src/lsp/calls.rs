//! Who calls whom: calls by name, tail calls, and functions that are handed over as callbacks and event handlers.

use super::analysis::{Analysis, functions};
use super::dispatch::Answer;
use super::navigation::{Symbol, places, pointed, symbol};
use super::server::Server;
use super::{diagnostics, text};
use crate::ast::FnDecl;
use crate::source::{FileId, Span};
use lsp_types::{
    CallHierarchyIncomingCall, CallHierarchyIncomingCallsParams, CallHierarchyItem, CallHierarchyOutgoingCall,
    CallHierarchyOutgoingCallsParams, CallHierarchyPrepareParams, SymbolKind, TextDocumentIdentifier,
    TextDocumentPositionParams,
};
use std::rc::Rc;

/// Answers `textDocument/prepareCallHierarchy`.
pub fn prepare(server: &mut Server, params: CallHierarchyPrepareParams) -> Answer<Option<Vec<CallHierarchyItem>>> {
    let Some(pointed) = pointed(server, &params.text_document_position_params)? else { return Ok(None) };
    let Some((_, meaning)) = &pointed.name else { return Ok(None) };
    let analysis = &pointed.analysis;
    let found = analysis.declared_at(meaning).and_then(|at| function(analysis, at));
    Ok(found.and_then(|decl| item(server, analysis, decl)).map(|item| vec![item]))
}

/// The function whose name is at a place.
fn function(analysis: &Analysis, name: Span) -> Option<&FnDecl> {
    all(analysis, name.file).into_iter().find(|decl| decl.name.span == name)
}

fn all(analysis: &Analysis, file: FileId) -> Vec<&FnDecl> {
    analysis.items(file).iter().flat_map(functions).map(|(_, decl)| decl).collect()
}

fn item(server: &Server, analysis: &Analysis, decl: &FnDecl) -> Option<CallHierarchyItem> {
    let name = diagnostics::location(server, analysis, decl.name.span)?;
    let whole = decl.body.as_ref().map_or(decl.name.span, |body| decl.name.span.to(body.span));
    Some(CallHierarchyItem {
        name: decl.name.name.clone(),
        kind: SymbolKind::FUNCTION,
        tags: None,
        detail: None,
        range: text::range(analysis.file(whole.file), whole, server.encoding),
        uri: name.uri,
        selection_range: name.range,
        data: None,
    })
}

/// The function that an item of an earlier answer is.
fn again(server: &mut Server, item: &CallHierarchyItem) -> Answer<Option<(Rc<Analysis>, Span)>> {
    let at = TextDocumentPositionParams {
        text_document: TextDocumentIdentifier { uri: item.uri.clone() },
        position: item.selection_range.start,
    };
    let Some(pointed) = pointed(server, &at)? else { return Ok(None) };
    Ok(pointed.name.map(|(span, _)| (pointed.analysis, span)))
}

/// Answers `callHierarchy/incomingCalls`.
pub fn incoming(
    server: &mut Server,
    params: CallHierarchyIncomingCallsParams,
) -> Answer<Option<Vec<CallHierarchyIncomingCall>>> {
    let Some((analysis, name)) = again(server, &params.item)? else { return Ok(None) };
    let symbol = Symbol::Declared(analysis.path(name), name.lo, name.hi);
    let word = analysis.cx.sources.text(name).to_owned();
    let mut found: Vec<CallHierarchyIncomingCall> = Vec::new();
    for (analysis, span) in places(server, &symbol, &word) {
        let within = |decl: &&&FnDecl| decl.body.as_ref().is_some_and(|body| holds(body.span, span));
        let callers = all(&analysis, span.file);
        let Some(caller) = callers.iter().find(within) else { continue };
        let Some(from) = item(server, &analysis, caller) else { continue };
        let range = text::range(analysis.file(span.file), span, server.encoding);
        match found.iter_mut().find(|known| known.from == from) {
            Some(known) => known.from_ranges.push(range),
            None => found.push(CallHierarchyIncomingCall { from, from_ranges: vec![range] }),
        }
    }
    Ok(Some(found))
}

/// Answers `callHierarchy/outgoingCalls`.
pub fn outgoing(
    server: &mut Server,
    params: CallHierarchyOutgoingCallsParams,
) -> Answer<Option<Vec<CallHierarchyOutgoingCall>>> {
    let Some((analysis, name)) = again(server, &params.item)? else { return Ok(None) };
    let Some(body) = function(&analysis, name).and_then(|decl| decl.body.as_ref()) else { return Ok(None) };
    let mut found: Vec<CallHierarchyOutgoingCall> = Vec::new();
    for (span, meaning) in analysis.names_in(name.file) {
        if !holds(body.span, *span) || symbol(&analysis, meaning).is_none() {
            continue;
        }
        let callee = analysis.declared_at(meaning).and_then(|at| function(&analysis, at));
        let Some(to) = callee.and_then(|decl| item(server, &analysis, decl)) else { continue };
        let range = text::range(analysis.file(span.file), *span, server.encoding);
        match found.iter_mut().find(|known| known.to == to) {
            Some(known) => known.from_ranges.push(range),
            None => found.push(CallHierarchyOutgoingCall { to, from_ranges: vec![range] }),
        }
    }
    Ok(Some(found))
}

fn holds(outer: Span, inner: Span) -> bool {
    outer.file == inner.file && outer.lo <= inner.lo && inner.hi <= outer.hi
}
