//! What the text leaves out: the types of variables, the parameters that arguments are for.

use super::analysis::{Analysis, Declaration};
use super::dispatch::Answer;
use super::server::Server;
use super::text;
use crate::ast::walk::Node;
use crate::ast::{self, ExprKind, ItemKind, StmtKind};
use crate::source::Span;
use crate::types::Ty;
use crate::uses::Meaning;
use lsp_types::{InlayHint, InlayHintKind, InlayHintLabel, InlayHintParams};

/// Answers `textDocument/inlayHint`.
pub fn hints(server: &mut Server, params: InlayHintParams) -> Answer<Option<Vec<InlayHint>>> {
    let uri = params.text_document.uri.as_str();
    let path = server.document(uri)?.path.clone();
    let Some(analysis) = server.analysis(uri) else { return Ok(None) };
    let Some(file) = analysis.file_of(&path) else { return Ok(None) };
    let mut found: Vec<(u32, String, InlayHintKind)> = Vec::new();
    for item in analysis.items(file) {
        Node::Item(item).each(&mut |node| match node {
            Node::Stmt(stmt) => found.extend(of_variable(&analysis, stmt)),
            Node::Expr(expr) => of_arguments(&analysis, expr, &mut found),
            Node::Block(_) | Node::Item(_) | Node::Type(_) => {}
        });
    }
    let shown = found.into_iter().map(|(at, label, kind)| {
        let position = text::position(analysis.file(file), at, server.encoding);
        let is_type = kind == InlayHintKind::TYPE;
        InlayHint {
            position,
            label: InlayHintLabel::String(label),
            kind: Some(kind),
            text_edits: None,
            tooltip: None,
            padding_left: None,
            padding_right: (!is_type).then_some(true),
            data: None,
        }
    });
    let range = params.range;
    Ok(Some(shown.filter(|hint| range.start <= hint.position && hint.position <= range.end).collect()))
}

/// The type of a `var` without one.
fn of_variable(analysis: &Analysis, stmt: &ast::Stmt) -> Option<(u32, String, InlayHintKind)> {
    if let StmtKind::For(stmt) = &stmt.kind
        && let [first, ..] = stmt.names.as_slice()
    {
        return type_at(analysis, first.span);
    }
    let StmtKind::Var { name, ty: None, .. } = &stmt.kind else { return None };
    type_at(analysis, name.span)
}

fn type_at(analysis: &Analysis, name: Span) -> Option<(u32, String, InlayHintKind)> {
    let Some(Meaning::Local { ty, .. }) = analysis.cx.uses.at(name) else { return None };
    if ty == Ty::ERROR || ty == Ty::NULL {
        return None;
    }
    Some((name.hi, format!(": {}", analysis.cx.types.name(ty)), InlayHintKind::TYPE))
}

/// The names of parameters before literals, which say least of what they are for.
fn of_arguments(analysis: &Analysis, expr: &ast::Expr, found: &mut Vec<(u32, String, InlayHintKind)>) {
    let ExprKind::Call { callee, args } = &expr.kind else { return };
    let Some(names) = parameters(analysis, callee) else { return };
    for (arg, name) in args.iter().zip(names) {
        let is_literal = matches!(
            arg.value.kind,
            ExprKind::Int(_) | ExprKind::Float(_) | ExprKind::Bool(_) | ExprKind::Null | ExprKind::Str(_)
        );
        if arg.name.is_none() && is_literal && name.len() > 1 {
            found.push((arg.value.span.lo, format!("{name}:"), InlayHintKind::PARAMETER));
        }
    }
}

/// The names of the parameters of what a call names; none if that is not known.
pub fn parameters(analysis: &Analysis, callee: &ast::Expr) -> Option<Vec<String>> {
    let meaning = analysis.cx.uses.at(called(callee)?.span)?;
    Some(match &meaning {
        Meaning::Declared(at) => match analysis.declaration(*at)? {
            Declaration::Function(_, decl) => decl.params.iter().map(|param| param.name.name.clone()).collect(),
            Declaration::Item(item) => {
                let ItemKind::Extern(decl) = &item.kind else { return None };
                let names = decl.params.iter().map(|param| param.name.as_ref().map_or("_", |name| &name.name));
                names.map(str::to_owned).collect()
            }
            Declaration::Field(..) | Declaration::Variant(..) => return None,
        },
        Meaning::Builtin(spec) => spec.params.iter().map(|(name, _)| (*name).to_owned()).collect(),
        Meaning::Helper(spec) => spec.args.iter().map(|arg| arg.name.to_owned()).collect(),
        Meaning::MapMethod(_, spec) => {
            spec.params.iter().chain(&spec.tail).map(|(name, _)| (*name).to_owned()).collect()
        }
        Meaning::Local { .. }
        | Meaning::Type(_)
        | Meaning::Constant(_)
        | Meaning::Field { .. }
        | Meaning::Variant { .. }
        | Meaning::Method(_) => return None,
    })
}

/// The name that a call is by, without what is before it; none of a call of another value.
pub fn called(callee: &ast::Expr) -> Option<&ast::Ident> {
    if let ExprKind::Name(path) = &callee.kind {
        return path.segments.last();
    }
    if let ExprKind::Field { name, .. } = &callee.kind { Some(name) } else { None }
}
