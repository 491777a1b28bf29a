//! Diagnostics as `ksc check` reports them, sent after edits and on request.
//!
//! A module or header is checked by itself while no open program takes it in; else its diagnostics are those that the checks of such programs
//! report in it, each once. Diagnostics of files that are not open come with those of the programs that name them.

use super::analysis::Analysis;
use super::dispatch::Answer;
use super::documents;
use super::server::Server;
use super::text;
use crate::diag::{self, Severity};
use crate::source::{FileId, Span};
use lsp_types::{
    CodeDescription, Diagnostic, DiagnosticRelatedInformation, DiagnosticSeverity, DiagnosticTag,
    DocumentDiagnosticParams, Location, NumberOrString, Position, PublishDiagnosticsParams, Range, Uri,
};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// `ksc check` shows so many errors, and as many others.
const MAX_SHOWN: usize = 100;

/// Warnings of what could as well be left out.
const UNNECESSARY: &[&str] = &["W0120", "W0150", "W0152", "W0244", "W0703", "W0721"];

/// The diagnostics to send: of each file that has some, or had.
pub fn all(server: &mut Server) -> Vec<(String, PublishDiagnosticsParams)> {
    let analyses = server.analyses();
    let mut files: BTreeSet<PathBuf> = server.documents.all().map(|document| document.path.clone()).collect();
    for analysis in &analyses {
        files.extend(analysis.diagnostics.iter().filter_map(|found| found.span).map(|span| analysis.path(span)));
    }
    files.extend(server.reported().map(|uri| documents::path(uri)));
    let mut sent = Vec::new();
    for path in files {
        let document = server.documents.of_file(&path);
        let address = document.map_or_else(|| documents::uri(&path), |document| document.uri.clone());
        let version = document.map(|document| document.version);
        let diagnostics = of_file(server, &analyses, &path);
        if let Ok(uri) = address.parse::<Uri>() {
            sent.push((address, PublishDiagnosticsParams { uri, diagnostics, version }));
        }
    }
    sent
}

/// Answers `textDocument/diagnostic`.
pub fn pulled(server: &mut Server, params: DocumentDiagnosticParams) -> Answer<Value> {
    let path = server.document(params.text_document.uri.as_str())?.path.clone();
    let analyses = server.analyses();
    Ok(json!({ "kind": "full", "items": of_file(server, &analyses, &path) }))
}

fn of_file(server: &Server, analyses: &[Rc<Analysis>], path: &Path) -> Vec<Diagnostic> {
    let (own, importers): (Vec<_>, Vec<_>) = analyses
        .iter()
        .filter(|analysis| analysis.file_of(path).is_some())
        .partition(|analysis| analysis.file(analysis.root).path == *path);
    let of = if importers.is_empty() { own } else { importers };
    let mut found: BTreeMap<String, (Option<Span>, Diagnostic)> = BTreeMap::new();
    for analysis in of {
        let Some(file) = analysis.file_of(path) else { continue };
        for diagnostic in &analysis.diagnostics {
            let here = diagnostic.span.map_or(file == analysis.root, |span| span.file == file);
            if here {
                let converted = convert(server, analysis, file, diagnostic);
                let key = serde_json::to_string(&converted).unwrap_or_default();
                found.entry(key).or_insert((diagnostic.span, converted));
            }
        }
    }
    let mut found: Vec<_> = found.into_values().collect();
    found.sort_by_key(|(span, _)| span.map(|span| (span.lo, span.hi)));
    let (mut errors, mut others) = (0, 0);
    found.retain(|(_, diagnostic)| {
        let is_error = diagnostic.severity == Some(DiagnosticSeverity::ERROR);
        let count = if is_error { &mut errors } else { &mut others };
        *count += 1;
        *count <= MAX_SHOWN
    });
    found.into_iter().map(|(_, diagnostic)| diagnostic).collect()
}

fn convert(server: &Server, analysis: &Analysis, file: FileId, from: &diag::Diagnostic) -> Diagnostic {
    let start = Position { line: 0, character: 0 };
    let range = |span: Span| text::range(analysis.file(span.file), span, server.encoding);
    let location = |span: Span| location(server, analysis, span);
    let related = from.labels.iter().filter_map(|label| {
        Some(DiagnosticRelatedInformation { location: location(label.span)?, message: label.text.clone() })
    });
    let related: Vec<_> = related.collect();
    let is_unnecessary = UNNECESSARY.contains(&from.code);
    let href = format!("ksc:explain/{}", from.code).parse::<Uri>();
    Diagnostic {
        range: from.span.filter(|span| span.file == file).map_or(Range { start, end: start }, range),
        severity: Some(match from.severity {
            Severity::Error => DiagnosticSeverity::ERROR,
            Severity::Warning => DiagnosticSeverity::WARNING,
            Severity::Note => DiagnosticSeverity::INFORMATION,
        }),
        code: Some(NumberOrString::String(from.code.to_owned())),
        code_description: href.ok().map(|href| CodeDescription { href }),
        source: Some("ksc".to_owned()),
        message: message(from),
        related_information: (!related.is_empty()).then_some(related),
        tags: is_unnecessary.then(|| vec![DiagnosticTag::UNNECESSARY]),
        data: None,
    }
}

/// The message with everything that `ksc check` prints below it.
fn message(from: &diag::Diagnostic) -> String {
    let label = from.label.iter().map(|label| format!("\n{label}"));
    let notes = from.notes.iter().map(|note| format!("\nnote: {note}"));
    let helps = from.helps.iter().map(|help| format!("\nhelp: {help}"));
    let below: String = label.chain(notes).chain(helps).collect();
    format!("{}{below}", from.message)
}

/// A place of a program for the client; none for a file whose name no address has.
pub fn location(server: &Server, analysis: &Analysis, span: Span) -> Option<Location> {
    let file = analysis.file(span.file);
    let document = server.documents.of_file(&file.path);
    let address = document.map_or_else(|| documents::uri(&file.path), |document| document.uri.clone());
    Some(Location { uri: address.parse().ok()?, range: text::range(file, span, server.encoding) })
}
