//! Parts of a text: those that fold, and those that a growing selection takes in.

use super::dispatch::Answer;
use super::server::Server;
use super::text;
use crate::ast::walk::Node;
use crate::ast::{Item, ItemKind};
use crate::session::{Options, Session};
use crate::source::{FileId, SourceFile, Span};
use crate::syntax;
use lsp_types::{FoldingRange, FoldingRangeKind, FoldingRangeParams, SelectionRange, SelectionRangeParams};

/// Answers `textDocument/foldingRange`.
pub fn folding(server: &mut Server, params: FoldingRangeParams) -> Answer<Vec<FoldingRange>> {
    let document = server.document(params.text_document.uri.as_str())?;
    let (cx, items) = parsed(&document.path, &document.text);
    let file = cx.sources.file(FileId(0));
    let mut spans = Vec::new();
    for item in &items {
        if let ItemKind::Struct(_) | ItemKind::Enum(_) | ItemKind::Config(_) | ItemKind::Impl(_) = item.kind {
            spans.push(item.span);
        }
        Node::Item(item).each(&mut |node| match node {
            Node::Block(block) if block.braced => spans.push(block.span),
            Node::Expr(expr) if matches!(expr.kind, crate::ast::ExprKind::Match(_)) => spans.push(expr.span),
            Node::Block(_) | Node::Expr(_) | Node::Item(_) | Node::Stmt(_) | Node::Type(_) => {}
        });
    }
    let lines = |span: Span| (file.line_of(span.lo) - 1, file.line_of(span.hi.saturating_sub(1)) - 1);
    let mut found: Vec<FoldingRange> = Vec::new();
    for (start, end) in spans.into_iter().map(lines) {
        // The line of the closing brace stays.
        found.push(range(start, end.saturating_sub(1).max(start), None));
    }
    let is_import = |item: &&Item| matches!(item.kind, ItemKind::Import { .. } | ItemKind::Include { .. });
    let imports: Vec<&Item> = items.iter().take_while(is_import).collect();
    if let (Some(first), Some(last)) = (imports.first(), imports.last()) {
        found.push(range(lines(first.span).0, lines(last.span).1, Some(FoldingRangeKind::Imports)));
    }
    found.extend(comments(file));
    found.retain(|range| range.end_line > range.start_line);
    found.sort_by_key(|range| (range.start_line, range.end_line));
    found.dedup_by_key(|range| range.start_line);
    Ok(found)
}

/// Lines of comments that follow one another.
fn comments(file: &SourceFile) -> Vec<FoldingRange> {
    let mut found = Vec::new();
    let mut begun: Option<u32> = None;
    for (number, line) in file.text.lines().enumerate() {
        let number = number as u32;
        if line.trim_start().starts_with("//") {
            begun.get_or_insert(number);
        } else if let Some(start) = begun.take() {
            found.push(range(start, number - 1, Some(FoldingRangeKind::Comment)));
        }
    }
    found.extend(begun.map(|start| range(start, file.line_count() as u32 - 1, Some(FoldingRangeKind::Comment))));
    found
}

fn range(start_line: u32, end_line: u32, kind: Option<FoldingRangeKind>) -> FoldingRange {
    FoldingRange { start_line, start_character: None, end_line, end_character: None, kind, collapsed_text: None }
}

fn parsed(path: &std::path::Path, text: &str) -> (Session, Vec<Item>) {
    let mut cx = Session::new(Options::default());
    let file = cx.sources.add("", path, text.to_owned());
    let tree = syntax::parse(&mut cx, file);
    (cx, tree.items)
}

/// Answers `textDocument/selectionRange`: the word, then the nodes around it.
pub fn selection(server: &mut Server, params: SelectionRangeParams) -> Answer<Vec<SelectionRange>> {
    let document = server.document(params.text_document.uri.as_str())?;
    let (cx, items) = parsed(&document.path, &document.text);
    let file = cx.sources.file(FileId(0));
    let mut found = Vec::new();
    for position in params.positions {
        let at = text::offset(&document.text, position, server.encoding);
        let mut spans = vec![Span::new(FileId(0), 0, document.text.len())];
        let mut level: Vec<Node> = items.iter().map(Node::Item).collect();
        let at_byte = at as u32;
        while let Some(&node) = level.iter().rev().find(|node| node.span().lo <= at_byte && at_byte <= node.span().hi) {
            spans.push(node.span());
            level = node.parts();
        }
        let word = text::word(&document.text, at);
        spans.push(Span::new(FileId(0), word.start, word.end));
        spans.dedup();
        let mut selected: Option<SelectionRange> = None;
        for span in spans {
            let parent = selected.map(Box::new);
            selected = Some(SelectionRange { range: text::range(file, span, server.encoding), parent });
        }
        found.extend(selected);
    }
    Ok(found)
}
