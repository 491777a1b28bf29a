//! The other places of the name under the cursor in the same text.

use super::dispatch::Answer;
use super::navigation::{pointed, symbol};
use super::server::Server;
use super::text;
use crate::ast::StmtKind;
use crate::ast::walk::Node;
use crate::source::Span;
use lsp_types::{DocumentHighlight, DocumentHighlightKind, DocumentHighlightParams};

/// Answers `textDocument/documentHighlight`.
pub fn highlights(server: &mut Server, params: DocumentHighlightParams) -> Answer<Option<Vec<DocumentHighlight>>> {
    let Some(pointed) = pointed(server, &params.text_document_position_params)? else { return Ok(None) };
    let Some((_, meaning)) = &pointed.name else { return Ok(None) };
    let analysis = &pointed.analysis;
    let Some(wanted) = symbol(analysis, meaning) else { return Ok(None) };
    let written = written_places(analysis.items(pointed.file).iter().map(Node::Item));
    let same = analysis.names_in(pointed.file).iter().filter(|(_, of)| symbol(analysis, of).as_ref() == Some(&wanted));
    let found = same.map(|(span, _)| DocumentHighlight {
        range: text::range(analysis.file(pointed.file), *span, server.encoding),
        kind: Some(match written.contains(span) {
            true => DocumentHighlightKind::WRITE,
            false => DocumentHighlightKind::READ,
        }),
    });
    Ok(Some(found.collect()))
}

/// The names that are assigned to, or declared with a value.
fn written_places<'a>(nodes: impl Iterator<Item = Node<'a>>) -> Vec<Span> {
    let mut found = Vec::new();
    for node in nodes {
        node.each(&mut |node| {
            let Node::Stmt(stmt) = node else { return };
            if let StmtKind::Assign { place, .. } = &stmt.kind {
                found.extend(last_name(place));
            } else if let StmtKind::Var { name, .. } = &stmt.kind {
                found.push(name.span);
            }
        });
    }
    found
}

fn last_name(place: &crate::ast::Expr) -> Option<Span> {
    use crate::ast::ExprKind;
    if let ExprKind::Name(path) = &place.kind {
        return path.segments.last().map(|name| name.span);
    }
    if let ExprKind::Field { name, .. } = &place.kind {
        return Some(name.span);
    }
    if let ExprKind::Index { base, .. } | ExprKind::Paren(base) = &place.kind { last_name(base) } else { None }
}
