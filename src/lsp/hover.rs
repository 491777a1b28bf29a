//! What is under the pointer.

use super::analysis::Analysis;
use super::dispatch::Answer;
use super::server::Server;
use super::{shown, text};
use crate::ast::TypeKind;
use crate::ast::walk::Node;
use crate::source::{FileId, Span};
use crate::tables;
use crate::tool::list::declared;
use crate::types::Ty;
use lsp_types::{Hover, HoverContents, HoverParams, MarkupContent, MarkupKind};

/// Answers `textDocument/hover`.
pub fn hover(server: &mut Server, params: HoverParams) -> Answer<Option<Hover>> {
    let at = params.text_document_position_params;
    let uri = at.text_document.uri.as_str();
    let document = server.document(uri)?;
    let (path, offset) = (document.path.clone(), text::offset(&document.text, at.position, server.encoding) as u32);
    let Some(analysis) = server.analysis(uri) else { return Ok(None) };
    let Some(file) = analysis.file_of(&path) else { return Ok(None) };
    let found = name(&analysis, file, offset)
        .or_else(|| attribute(&analysis, file, offset))
        .or_else(|| kind_of_map(&analysis, file, offset))
        .or_else(|| expression(&analysis, file, offset));
    Ok(found.map(|(span, mut value)| {
        let choices = lowered(&analysis, span);
        if !choices.is_empty() {
            value.push_str(&format!("\n\n---\n\n{choices}"));
        }
        Hover {
            contents: HoverContents::Markup(MarkupContent { kind: MarkupKind::Markdown, value }),
            range: Some(text::range(analysis.file(file), span, server.encoding)),
        }
    }))
}

fn name(analysis: &Analysis, file: FileId, at: u32) -> Option<(Span, String)> {
    let (span, meaning) = analysis.name_at(file, at)?;
    let shown = shown::meaning(analysis, analysis.cx.sources.text(*span), meaning)?;
    Some((*span, shown.markdown()))
}

/// An attribute: the forms that it has.
fn attribute(analysis: &Analysis, file: FileId, at: u32) -> Option<(Span, String)> {
    let attributes = analysis.items(file).iter().flat_map(|item| &item.attributes);
    let attribute = attributes.into_iter().find(|of| of.name.span.lo <= at && at <= of.name.span.hi)?;
    let lines = declared::attribute(&attribute.name.name);
    let code = if lines.is_empty() { format!("@{}", attribute.name.name) } else { lines.join("\n") };
    Some((attribute.name.span, format!("```kernelscript\n{code}\n```")))
}

/// A kind of maps: its form, and since which kernel there is one.
fn kind_of_map(analysis: &Analysis, file: FileId, at: u32) -> Option<(Span, String)> {
    let nodes = analysis.nodes_at(file, at);
    let Some(Node::Type(ty)) = nodes.last() else { return None };
    let TypeKind::Applied { name, .. } = &ty.kind else { return None };
    let spec = tables::map_kind(&name.name).filter(|_| name.span.lo <= at && at <= name.span.hi)?;
    Some((name.span, shown::kind_of_map(spec).markdown()))
}

/// The type of the innermost expression.
fn expression(analysis: &Analysis, file: FileId, at: u32) -> Option<(Span, String)> {
    let nodes = analysis.nodes_at(file, at);
    let Some(Node::Expr(expr)) = nodes.last() else { return None };
    let ty = analysis.cx.uses.type_at(expr.span).filter(|ty| *ty != Ty::ERROR && *ty != Ty::VOID)?;
    Some((expr.span, format!("```kernelscript\n{}\n```", analysis.cx.types.name(ty))))
}

/// What the operations that begin there became in BPF code.
fn lowered(analysis: &Analysis, at: Span) -> String {
    let here = analysis.cx.lowered.iter().filter(|choice| choice.span.file == at.file && choice.span.lo == at.lo);
    let mut lines: Vec<String> =
        here.map(|choice| format!("{} became {}: {}", choice.construct, choice.became, choice.why)).collect();
    lines.sort();
    lines.dedup();
    lines.join("\n\n")
}
