//! Semantic tokens: what names are, which a grammar for colours cannot know, and the tokens of the lexer, for editors that have no grammar.

use super::analysis::{Analysis, Declaration};
use super::dispatch::Answer;
use super::lexical;
use super::server::Server;
use super::text;
use crate::ast::{Item, ItemKind};
use crate::source::Span;
use crate::tables;
use crate::types::{Ty, TyKind};
use crate::uses::Meaning;
use lsp_types::{Position, Range, SemanticToken, SemanticTokens, SemanticTokensParams, SemanticTokensRangeParams};

/// The legend: indexes of tokens' types.
pub const TYPES: &[&str] = &[
    "variable",
    "parameter",
    "property",
    "function",
    "method",
    "struct",
    "enum",
    "enumMember",
    "type",
    "namespace",
    "event",
    "decorator",
    "comment",
    "string",
    "number",
    "keyword",
];

/// The legend: bits of tokens' modifiers.
pub const MODIFIERS: &[&str] = &["declaration", "readonly", "defaultLibrary"];

const DECLARATION: u32 = 1;
const READONLY: u32 = 2;
const LIBRARY: u32 = 4;

/// Answers `textDocument/semanticTokens/full`.
pub fn full(server: &mut Server, params: SemanticTokensParams) -> Answer<Option<SemanticTokens>> {
    tokens(server, params.text_document.uri.as_str(), None)
}

/// Answers `textDocument/semanticTokens/range`.
pub fn range(server: &mut Server, params: SemanticTokensRangeParams) -> Answer<Option<SemanticTokens>> {
    tokens(server, params.text_document.uri.as_str(), Some(params.range))
}

fn tokens(server: &mut Server, uri: &str, within: Option<Range>) -> Answer<Option<SemanticTokens>> {
    let path = server.document(uri)?.path.clone();
    let Some(analysis) = server.analysis(uri) else { return Ok(None) };
    let Some(id) = analysis.file_of(&path) else { return Ok(None) };
    let file = analysis.file(id);
    let mut found: Vec<(Span, &str, u32)> = Vec::new();
    // Of these words, and of what is no word, the lexer has the tokens.
    let is_name = |span: &Span| {
        let text = &file.text[span.lo as usize..span.hi as usize];
        text.starts_with(|first: char| first.is_alphabetic() || first == '_')
            && !matches!(text, "true" | "false" | "null")
    };
    for (span, meaning) in analysis.names_in(id).iter().filter(|(span, _)| is_name(span)) {
        if let Some((kind, modifiers)) = token(&analysis, *span, meaning) {
            found.push((*span, kind, modifiers));
        }
    }
    let attributes = analysis.items(id).iter().flat_map(|item| &item.attributes);
    found.extend(attributes.map(|attribute| (attribute.name.span, "decorator", 0)));
    found.sort_by_key(|(span, ..)| *span);
    let names: Vec<Span> = found.iter().map(|(span, ..)| *span).collect();
    for (range, kind) in lexical::tokens(&file.text) {
        let span = Span::new(id, range.start, range.end);
        let behind = names.partition_point(|name| name.lo < span.hi);
        if behind == 0 || names[behind - 1].hi <= span.lo {
            found.push((span, kind, 0));
        }
    }
    found.sort_by_key(|(span, ..)| *span);
    let mut data = Vec::new();
    let mut before = Position { line: 0, character: 0 };
    for (span, kind, modifiers) in found {
        let range = text::range(file, span, server.encoding);
        if within.is_some_and(|within| range.end < within.start || range.start > within.end) {
            continue;
        }
        let start = range.start;
        let delta_line = start.line - before.line;
        data.push(SemanticToken {
            delta_line,
            delta_start: if delta_line == 0 { start.character - before.character } else { start.character },
            length: range.end.character - start.character,
            token_type: TYPES.iter().position(|known| *known == kind).unwrap_or_default() as u32,
            token_modifiers_bitset: modifiers,
        });
        before = start;
    }
    Ok(Some(SemanticTokens { result_id: None, data }))
}

fn token(analysis: &Analysis, span: Span, meaning: &Meaning) -> Option<(&'static str, u32)> {
    let declares = if analysis.declared_at(meaning) == Some(span) { DECLARATION } else { 0 };
    Some(match meaning {
        Meaning::Local { declared, .. } => {
            (if is_parameter(analysis, *declared) { "parameter" } else { "variable" }, declares)
        }
        Meaning::Declared(at) => {
            let Some(Declaration::Item(item) | Declaration::Function(item, _)) = analysis.declaration(*at) else {
                return None;
            };
            let (kind, modifiers) = of_item(item);
            (kind, modifiers | declares)
        }
        Meaning::Field { .. } => ("property", declares),
        Meaning::Variant { .. } => ("enumMember", READONLY | declares),
        Meaning::Type(ty) => (of_type(analysis, *ty), LIBRARY),
        Meaning::Constant(_) => ("variable", READONLY | LIBRARY),
        Meaning::Builtin(_) | Meaning::Helper(_) => ("function", LIBRARY),
        Meaning::MapMethod(..) | Meaning::Method(_) => ("method", LIBRARY),
    })
}

fn is_parameter(analysis: &Analysis, declared: Span) -> bool {
    let functions = analysis.items(declared.file).iter().flat_map(super::analysis::functions);
    functions.into_iter().any(|(_, decl)| decl.params.iter().any(|param| param.name.span == declared))
}

fn of_item(item: &Item) -> (&'static str, u32) {
    match &item.kind {
        ItemKind::Fn(_) if item.attributes.iter().any(|of| tables::program_type(&of.name.name).is_some()) => {
            ("event", 0)
        }
        ItemKind::Fn(_) | ItemKind::Extern(_) => ("function", 0),
        ItemKind::Struct(_) => ("struct", 0),
        ItemKind::Enum(_) => ("enum", 0),
        ItemKind::Alias { .. } => ("type", 0),
        ItemKind::Const(_) => ("variable", READONLY),
        ItemKind::Var(_) | ItemKind::Config(_) => ("variable", 0),
        ItemKind::Impl(_) => ("struct", 0),
        ItemKind::Import { .. } => ("namespace", 0),
        ItemKind::Include { .. } | ItemKind::License { .. } | ItemKind::MinKernel { .. } | ItemKind::Unread(_) => {
            ("variable", 0)
        }
    }
}

fn of_type(analysis: &Analysis, ty: Ty) -> &'static str {
    if let TyKind::Struct(_) = analysis.cx.types.kind(ty) {
        return "struct";
    }
    if let TyKind::Enum(_) = analysis.cx.types.kind(ty) { "enum" } else { "type" }
}
